public import SkyCatalog
import SkyCore
public import SkyPlacement
import SkySpec

extension DriverWorld {
    /// Finds another place for a stage: the pipeline is planned again with everything that has begun left where it
    /// is and the places that refused left out.
    public static func relocation(
        offers: @escaping @Sendable () async throws -> any OfferSource,
        zones: @escaping @Sendable (Offer) async throws -> [String]
    ) -> Relocation {
        { launch, stage, pinned, excluded in
            let blocked = excluded.compactMap { place in
                place.provider.map { BlockedPlace(provider: $0, region: place.region, zone: place.zone) }
            }
            var others = pinned
            others[stage] = nil
            let plan = try await plan(launch.pipeline, offers(), pins: others, blocked: blocked)
            guard let planned = plan.stage(named: stage) else {
                throw LaunchError("the new plan has no place for stage '\(stage)'")
            }
            let refused = Set(excluded.filter { $0.provider == planned.offer.provider }.compactMap(\.zone))
            return (planned, zones: try await zones(planned.offer).filter { !refused.contains($0) })
        }
    }

    private static func plan(
        _ pipeline: Pipeline, _ offers: some OfferSource, pins: [String: Offer], blocked: [BlockedPlace]
    ) throws -> Plan {
        try Planner().plan(pipeline, offers: offers, pins: pins, blocked: blocked)
    }
}
