import ArgumentParser
import SkyCore
import SkyPlacement
import SkySpec

struct PlanCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Say where each stage would run, why, and what it would cost. Starts nothing.",
        usage: "sky plan <file> [--policy <policy>] [--env <name[=value]>] ... [--output <format>]",
        discussion: """
            EXAMPLES
              sky plan pipeline.yaml
              sky plan pipeline.yaml --policy fastest
              sky plan pipeline.yaml --policy "residency:eu then carbon"
              sky plan pipeline.yaml --policy exec:./my_policy.py
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
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Place stages by this policy instead of the file's: a name that 'sky policies' lists, or a program.",
            valueName: "policy"),
        completion: .list(PolicyAccess.completions))
    var policy: String?

    @Option(help: ArgumentHelp("How long a policy that is a program may take; 30s if not given.", valueName: "time"))
    var policyTimeout: String?
}
