import ArgumentParser
import SkyBroker
import SkyCatalog
import SkyCore
import SkyPlacement
import SkyProviders
import SkySpec

struct LaunchCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "launch",
        abstract: "Run a pipeline where it is best to run it.",
        usage: "sky launch <file> [--yes] [--dryrun] [--detach] [--from <stage>] [--env <name[=value]>] ...",
        discussion: """
            Shows the plan and what it will cost, asks once, and then one live line per stage. Ctrl-C looks away: the \
            run goes on by itself. A stage that is done and has not changed since is not run again. A plan file is \
            carried out exactly as it is, or refused when it is stale.

            EXAMPLES
              sky launch pipeline.yaml
              sky launch pipeline.yaml --yes --detach
              sky launch pipeline.yaml --dryrun
              sky launch pipeline.yaml --from train
              sky plan pipeline.yaml -o plan.json && sky launch plan.json
              sky launch pipeline.yaml --keep-on-failure 30m
              sky launch pipeline.yaml --env SEED=8 --name tickets-seed-8
            """)

    @OptionGroup var file: PipelineArguments
    @OptionGroup var planning: PlanningOptions

    @Option(name: .shortAndLong, help: "Call the run so, instead of what the file says.")
    var name: String?

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    @Flag(help: "Only show the plan, as 'sky plan' does.")
    var dryrun = false

    @Flag(name: .shortAndLong, help: "Do not watch the run.")
    var detach = false

    @Option(
        help: ArgumentHelp(
            "Run this stage and all that follow from it anew, whatever was done before.", valueName: "stage"))
    var from: String?

    @Flag(help: "Run every stage anew, whatever was done before.")
    var noCache = false

    @Option(
        help: ArgumentHelp(
            "Keep the nodes of a stage that fails for so long, for 'sky ssh'; 'sky down' ends it.",
            valueName: "duration"))
    var keepOnFailure: String?

    @OptionGroup var options: OutputOptions

    func execute(in context: CommandContext) throws -> ExitStatus {
        if let name { try refuseUnlessName(name) }
        let planned = try planned(in: context)
        let launchOptions = try launchOptions(of: planned.pipeline)
        guard !dryrun else {
            try planned.show(as: options.output, on: context.console.out)
            return .done
        }
        let secrets = try Secrets.resolve(planned, in: context)
        // Before anybody is asked: a yes must not be followed by "cannot".
        _ = try context.installation().agent()
        let err = context.console.err
        try err.lines(planned.screen().lines(width: err.terminal.width) + [.empty])
        let obstacles = try LaunchObstacles.of(planned, in: context)
        try err.lines(obstacles.map { "\("warning:", .yellow, bold: true) \($0)" })
        guard try yes || agrees(to: planned, on: context.console) else {
            try err.line("nothing was started")
            return .interrupted
        }
        let access = try RunAccess(context, secrets: secrets)
        let interruptions = context.interruptions()
        let run = try begin(planned, launchOptions, access, context, interruptions)
        let watch = RunWatch(access: access, context: context, interruptions: interruptions, format: options.output)
        return detach ? try watch.conclude(access.row(of: run)) : try watch.watch(run)
    }

    /// The plan of a plan file is carried out as it is; a pipeline is planned now.
    private func planned(in context: CommandContext) throws -> PlannedPipeline {
        guard let plan = try PipelineFile.planFile(at: file.file) else {
            return try PlannedPipeline(file, planning, name: name, in: context)
        }
        guard file.env.isEmpty, planning.policy == nil else {
            throw CommandFailure(
                .wrongRequest, "\(file.file) is a plan: --env and --policy had their say when it was made",
                hints: ["sky launch \(file.file)", "sky plan \(plan.provenance.pipelineFile) -o \(file.file)"])
        }
        return try PlannedPipeline(plan, at: file.file, name: name, in: context)
    }

    private func agrees(to planned: PlannedPipeline, on console: Console) throws -> Bool {
        let cost = planned.plan.totalCost.formatted(decimals: 2)
        guard console.isAnswered else {
            throw CommandFailure(
                .wrongRequest, "nobody is here to agree to \(cost)",
                hints: ["sky launch \(file.file) --yes", "sky plan \(file.file)"])
        }
        return try console.agrees(to: "Launch \(planned.pipeline.name) for about \(cost)?")
    }

    /// Takes code and inputs as they are now, writes the journal's first word, and starts the driver.
    private func begin(
        _ planned: PlannedPipeline, _ options: LaunchOptions?, _ access: RunAccess, _ context: CommandContext,
        _ interruptions: any InterruptionSource
    ) throws -> RunID {
        let folder = access.broker.folder
        let stores = try ArtifactStores(folder, in: context)
        let launcher = RunLauncher(
            journal: access.broker.journal, store: ArtifactStores.here(in: folder), inputs: stores,
            isElsewhere: planned.market.adapters.isElsewhere)
        let (pipeline, plan, history, now) = (planned.pipeline, planned.plan, planned.history, context.now())
        let refusals = try Refusals(in: context)
        let zones = Dictionary(
            plan.stages.map { stage in
                (stage.stage, refusals.zones(planned.market.offers.catalog.zones(of: stage.offer), for: stage.offer))
            },
            uniquingKeysWith: { first, _ in first }
        )
        do {
            let run = try AsyncWork.run(interruptions: interruptions) {
                // Before anything is rented for a job that could not be begun.
                for address in Set(pipeline.stages.flatMap(\.code.liveMounts).map(\.source)).sorted() {
                    _ = try await stores.remote(at: address)
                }
                var generator = SystemRandomNumberGenerator()
                return try await launcher.launch(
                    pipeline, plan: plan, zones: zones, history: history, options: options, at: now, using: &generator)
            }
            _ = try access.broker.ensureDriven(
                run,
                knowingSecrets: pipeline.stages.contains { !$0.secretNames.isEmpty || !$0.code.liveMounts.isEmpty })
            return run
        } catch is AsyncWork.Interrupted {
            throw CommandFailure(.interrupted, "interrupted; nothing was started")
        }
    }

    /// - Throws: `CommandFailure` for a stage that the pipeline does not have.
    private func launchOptions(of pipeline: Pipeline) throws -> LaunchOptions? {
        let keepOnFailure = try keepOnFailure.map(Self.span)
        if noCache { return LaunchOptions(runAnew: Set(pipeline.stages.map(\.name)), keepOnFailure: keepOnFailure) }
        guard let from else { return keepOnFailure.map { LaunchOptions(keepOnFailure: $0) } }
        guard pipeline.stage(named: from) != nil else {
            let names = pipeline.stages.map(\.name)
            let nearest = nearestName(to: from, among: names)
            throw CommandFailure(
                .wrongRequest, "--from \(from): the pipeline has no such stage",
                details: ["its stages are \(Figures.list(names))"], hints: nearest.map { ["--from \($0)"] } ?? [])
        }
        var anew: Set<String> = [from]
        // A stage may stand before those that it reads from.
        for _ in pipeline.stages {
            for stage in pipeline.stages where stage.dependencies.contains(where: anew.contains) {
                anew.insert(stage.name)
            }
        }
        return LaunchOptions(runAnew: anew, keepOnFailure: keepOnFailure)
    }

    private static func span(_ text: String) throws -> TimeSpan {
        if let span = TimeSpan(text), span > .zero { return span }
        throw CommandFailure(
            .wrongRequest, "--keep-on-failure \(text): a duration is written as 90s, 30m or 1h30m",
            hints: ["--keep-on-failure 30m"])
    }

    private func refuseUnlessName(_ name: String) throws {
        guard RunID(name) != nil, name.utf8.count <= 40 else {
            throw CommandFailure(
                .wrongRequest, "--name \(name): expected at most 40 of a-z, 0-9 and -", hints: ["--name my-run"])
        }
    }
}

/// Values that must not be written anywhere, for the driver's environment.
enum Secrets {
    /// - Throws: `CommandFailure` naming those that neither the file, the command line nor the environment has.
    static func resolve(_ planned: PlannedPipeline, in context: CommandContext) throws -> [String: String] {
        let names = Set(planned.pipeline.stages.flatMap(\.secretNames)).sorted()
        let (found, missing) = planned.secrets.resolve(names, environment: context.environment)
        guard let first = missing.first else { return found }
        throw CommandFailure(
            .wrongRequest, "the pipeline needs \(Figures.list(missing)), and the environment does not have it",
            hints: ["export \(first)=…", "or --env \(first)=…"])
    }
}
