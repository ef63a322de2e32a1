import ArgumentParser
import SkyBroker
import SkyCore

struct CostCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "cost",
        abstract: "Compare what runs were to cost with what they have cost, and say what of that was no use.",
        discussion: """
            PLANNED is the plan that was agreed to, METERED what was held and moved since, BILLED what the provider \
            says itself, where it says anything. IDLE is time held but not at work: starting, fetching, storing, being \
            given back. LOST are tries that came to nothing. Without a run: all runs, the latest first.

            EXAMPLES
              sky cost
              sky cost support-tickets-7k2m
              sky cost --output csv
            """)

    @Argument(help: "A run's name, or the beginning of one.")
    var run: String?

    @OptionGroup var options: TableOptions

    func execute(in context: CommandContext) throws -> ExitStatus {
        let access = try RunAccess(context)
        let runs = try run.map { [try access.find($0)] } ?? access.broker.journal.runs()
        let reports = try runs.compactMap { run in
            try access.broker.journal.state(of: run).map { CostReport($0, at: access.time(of: run).now()) }
        }
        let out = context.console.out
        switch options.output {
        case .json: try out.write(try JSONText.encode(CostListJSON(reports)))
        case .csv: try out.write(CostTable(reports: reports).csv)
        case .text:
            let table = CostTable(reports: reports)
            try out.lines(run == nil ? table.runs(width: out.terminal.width) : table.stages(width: out.terminal.width))
        }
        return .done
    }
}
