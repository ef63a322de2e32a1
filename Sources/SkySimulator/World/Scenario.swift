public import SkyBroker
import SkyCatalog
public import SkyCore
public import SkyPlacement
public import SkySpec

/// A pipeline as a simulation runs it: with its plan, and with the places it can move to.
public struct SimulatedPipeline: Sendable {
    public let pipeline: Pipeline
    let plan: Plan
    let zones: [String: [String]]
    /// By the stage's position.
    let ladders: [Ladder]

    /// - Parameters:
    ///   - zones: per stage, the zones in which its offer can be had.
    ///   - rungs: how many places to look for, per stage.
    /// - Throws: when the pipeline and the plan do not belong together.
    public init(
        _ pipeline: Pipeline, plan: Plan, zones: [String: [String]], relocation: Relocation, rungs: Int = 14
    ) throws(PlacementError) {
        self.pipeline = pipeline
        self.plan = plan
        self.zones = zones
        var ladders: [Ladder] = []
        for stage in pipeline.stages {
            guard let planned = plan.stage(named: stage.name) else {
                throw .malformedPipeline("the plan has no stage '\(stage.name)'")
            }
            let first = Ladder.Rung(planned: planned, zones: zones[stage.name] ?? [])
            ladders.append(Ladder(first, pipeline: pipeline, plan: plan, zones: zones, relocation, rungs: rungs))
        }
        self.ladders = ladders
    }

    /// - Parameter ladders: by the stage's position.
    init(_ pipeline: Pipeline, plan: Plan, zones: [String: [String]], ladders: [Ladder]) {
        self.pipeline = pipeline
        self.plan = plan
        self.zones = zones
        self.ladders = ladders
    }

    /// Regions in which one of its stages may be on spot, in the order in which it would go there.
    public var spotLocations: [Location] {
        var seen: Set<Location> = []
        return ladders.flatMap(\.rungs).map(\.planned.offer).filter { $0.market == .spot }.map(\.location)
            .filter { seen.insert($0).inserted }
    }

    /// Without the stages that are not named and not needed by those that are.
    func keeping(_ names: Set<String>) -> SimulatedPipeline {
        var kept: Set<String> = []
        var open = Array(names)
        while let name = open.popLast() {
            guard let stage = pipeline.stage(named: name), kept.insert(name).inserted else { continue }
            open += stage.dependencies
        }
        var (smaller, cut) = (pipeline, plan)
        smaller.stages.removeAll { !kept.contains($0.name) }
        cut.stages.removeAll { !kept.contains($0.stage) }
        return SimulatedPipeline(
            smaller, plan: cut, zones: zones,
            ladders: zip(pipeline.stages, ladders).filter { kept.contains($0.0.name) }.map(\.1))
    }
}

/// Where a stage can move, the nearest first. Found once by the real relocation, which refuses place after place;
/// looking a place up is then cheap enough for a million moves.
struct Ladder: Sendable {
    struct Rung: Sendable {
        let planned: PlannedStage
        let zones: [String]
    }

    private(set) var rungs: [Rung]

    init(_ rungs: [Rung]) { self.rungs = rungs }

    init(
        _ first: Rung, pipeline: Pipeline, plan: Plan, zones: [String: [String]], _ relocation: Relocation, rungs: Int
    ) {
        self.rungs = [first]
        guard let run = RunID("simulated") else { return }
        let launch = Launch(run: run, pipeline: pipeline, plan: plan, zones: zones)
        let pins = Dictionary(plan.stages.map { ($0.stage, $0.offer) }, uniquingKeysWith: { first, _ in first })
        for onDemandOnly in first.planned.offer.market == .spot ? [false, true] : [false] {
            var excluded = onDemandOnly ? [] : [BlockedPlace(machinesOf: first.planned.offer)]
            var inRegion: [Location: Int] = [first.planned.offer.location: 1]
            for _ in 0..<rungs {
                let request = DriverWorld.RelocationRequest(
                    stage: first.planned.stage, pinned: pins, excluded: excluded, onDemandOnly: onDemandOnly)
                guard let (planned, zones) = try? relocation.place(of: launch, request) else { break }
                self.rungs.append(Rung(planned: planned, zones: zones))
                let offer = planned.offer
                excluded.append(BlockedPlace(machinesOf: offer))
                // Two machines of a region are enough to see what is done there; variety counts.
                inRegion[offer.location, default: 0] += 1
                if inRegion[offer.location] == 2 {
                    excluded.append(BlockedPlace(provider: offer.provider, region: offer.region))
                }
            }
        }
    }

    /// What the real relocation does: the best place that is not left out, and the zones of it that are not.
    func place(excluded: [BlockedPlace], onDemandOnly: Bool) -> Rung? {
        for rung in rungs {
            let offer = rung.planned.offer
            if onDemandOnly, offer.market == .spot { continue }
            if excluded.contains(where: { $0.blocks(offer) }) { continue }
            let zones = rung.zones.filter { zone in !excluded.contains { $0.blocks(zone, of: offer) } }
            if zones.isEmpty, !rung.zones.isEmpty { continue }
            return Rung(planned: rung.planned, zones: zones)
        }
        return nil
    }
}

/// What is simulated: runs of pipelines in one world, and how bad its days are.
public struct Scenario: Sendable {
    /// At least one; the runs take turns at them.
    public var pipelines: [SimulatedPipeline]
    /// Runs in one world, 1…4000: they share what the zones have.
    public var runs: Int
    public var faults: FaultPlan
    /// When spot machines can be had, in the regions that have a trace; by provider and region.
    public var spotTraces: [Location: SpotTrace]

    public init(
        pipelines: [SimulatedPipeline], runs: Int = 1, faults: FaultPlan = .nasty,
        spotTraces: [Location: SpotTrace] = [:]
    ) {
        self.pipelines = pipelines
        self.runs = runs
        self.faults = faults
        self.spotTraces = spotTraces
    }
}
