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
    /// - Returns: the stage's new place, and the zones of it that have not refused.
    /// - Throws: why no other place is left.
    public func place(
        of launch: Launch, _ request: DriverWorld.RelocationRequest
    ) throws(PlacementError) -> (PlannedStage, zones: [String]) {
        var pipeline = launch.pipeline
        if request.onDemandOnly { pipeline.withoutSpot(request.stage) }
        let plan = try Planner().plan(
            pipeline, offers: offers, policy: try policy(pipeline), history: launch.history,
            pins: request.pinned.filter { $0.key != request.stage }, blocked: request.excluded)
        guard let planned = plan.stage(named: request.stage) else {
            throw .malformedPipeline("the pipeline has no stage '\(request.stage)'")
        }
        let offer = planned.offer
        let zones = offers.catalog.zones(of: offer).filter { zone in
            !request.excluded.contains { $0.blocks(zone, of: offer) }
        }
        return (planned, zones)
    }
}

extension BlockedPlace {
    fileprivate func blocks(_ zone: String, of offer: Offer) -> Bool {
        self.zone == zone && provider == offer.provider && region == offer.region
            && (instanceType ?? offer.instanceType) == offer.instanceType && (market ?? offer.market) == offer.market
    }
}

extension Pipeline {
    fileprivate mutating func withoutSpot(_ stage: String) {
        guard let index = stages.firstIndex(where: { $0.name == stage }) else { return }
        stages[index].resources.useSpot = false
        for alternative in stages[index].alternatives.indices {
            stages[index].alternatives[alternative].useSpot = false
        }
    }
}
