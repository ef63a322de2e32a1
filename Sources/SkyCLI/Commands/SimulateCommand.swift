import ArgumentParser
import SkyCore
import SkyPlacement

struct SimulateCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Live through bad days in virtual time: runs of pipelines, or jobs with deadlines on spot markets.",
        usage: """
            sky simulate <file> ... [--seed <number>] [--seeds <count>] [--runs <count>] [--faults <f>]
            sky simulate --trace <file|folder> ... [--deadline <time>] [--evaluate] [--output <format>]
            """,
        discussion: """
            With pipelines, their runs are carried out by the real broker's core in a made-up world: machines sell out, \
            answers are lost, spot machines are taken back, disks are full, and the broker is killed between any two \
            steps. After every step it is checked that nothing is lost, doubled or left rented. A seed that fails is \
            shrunk to a short history, which is told with the command that plays it again. docs/simulator.md has the \
            faults and what is checked. With --trace, spot machines can be had when the trace says so.

            Without a pipeline, --trace says what jobs with deadlines would have cost on recorded spot markets, policy \
            by policy. A trace is a JSON file, {"metadata": {"gap_seconds": 600}, "data": [1, 0, …]}: how many spot machines could be \
            had at each tick. Costs are means over starts spread over the trace, against running on demand from the first \
            tick to the last. The optimum knows the whole trace; no policy can be below it. Options that are times, and \
            --trace and --policy, may be given several times. docs/spot.md says what is behind it.

            EXAMPLES
              sky simulate pipeline.yaml
              sky simulate pipeline.yaml --seed 17
              sky simulate a.yaml b.yaml --runs 20 --seeds 1000 --faults faults.yaml
              sky simulate pipeline.yaml --trace us-west-2a_v100_1.json
              sky simulate --trace us-west-2a_v100_1.json
              sky simulate --trace traces/ --deadline 60h --changeover 12m --policy expected-cost
              sky simulate --trace traces/ --work 10h --deadline 16h --output csv > costs.csv
              sky simulate --trace traces/ --evaluate
            """)

    @OptionGroup(title: "RUNS OF PIPELINES") var pipelines: PipelineSimulationOptions

    @Option(
        name: .shortAndLong, parsing: .singleValue,
        help: ArgumentHelp(
            "A trace, or a folder with traces anywhere below it; with pipelines also <provider>/<region>=<file>.",
            valueName: "file|folder"),
        completion: .file(extensions: ["json"]))
    var trace: [String] = []

    @Option(
        name: .shortAndLong, parsing: .singleValue,
        help: ArgumentHelp(
            "Only these policies: \(DeadlinePolicies.all.map(\.name).joined(separator: ", ")).", valueName: "name"))
    var policy: [String] = []

    @Option(name: .shortAndLong, parsing: .singleValue, help: "The job's deadlines. (default: 52h, 60h, 70h, 92h)")
    var deadline: [TimeSpan] = []

    @Option(name: .shortAndLong, help: ArgumentHelp("The job's work.", valueName: "time"))
    var work: TimeSpan = .seconds(48 * 3600)

    @Option(
        name: .shortAndLong, parsing: .singleValue,
        help: ArgumentHelp(
            "What each start of a machine takes. (default: 12m; with --evaluate 72s, 12m, 24m)", valueName: "time"))
    var changeover: [TimeSpan] = []

    @Option(help: ArgumentHelp("The price on demand, per hour.", valueName: "dollars"))
    var onDemandPrice = "3.06"

    @Option(help: ArgumentHelp("The price of spot, per hour.", valueName: "dollars"))
    var spotPrice = "0.9731"

    @Option(help: "Machines that the job needs at once; without it, the most that the trace ever has.")
    var nodes: Int?

    @Option(help: ArgumentHelp("Starts per trace; 1 starts at its beginning.", valueName: "count"))
    var starts = 40

    @Flag(help: "Leave the optimum out: it takes longer than all policies together.")
    var noOptimum = false

    @Flag(help: "Compare all policies, folder by folder, in one table.")
    var evaluate = false

    @Option(name: .shortAndLong, help: ArgumentHelp("Write text, json or csv.", valueName: "format"))
    var output: SimulationFormat = .text

    func execute(in context: CommandContext) throws -> ExitStatus {
        if !pipelines.files.isEmpty {
            return try PipelineSimulation(pipelines, traces: trace, output: output).run(in: context)
        }
        guard !trace.isEmpty else {
            throw CommandFailure(
                .wrongRequest, "nothing to simulate: expected a pipeline's file, or --trace",
                hints: ["sky simulate pipeline.yaml", "sky simulate --trace <file|folder>", "sky simulate --help"])
        }
        let simulation = try simulation()
        let files = try TraceFiles.find(trace)
        let traces = try files.map { try TraceFiles.read($0, nodes: nodes) }
        let progress = SimulationProgress(context)
        let results = try simulation.run(traces, progress)
        try progress.end()
        for skipped in results.skipped { try context.console.err.line("\("skipped:", .yellow) \(skipped)") }
        guard !results.rows.isEmpty else {
            throw CommandFailure(
                .wrongRequest, "no trace is long enough for a deadline of \(Figures.hours(simulation.longestDeadline))",
                hints: ["a shorter --deadline"])
        }
        let out = context.console.out
        switch output {
        case .json: try out.write(try JSONText.encode(SimulationJSON(simulation, results, evaluates: evaluate)))
        case .csv: try out.write(SimulationCSV.text(results.rows))
        case .text:
            let width = out.terminal.width
            let screen = SimulationScreen(simulation, results)
            try out.lines(evaluate ? screen.evaluation(width: width) : screen.comparison(width: width))
        }
        return .done
    }
}

