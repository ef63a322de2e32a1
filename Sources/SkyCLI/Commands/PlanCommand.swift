public import ArgumentParser
public import SkyCore
import SkyPlacement
import SkyProcess
import SkySpec

struct PlanCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Say where each stage would run, why, and what it would cost. Starts nothing.",
        usage: "sky plan <file> [--output <format|plan.json>] [--explain] [--frontier] ...",
        discussion: """
            A plan that is written to a file can be carried out later with 'sky launch', exactly as it is.

            EXAMPLES
              sky plan pipeline.yaml
              sky plan pipeline.yaml --policy fastest --confidence
              sky plan pipeline.yaml --policy "residency:eu then carbon"
              sky plan pipeline.yaml --policy exec:./my_policy.py
              sky plan pipeline.yaml -o plan.json && sky launch plan.json
              sky plan pipeline.yaml --explain
              sky plan pipeline.yaml --diff plan.json
              sky plan pipeline.yaml --frontier
              sky plan pipeline.yaml --frontier --pick 2 -o plan.json
              sky plan pipeline.yaml --offline
              sky plan pipeline.yaml --permissions
              sky plan pipeline.yaml --policy fastest --transfer-machines 8 --relays
              sky plan pipeline.yaml --output json | jq -r .total_cost_usd
            """)

    @OptionGroup var pipeline: PipelineArguments
    @OptionGroup var planning: PlanningOptions

    @Flag(help: "Also say what ruled offers out, what giving it up would save, and what the data's place decided.")
    var explain = false

    @Flag(help: "Also say what it comes to when things go well, and when they go badly.")
    var confidence = false

    @Flag(help: "List the plans between cheapest and fastest, numbered.")
    var frontier = false

    @Option(help: ArgumentHelp("Take this plan of the frontier.", valueName: "number"))
    var pick: Int?

    @Flag(help: "Only say the least rights that the plan needs: a policy or role for each of its clouds.")
    var permissions = false

    @Option(
        help: ArgumentHelp("Show what is different from a plan that was written before.", valueName: "plan.json"),
        completion: .file(extensions: ["json"]))
    var diff: String?

    @Option(help: ArgumentHelp("How long a written plan's prices are trusted.", valueName: "time"))
    var validFor: TimeSpan = .seconds(86_400)

    @Option(
        help: ArgumentHelp(
            "Plan transfers of 1 GB or more with up to so many machines side by side; what-if, runs take one pair.",
            valueName: "count"))
    var transferMachines: Int?

    @Flag(help: "Plan such transfers also by way of a third region; what-if, runs go directly.")
    var relays = false

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Write as text or json, or write the plan to a file.", valueName: "format|plan.json"))
    var output: PlanOutput = .format(.text)

    func execute(in context: CommandContext) throws -> ExitStatus {
        // A file that is no plan is told before anything is worked out.
        let old = try diff.map { try oldPlan(at: $0) }
        var planned = try PlannedPipeline(pipeline, planning, transfers: try transferLimits(), in: context)
        let out = context.console.out
        if frontier || pick != nil, let problem = planned.problem {
            let front = try PlanningProgress.during(context.console.err) { try problem.paretoFront().noticeable() }
            guard let pick else { return try show(front, of: planned.pipeline, on: out) }
            planned = try planned.picking(pick, of: front)
        }
        if permissions { return try showPermissions(of: planned, in: context) }
        switch output {
        case .file(let path): try write(planned, to: path, in: context)
        case .format(.json) where explain: try out.write(try ExplanationJSON(planned.explanation(in: context)).text())
        case .format(.json) where old == nil: try out.write(try PlanJSON(planned.plan).text())
        case .format(let format):
            guard let old else {
                try out.lines(planned.screen(withOutlook: confidence).lines(width: out.terminal.width))
                if explain {
                    let screen = ExplanationScreen(
                        explanation: try planned.explanation(in: context), plan: planned.plan)
                    try out.lines([.empty] + screen.lines(width: out.terminal.width))
                }
                return .done
            }
            let comparison = PlanComparison(from: old.plan, to: planned.plan)
            switch format {
            case .json: try out.write(try ComparisonJSON(comparison).text())
            case .text: try out.lines(ComparisonScreen(comparison: comparison).lines(width: out.terminal.width))
            }
        }
        return .done
    }

    private func showPermissions(of planned: PlannedPipeline, in context: CommandContext) throws -> ExitStatus {
        let permissions = try PlanPermissions(planned, in: context)
        let out = context.console.out
        switch output {
        case .format(.json): try out.write(try JSONText.encode(PermissionsJSON(permissions)))
        case .format(.text), .file: try out.lines(permissions.lines)
        }
        return .done
    }

    /// Nil unless they were asked for.
    private func transferLimits() throws -> TransferLimits? {
        guard transferMachines != nil || relays else { return nil }
        let count = transferMachines ?? 1
        guard (1...64).contains(count) else {
            throw CommandFailure(.wrongRequest, "--transfer-machines \(count): expected 1 to 64")
        }
        if case .file(let path) = output {
            throw CommandFailure(
                .wrongRequest, "\(path): runs cannot carry data in the ways of --transfer-machines and --relays yet",
                hints: ["sky plan \(pipeline.file) -o \(path)"])
        }
        if frontier || pick != nil {
            throw CommandFailure(.wrongRequest, "--frontier does not know --transfer-machines and --relays")
        }
        return TransferLimits(mostMachines: count, allowsRelays: relays)
    }

    private func show(_ front: ParetoFront, of pipeline: Pipeline, on out: any TextOutput) throws -> ExitStatus {
        let stages = pipeline.stages.map(\.name)
        switch output {
        case .format(.text):
            let screen = FrontScreen(pipeline: pipeline.name, front: front, stages: stages)
            try out.lines(screen.lines(width: out.terminal.width))
        case .format(.json):
            try out.write(try FrontJSON(pipeline: pipeline.name, front: front, stages: stages).text())
        case .file(let path):
            throw CommandFailure(
                .wrongRequest, "a file holds one plan, and the frontier has \(front.points.count)",
                hints: ["sky plan \(self.pipeline.file) --frontier --pick 1 -o \(path)"])
        }
        return .done
    }

    private func oldPlan(at path: String) throws -> PlanFile {
        guard Files.exists(path) else { throw CommandFailure(.wrongRequest, "--diff \(path): there is no such file") }
        guard let plan = try PipelineFile.planFile(at: path) else {
            throw CommandFailure(
                .wrongRequest, "--diff \(path): this is no plan file", hints: ["sky plan \(pipeline.file) -o \(path)"])
        }
        return plan
    }

    private func write(_ planned: PlannedPipeline, to path: String, in context: CommandContext) throws {
        let err = context.console.err
        try err.lines(planned.screen(withOutlook: confidence).lines(width: err.terminal.width) + [.empty])
        let text = try planned.planFile(validFor: validFor, at: context.now()).text()
        do { try Files.replace(path, with: Array(text.utf8), mode: 0o644, durability: .processes) } catch {
            throw CommandFailure(.wrongRequest, "cannot write \(path): \(error)")
        }
        try err.lines([
            "\("✓", .green) written to \(path), good for \(validFor)", "\("→", .green) sky launch \(path)",
        ])
    }
}

