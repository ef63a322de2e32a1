import ArgumentParser
import SkyCore
import SkyPlacement
import SkySpec

struct PlanCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Say where each stage would run, why, and what it would cost. Starts nothing.",
        discussion: """
            EXAMPLES
              sky plan pipeline.yaml
              sky plan pipeline.yaml --policy fastest
              sky plan pipeline.yaml --output json | jq -r .total_cost_usd
            """)

    @OptionGroup var pipeline: PipelineArguments
    @OptionGroup var planning: PlanningOptions
    @OptionGroup var options: OutputOptions

    func execute(in context: CommandContext) throws -> ExitStatus {
        let planned = try PlannedPipeline(pipeline, planning, in: context)
        try planned.show(as: options.output, on: context.console.out)
        return .done
    }
}

/// How a plan is to be made.
struct PlanningOptions: ParsableArguments {
    enum Policy: String, ExpressibleByArgument, CaseIterable, Sendable {
        case cheapest, fastest

        /// The objective that this policy seeks; a limit that the file sets for the same objective stays.
        func objective(insteadOf own: Objective) -> Objective {
            switch (self, own) {
            case (.cheapest, .costWithin), (.cheapest, .cost), (.fastest, .timeWithin), (.fastest, .time): own
            case (.cheapest, _): .cost
            case (.fastest, _): .time
            }
        }
    }

    @Option(name: .shortAndLong, help: "Place stages by this policy instead of the file's objective.")
    var policy: Policy?
}
