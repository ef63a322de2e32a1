import ArgumentParser
import SkyBroker
import SkyCore
import SkyProviders

struct GarbageCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "gc",
        abstract: "Find what is rented and belongs to no live run, and give it back.",
        discussion: """
            Asks every provider that can be used from here for all that carries our tag. What belongs to a run that this \
            journal drives is never touched, nor what 'sky state rebuild' has found. Groups of runs that the journal does \
            not know may be another machine's, if that rents with the same account.

            On a terminal it asks first; --yes does not; without either it only lists. Ends with 0 if nothing is left, \
            1 if something is, 3 if a provider would not say or would not take it back.

            EXAMPLES
              sky gc
              sky gc --yes
              sky gc --output json | jq -r '.groups[].token'
            """)

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    @OptionGroup var options: OutputOptions

    func execute(in context: CommandContext) throws -> ExitStatus {
        let console = context.console
        // The providers first, then the journal: a run that begins in between is known by then.
        let providers = try ProviderSurvey(context)
        let access = try RunAccess(context)
        let rebuilt = Set(access.rebuilt.all().map(\.run))
        let strays = try access.broker.journal.strays(in: providers.survey, rebuilt: rebuilt, at: context.now())
        try providers.complain(on: console)
        let screen = StrayScreen(strays: strays, now: context.now())
        if options.output == .text { try console.out.lines(screen.lines(width: console.out.terminal.width)) }

        let isRemoving = try !strays.isEmpty && (yes || agrees(strays.count, console))
        var left = Dictionary(
            strays.map { ($0.group.token, "not removed: nobody agreed") }, uniquingKeysWith: { first, _ in first })
        if isRemoving {
            let journal = access.broker.journal
            left = try GroupReturn(context: context).giveBack(strays.map(\.group), through: providers.registry) {
                try !journal.isLive($0.run)
            }
        }
        if options.output == .json {
            try console.out.write(
                try JSONText.encode(StraysJSON(strays, failures: providers.survey.failures, left: left)))
        }
        return try sum(up: strays, isRemoving, left, providers.survey.failures, console)
    }

    private func agrees(_ count: Int, _ console: Console) throws -> Bool {
        guard console.isAnswered, options.output == .text else { return false }
        return try console.agrees(to: "Give back \(Figures.count(count, "group"))?", byDefault: false)
    }

    private func sum(
        up strays: [Stray], _ isRemoving: Bool, _ left: [String: String], _ failures: [ProviderError],
        _ console: Console
    ) throws -> ExitStatus {
        if strays.isEmpty {
            try console.err.line("nothing is rented that belongs to no run")
            return failures.isEmpty ? .done : .providerRefused
        }
        guard isRemoving else {
            try console.err.line("nothing was removed; \("sky gc --yes", .none, bold: true) gives it back")
            return failures.isEmpty ? .pipelineFailed : .providerRefused
        }
        for (token, reason) in left.sorted(by: { $0.key < $1.key }) {
            try console.err.line("\("still there:", .red, bold: true) \(token): \(reason)")
        }
        try console.err.line("\(Figures.count(strays.count - left.count, "group")) given back")
        return left.isEmpty && failures.isEmpty ? .done : .providerRefused
    }
}