/// Where a plan goes: the screen, a program, or a file that `sky launch` carries out.
enum PlanOutput: ExpressibleByArgument, Hashable, Sendable {
    case format(OutputFormat)
    case file(String)

    init?(argument: String) {
        if let format = OutputFormat(rawValue: argument) {
            self = .format(format)
        } else if argument.hasSuffix(".json") {
            self = .file(argument)
        } else {
            return nil
        }
    }

    static var allValueStrings: [String] { OutputFormat.allCases.map(\.rawValue) }
    var defaultValueDescription: String {
        switch self {
        case .format(let format): format.rawValue
        case .file(let path): path
        }
    }
    static var defaultCompletionKind: CompletionKind { .file(extensions: ["json"]) }
}

extension TimeSpan: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
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
    var policyTimeout: TimeSpan?

    @Option(
        help: ArgumentHelp("Take this file's tariffs for moving data, for a comparison.", valueName: "tariffs.csv"),
        completion: .file(extensions: ["csv"]))
    var tariffs: String?

    @Option(
        help: ArgumentHelp(
            "Look for the best plan no longer than this, instead of until it is proven where that can be; the plan says what is proven.",
            valueName: "time"))
    var solveFor: TimeSpan?

    @Flag(help: "Do not ask where inputs in buckets are and how large: what is not known of them is not counted.")
    var offline = false
}