enum SimulationFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
    case text, json, csv
}

extension SimulateCommand {
    func simulation() throws -> Simulation {
        let deadlines = deadline.isEmpty ? [52, 60, 70, 92].map { TimeSpan.seconds($0 * 3600) } : deadline
        let usual: [Int64] = evaluate ? [72, 720, 1440] : [720]
        let changeovers = changeover.isEmpty ? usual.map { TimeSpan.seconds($0) } : changeover
        guard work > .zero else { throw CommandFailure("--work \(work): expected more than nothing") }
        guard starts > 0 else { throw CommandFailure("--starts \(starts): expected 1 or more") }
        if let nodes, nodes < 1 { throw CommandFailure("--nodes \(nodes): expected 1 or more") }
        let (onDemand, spot) = (
            try price(onDemandPrice, "--on-demand-price"), try price(spotPrice, "--spot-price")
        )
        guard onDemand > .zero else { throw CommandFailure("--on-demand-price \(onDemandPrice): expected more than 0") }
        var jobs: [DeadlineJob] = []
        for deadline in deadlines {
            for changeover in changeovers {
                guard work + changeover <= deadline else {
                    throw CommandFailure(
                        .wrongRequest,
                        "\(Figures.hours(work)) of work and a start of \(changeover) do not fit into "
                            + Figures.hours(deadline),
                        hints: ["a longer --deadline, or less --work"])
                }
                jobs.append(
                    DeadlineJob(
                        work: work, deadline: deadline, changeover: changeover, onDemandPrice: onDemand, spotPrice: spot
                    ))
            }
        }
        return Simulation(jobs: jobs, policies: try policies(), starts: starts, withOptimum: !noOptimum)
    }

    private func policies() throws -> [any DeadlinePolicy] {
        guard !policy.isEmpty else { return evaluate ? DeadlinePolicies.all : DeadlinePolicies.usual }
        return try policy.map { name in
            if let policy = DeadlinePolicies.all.first(where: { $0.name == name }) { return policy }
            let names = DeadlinePolicies.all.map(\.name)
            let nearest = nearestName(to: name, among: names)
            throw CommandFailure(
                .wrongRequest, "no policy '\(name)' for deadlines",
                hints: [nearest.map { "did you mean '\($0)'?" } ?? "there are \(Figures.list(names))"])
        }
    }

    private func price(_ text: String, _ option: String) throws -> Money {
        guard let price = Money(text), price >= .zero else {
            throw CommandFailure(
                .wrongRequest, "\(option) \(text): not understood", hints: ["such as \(option) 0.9731"])
        }
        return price
    }
}
