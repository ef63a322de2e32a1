public import SkyCatalog
public import SkyCore
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
        _ stage: String, of launch: Launch, pinned: [String: Offer], excluded: [PlaceConstraint]
    ) throws(PlacementError) -> (PlannedStage, zones: [String]) {
        let blocked = excluded.compactMap { place in
            place.provider.map { BlockedPlace(provider: $0, region: place.region, zone: place.zone) }
        }
        let plan = try Planner().plan(
            launch.pipeline, offers: offers, policy: try policy(launch.pipeline), history: launch.history,
            pins: pinned.filter { $0.key != stage },
            blocked: blocked)
        guard let planned = plan.stage(named: stage) else {
            throw .malformedPipeline("the pipeline has no stage '\(stage)'")
        }
        let offer = planned.offer
        let zones = offers.catalog.zones(of: offer).filter { zone in
            !excluded.contains { place in
                place.zone != nil && place.admits(provider: offer.provider, region: offer.region, zone: zone)
            }
        }
        return (planned, zones)
    }
}
