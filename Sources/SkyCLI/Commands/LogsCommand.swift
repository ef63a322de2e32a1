import ArgumentParser
import SkyBroker
import SkyCore

struct LogsCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Show what stages print.",
        discussion: """
            The log of one stage is shown as it is. Where several are shown together, each line begins with the name \
            of its stage, #2 for a second try, and [1] for the node of rank 1.

            EXAMPLES
              sky logs support-tickets-7k2m
              sky logs support-tickets-7k2m train
              sky logs -f support-tickets-7k2m serve
            """)

    @Flag(name: .shortAndLong, help: "Go on with what is printed from now on, until the run or the stage ends.")
    var follow = false

    @OptionGroup var about: RunArgument

    @Argument(help: "The stage; without one, all of them.")
    var stage: String?

    func execute(in context: CommandContext) throws -> ExitStatus {
        let access = try RunAccess(context)
        let run = try access.find(about.run)
        var look = try RunLook(run, broker: access.broker, standIns: [])
        let row = try look.row(at: context.now())
        try refuseUnknownStage(in: row)
        if follow { _ = try access.broker.ensureDriven(run) }
        let sources = access.logSources(of: run, stage: stage)
        var view = LogView(output: context.console.out, isLabelled: isLabelled(row, sources))
        guard follow else {
            try view.show(sources, isLast: true)
            if sources.isEmpty { try context.console.err.line("nothing has been printed yet") }
            return .done
        }
        let interruptions = context.interruptions()
        while true {
            // The end is looked up before the logs are, so that nothing is missed between the two.
            let isOver = isOver(try look.row(at: context.now()))
            try view.show(access.logSources(of: run, stage: stage), isLast: isOver)
            if isOver { return .done }
            switch interruptions.next(within: TimeSpan(milliseconds: 100)) {
            case .interrupt, .terminate: return .interrupted
            case .suspend: interruptions.suspend()
            case .resize, nil: break
            }
        }
    }

    /// One log needs no labels; where others may come, they do from the beginning.
    private func isLabelled(_ row: RunRow, _ sources: [LogSource]) -> Bool {
        sources.count > 1 || (follow && stage == nil && row.stages.count > 1)
    }

    private func isOver(_ row: RunRow) -> Bool {
        if row.state.isFinal { return true }
        return stage.flatMap { name in row.stages.first { $0.name == name } }?.state.isFinal ?? false
    }

    private func refuseUnknownStage(in row: RunRow) throws {
        let names = row.stages.map(\.name)
        guard let stage, !names.contains(stage) else { return }
        let nearest = nearestName(to: stage, among: names)
        throw CommandFailure(
            .wrongRequest, "\(row.id) has no stage '\(stage)'",
            hints: [nearest.map { "did you mean '\($0)'?" } ?? "it has \(names.joined(separator: ", "))"])
    }
}
