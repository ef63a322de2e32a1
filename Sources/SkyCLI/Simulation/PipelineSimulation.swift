import ArgumentParser
import SkyBroker
import SkyCatalog
import SkyCore
import SkyPlacement
import SkyProcess
import SkySimulator
import SkySpec
import SkyYAML

/// `sky simulate FILE…`: seeds of a made-up world, one after the other, until one falls or all have stood.
struct PipelineSimulation {
    let options: PipelineSimulationOptions
    let traces: [String]
    let output: SimulationFormat

    init(_ options: PipelineSimulationOptions, traces: [String], output: SimulationFormat) throws {
        func refuse(_ message: String) -> CommandFailure { CommandFailure(.wrongRequest, message) }
        guard (1...4000).contains(options.runs) else { throw refuse("--runs \(options.runs): expected 1 to 4000") }
        if let seeds = options.seeds, seeds < 1 { throw refuse("--seeds \(seeds): expected 1 or more") }
        if let run = options.onlyRun.first(where: { !(0..<options.runs).contains($0) }) {
            throw refuse("--only-run \(run): expected 0 to \(options.runs - 1)")
        }
        guard output != .csv else { throw refuse("--output csv: runs of pipelines are written as text or json") }
        self.options = options
        self.traces = traces
        self.output = output
    }

    func run(in context: CommandContext) throws -> ExitStatus {
        let template = try template(in: context)
        let out = context.console.out
        if options.journal {
            try out.write(try template.with(seed: firstSeed).journalText())
            return .done
        }
        let began = context.now()
        let progress = SimulationProgress(context, counting: "seed")
        var sweep = Sweep()
        var fallen: (seed: UInt64, fall: Fall)?
        for number in 0..<seedCount where fallen == nil {
            let seed = firstSeed &+ UInt64(number)
            try progress.show("\(Figures.grouped(sweep.events)) events", done: number, of: seedCount)
            if let fall = sweep.run(template.with(seed: seed)) { fallen = (seed, fall) }
        }
        let took = context.now() - began
        try progress.end()
        let report = PipelineSimulationReport(
            sweep: sweep, firstSeed: firstSeed, took: took, seed: fallen?.seed, fall: fallen?.fall,
            shortest: fallen.flatMap { shrink(template.with(seed: $0.seed), in: context) }, command: command)
        switch output {
        case .json: try out.write(try JSONText.encode(PipelineSimulationJSON(report)))
        case .text, .csv: try out.lines(PipelineSimulationScreen(report: report).lines(width: out.terminal.width))
        }
        return fallen == nil ? .done : .pipelineFailed
    }

    private var firstSeed: UInt64 { options.seed ?? 1 }
    private var seedCount: Int { options.seeds ?? (options.seed == nil ? 100 : 1) }

    /// What stands before the options that play a seed again.
    private var command: [String] {
        var words = ["sky", "simulate"] + options.files
        if let faults = options.faults { words += ["--faults", faults] }
        for trace in traces { words += ["--trace", trace] }
        return words
    }

    private func shrink(_ run: SeedRun, in context: CommandContext) -> ShrunkHistory? {
        let end = context.now() + options.shrinkFor
        return ShrunkHistory(run) { context.now() >= end }
    }

    // MARK: The scenario

    private func template(in context: CommandContext) throws -> SeedRun {
        let pipelines = try options.files.map { try simulated($0, in: context) }
        let scenario = Scenario(
            pipelines: pipelines, runs: options.runs, faults: try faultPlan(), spotTraces: try spotTraces(pipelines))
        for stage in options.onlyStage where !pipelines.contains(where: { $0.pipeline.stage(named: stage) != nil }) {
            let names = pipelines.flatMap(\.pipeline.stages).map(\.name)
            throw CommandFailure(
                .wrongRequest, "--only-stage \(stage): there is no such stage",
                hints: nearestName(to: stage, among: names).map { ["did you mean '\($0)'?"] } ?? [])
        }
        return SeedRun(
            scenario, seed: firstSeed, keptRuns: options.onlyRun.isEmpty ? nil : Set(options.onlyRun),
            keptStages: options.onlyStage.isEmpty ? nil : Set(options.onlyStage), only: try onlyFaults())
    }

    /// Planned as it would be launched, but for what earlier runs took: a seed means the same on every machine.
    private func simulated(_ file: String, in context: CommandContext) throws -> SimulatedPipeline {
        let planned = try PlannedPipeline(
            try PipelineArguments.parse([file]), try PlanningOptions.parse(["--offline"]), withHistory: false,
            in: context)
        let offers = planned.market.offers
        let zones = Dictionary(
            planned.plan.stages.map { ($0.stage, offers.catalog.zones(of: $0.offer)) },
            uniquingKeysWith: { first, _ in first })
        let relocation = Relocation(offers: offers) { (pipeline) throws(PlacementError) in
            try PolicyAccess.policy(ofRun: pipeline, in: context)
        }
        return try SimulatedPipeline(planned.pipeline, plan: planned.plan, zones: zones, relocation: relocation)
    }

    private func faultPlan() throws -> FaultPlan {
        guard let path = options.faults else { return .nasty }
        guard let bytes = try Files.read(path) else {
            throw CommandFailure(.wrongRequest, "--faults \(path): there is no such file")
        }
        let (source, complaint) = SourceFile.decoding(bytes, path: path)
        if let complaint { throw DiagnosticsError([complaint], sources: [source]) }
        return try FaultPlan(source)
    }

    private func onlyFaults() throws -> Set<Fault>? {
        guard !options.onlyFault.isEmpty else { return nil }
        return Set(
            try options.onlyFault.filter { $0 != "none" }.map { text in
                if let fault = Fault(text) { return fault }
                let kind = text.split(separator: ":").first.map(String.init) ?? text
                throw CommandFailure(
                    .wrongRequest, "--only-fault \(text): this names no fault",
                    hints: [
                        nearestName(to: kind, among: FaultKind.allCases.map(\.name)).map { "did you mean '\($0):…'?" }
                            ?? "such as --only-fault \(FaultKind.kill.name):1a0b, from the history of a fall"
                    ])
            })
    }

    /// A trace belongs to the region that stands before it, or else to all regions in which a stage may be on spot.
    private func spotTraces(_ pipelines: [SimulatedPipeline]) throws -> [Location: SpotTrace] {
        var found: [Location: SpotTrace] = [:]
        var general: [SpotTrace] = []
        for text in traces {
            let parts = text.split(separator: "=", maxSplits: 1)
            let place = parts.count == 2 ? parts[0].split(separator: "/").map(String.init) : []
            guard place.count == 2 else {
                general += try TraceFiles.find([text]).map { try TraceFiles.read($0, nodes: nil).trace }
                continue
            }
            let file = try TraceFiles.find([String(parts[1])])
            found[Location(provider: place[0], region: place[1])] =
                try file.first.map { try TraceFiles.read($0, nodes: nil).trace }
        }
        guard !general.isEmpty else { return found }
        for (index, location) in pipelines.flatMap(\.spotLocations).enumerated() where found[location] == nil {
            found[location] = general[index % general.count]
        }
        return found
    }
}

extension SeedRun {
    fileprivate func with(seed: UInt64) -> SeedRun {
        SeedRun(scenario, seed: seed, keptRuns: keptRuns, keptStages: keptStages, only: only, bug: bug)
    }
}
