import ArgumentParser
import SkyBroker
import SkyCore

/// Which run a command is about.
struct RunArgument: ParsableArguments {
    @Argument(help: "The run, or the beginning of its name.", completion: .custom { _, _, _ in RunNames.known() })
    var run: String
}

struct StatusCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show what is running and what it has cost; with a run, all of its stages.",
        discussion: """
            A run whose broker died is picked up by looking.

            EXAMPLES
              sky status
              sky status support-tickets-7k2m
              sky status --output json | jq -r '.runs[] | select(.state == "serving") | .run'
            """)

    @Argument(
        help: "The run, or the beginning of its name; without one, all runs.",
        completion: .custom { _, _, _ in RunNames.known() })
    var run: String?

    @OptionGroup var options: OutputOptions

    func execute(in context: CommandContext) throws -> ExitStatus {
        let access = try RunAccess(context)
        try access.pickUpAbandoned()
        let id = try run.map { try access.find($0) }
        let rows = try id.map { [try access.row(of: $0)] } ?? access.rows(withStages: options.output == .json)
        let out = context.console.out
        if options.output == .json {
            try out.write(try JSONText.encode(RunListJSON(runs: rows.map(RunJSON.init))))
        } else if let row = rows.first, let id {
            try out.lines(RunScreen(run: row, now: access.time(of: id).now()).lines(width: out.terminal.width))
        } else if rows.isEmpty {
            try context.console.err.line("no runs yet; begin with \("sky launch pipeline.yaml", .none, bold: true)")
        } else {
            try out.lines(RunListScreen(runs: rows, now: context.now()).lines(width: out.terminal.width))
        }
        return .done
    }
}

/// Names of runs, for completion.
enum RunNames {
    static func known() -> [String] {
        guard let access = try? RunAccess(.process()) else { return [] }
        return ((try? access.broker.journal.runs()) ?? []).map(\.text)
    }
}
