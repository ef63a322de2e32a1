import SkyCatalog
import SkyCore
public import SkyPlacement
public import SkySpec

/// Chooses another place for one stage of a run, with the others where they are.
public struct Relocation: Sendable {
    private let offers: CatalogOffers
    private let policy: @Sendable (Pipeline) throws(PlacementError) -> any PlacementPolicy

    /// - Parameter policy: who chooses for a pipeline; by default the built-in policy that its objective names.
    public init(
        offers: CatalogOffers,
        policy: @escaping @Sendable (Pipeline) throws(PlacementError) -> any PlacementPolicy = { $0.objective.policy }
    ) {
        self.offers = offers
        self.policy = policy
    }

    /// Plans the pipeline again with everything that has begun left where it is and the places that refused left out.
    ///
    /// - Parameter refusals: what other runs were refused lately; stayed away from too, unless nothing else is left.
    /// - Returns: the stage's new place, and the zones of it that have not refused.
    /// - Throws: why no other place is left.
    public func place(
        of launch: Launch, _ request: DriverWorld.RelocationRequest, avoiding refusals: [UnavailablePlace] = []
    ) throws(PlacementError) -> (PlannedStage, zones: [String]) {
        var careful = request
        careful.excluded += refusals.map(\.place).filter { !request.excluded.contains($0) }
        let planned: PlannedStage
        do { planned = try place(launch, careful) } catch {
            guard careful.excluded.count > request.excluded.count else { throw error }
            planned = try place(launch, request)
        }
        let offer = planned.offer
        let zones = offers.catalog.zones(of: offer).filter { zone in
            !request.excluded.contains { $0.blocks(zone, of: offer) }
        }
        return (planned, zones)
    }

    /// A deadline that cannot be kept any more is no reason to do nothing: then as soon as can be.
    private func place(
        _ launch: Launch, _ request: DriverWorld.RelocationRequest
    ) throws(PlacementError) -> PlannedStage {
        let (changed, deadline) = launch.pipeline.changed(for: request)
        do { return try place(request, in: changed, launch.history) } catch {
            guard deadline != nil else { throw error }
            return try place(request, in: changed.withoutDeadline(of: request.stage), launch.history)
        }
    }

    private func place(
        _ request: DriverWorld.RelocationRequest, in pipeline: Pipeline, _ history: PlacementHistory
    ) throws(PlacementError) -> PlannedStage {
        let plan = try Planner().plan(
            pipeline, offers: offers, policy: try policy(pipeline), history: history,
            pins: request.pinned.filter { $0.key != request.stage }, blocked: request.excluded)
        guard let planned = plan.stage(named: request.stage) else {
            throw .malformedPipeline("the pipeline has no stage '\(request.stage)'")
        }
        return planned
    }
}

extension Pipeline {
    /// The pipeline as it is to be planned now, and what is left of the stage's own deadline.
    fileprivate func changed(for request: DriverWorld.RelocationRequest) -> (Pipeline, deadline: TimeSpan?) {
        var pipeline = self
        guard let index = stages.firstIndex(where: { $0.name == request.stage }) else { return (self, nil) }
        if request.onDemandOnly {
            pipeline.stages[index].resources.useSpot = false
            for alternative in stages[index].alternatives.indices {
                pipeline.stages[index].alternatives[alternative].useSpot = false
            }
        }
        let left = stages[index].deadline.map { max($0 - request.elapsed, TimeSpan(milliseconds: 1)) }
        pipeline.stages[index].deadline = left
        return (pipeline, left)
    }

    fileprivate func withoutDeadline(of stage: String) -> Pipeline {
        var pipeline = self
        for index in stages.indices where stages[index].name == stage { pipeline.stages[index].deadline = nil }
        return pipeline
    }
}
