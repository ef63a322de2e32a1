import ArgumentParser
import SkyBroker
import SkyCore

struct PurgeCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "purge",
        abstract: "Remove ended runs: their events, their logs, and artifacts that nothing else names.",
        discussion: """
            Without runs, removes all that ended at least as long ago as --older-than says. A run that has not ended \
            always stays. So does what a finished stage made, because the next run of the same stage uses it again; \
            --results removes that too. On a terminal it asks first; --yes does not.

            EXAMPLES
              sky purge --dry-run
              sky purge --older-than 90d
              sky purge support-tickets-7k2m --results --yes
            """)

    @Argument(
        help: "The runs, or the beginnings of their names; without any, all that are old enough.",
        completion: .custom { _, _, _ in RunNames.known() })
    var runs: [String] = []

    @Option(
        help: ArgumentHelp(
            "How long ago they ended at least: 12h, 30d. Without it SKY_RETENTION, and without that 30d.",
            valueName: "time"))
    var olderThan: String?

    @Flag(help: "Say what would be removed, and remove nothing.")
    var dryRun = false

    @Flag(help: "Forget what their stages made too: they run again the next time.")
    var results = false

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    func execute(in context: CommandContext) throws -> ExitStatus {
        let access = try RunAccess(context)
        let purge = RunPurge(folder: access.broker.folder, journal: access.broker.journal)
        let chosen = try choose(access, context)
        let (out, err) = (context.console.out, context.console.err)
        for run in chosen { try out.line(StyledText(run.text, .cyan) + "  \(purge.size(of: run)) of logs") }
        if dryRun {
            let count = Figures.count(chosen.count, "run")
            try err.line("\(count) would be removed, and the artifacts that nothing else names; nothing was")
            return .done
        }
        guard try agrees(to: chosen.count, context) else {
            try err.line("nothing was removed")
            return .interrupted
        }
        let (now, withResults) = (context.now(), results)
        let removed = try AsyncWork.run { try await purge.remove(chosen, withResults: withResults, at: now) }
        let stores = try ArtifactStores(access.broker.folder, in: context)
        let named = try access.broker.journal.namedArtifacts()
        let swept = try AsyncWork.run {
            await stores.sweep(keeping: named, unusedSince: now + TimeSpan(milliseconds: -RunPurge.youth.milliseconds))
        }
        for obstacle in swept.obstacles { try err.line(StyledText(obstacle)) }
        var words = "removed \(Figures.count(removed.runs.count, "run")), \(removed.logs) of logs and "
        words += "\(removed.artifacts + swept.freed) of artifacts"
        if swept.gone > 0 { words += ", and \(Figures.count(swept.gone, "bucket")) that sky had made" }
        try err.line(StyledText(words))
        return .done
    }

    private func choose(_ access: RunAccess, _ context: CommandContext) throws -> [RunID] {
        guard runs.isEmpty else {
            let chosen = try runs.map(access.find)
            let unfinished = try chosen.filter(access.broker.journal.isUnfinished)
            guard unfinished.isEmpty else {
                throw CommandFailure(
                    .wrongRequest, "\(Figures.list(unfinished.map(\.text))) has not ended: nothing was removed",
                    hints: unfinished.map { "sky down \($0)" })
            }
            return chosen
        }
        let age = try Self.age(olderThan, environment: context.environment)
        return try access.broker.journal.runsEnded(by: context.now() + TimeSpan(milliseconds: -age.milliseconds))
    }

    private static func age(_ text: String?, environment: [String: String]) throws -> TimeSpan {
        let (place, text) =
            text.map { ("--older-than", $0) } ?? ("SKY_RETENTION", environment["SKY_RETENTION"] ?? "30d")
        guard let age = TimeSpan(text), age >= .zero else {
            throw CommandFailure(.wrongRequest, "\(place) \(text): '\(text)' is no time", hints: ["\(place)=30d"])
        }
        return age
    }

    private func agrees(to count: Int, _ context: CommandContext) throws -> Bool {
        let console = context.console
        guard !yes, count > 0, console.isAnswered else { return true }
        return try console.agrees(to: "Remove \(Figures.count(count, "run"))?")
    }
}
