import ArgumentParser
import SkyBroker
import SkyCore
import SkyRuntime

/// `--stdout` or `--stderr`.
enum OneStream: String, EnumerableFlag {
    case stdout, stderr

    var stream: LogStream { self == .stdout ? .output : .errors }
}

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
              sky logs support-tickets-7k2m train --attempt 1
              sky logs support-tickets-7k2m train --stderr
              sky logs -f support-tickets-7k2m serve

            Logs are copied here while they are written, so those of past tries are there when their nodes are gone.
            """)

    @Flag(name: .shortAndLong, help: "Go on with what is printed from now on, until the run or the stage ends.")
    var follow = false

    @Option(help: ArgumentHelp("Only this try at the stage, from 1; without it, all tries.", valueName: "number"))
    var attempt: Int?

    @Flag(exclusivity: .exclusive, help: "Only what went to this stream; without it, both as they came.")
    var stream: OneStream?

    @OptionGroup var about: RunArgument

    @Argument(help: "The stage; without one, all of them.")
    var stage: String?

    func execute(in context: CommandContext) throws -> ExitStatus {
        let access = try RunAccess(context)
        let run = try access.find(about.run)
        var look = try RunLook(run, broker: access.broker, standIns: [])
        let row = try look.row(at: context.now())
        if let stage { try row.requireStage(stage) }
        if follow { _ = try access.broker.ensureDriven(run) }
        try refuseUnknownAttempt(in: row)
        let sources = access.logSources(of: run, stage: stage, attempt: attempt)
        var view = LogView(output: context.console.out, isLabelled: isLabelled(row, sources), stream: stream?.stream)
        guard follow else {
            try view.show(sources, isLast: true)
            if sources.isEmpty { try context.console.err.line("nothing has been printed yet") }
            return .done
        }
        let interruptions = context.interruptions()
        while true {
            // The end is looked up before the logs are, so that nothing is missed between the two.
            let isOver = isOver(try look.row(at: context.now()))
            try view.show(access.logSources(of: run, stage: stage, attempt: attempt), isLast: isOver)
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

    private func refuseUnknownAttempt(in row: RunRow) throws {
        guard let attempt else { return }
        guard let stage, let tries = row.stages.first(where: { $0.name == stage })?.attempts else {
            throw CommandFailure(
                .wrongRequest, "--attempt \(attempt): of which stage?",
                hints: row.stages.map { "sky logs \(row.id) \($0.name) --attempt \(attempt)" })
        }
        // With --follow, one that is still to come is waited for.
        guard attempt >= 1, attempt <= tries || follow else {
            throw CommandFailure(
                .wrongRequest,
                "--attempt \(attempt): stage '\(stage)' of \(row.id) has had \(Figures.count(tries, "try", "tries"))",
                hints: tries > 0 ? ["sky logs \(row.id) \(stage) --attempt \(tries)"] : ["sky status \(row.id)"])
        }
    }
}
