import SkyCatalog

/// Spot machines wherever there are any, also for stages that do not say `use_spot`; on-demand ones where there are none,
/// or where only they keep the deadline. As few stages on demand as possible, and of those ways the cheapest.
public struct SpotFirstPolicy: PlacementPolicy {
    public init() {}

    public var name: String { "spot first" }

    public var markets: WantedMarkets { .spotAndOnDemand }

    public func place(_ problem: PlacementProblem) throws(PlacementError) -> Placement {
        var placement = try problem.ranking { _, candidate in Self.rank(candidate) }.best()
        let onDemand = problem.stages.map(\.name).filter { placement[$0]?.offer.market == .onDemand }
        if !onDemand.isEmpty, onDemand.count < problem.stages.count {
            placement.remarks.append(
                "on demand, for want of a spot machine that fits: \(onDemand.joined(separator: ", "))")
        }
        return placement
    }

    /// Each stage keeps the market that it got.
    public func narrow(_ problem: PlacementProblem) throws(PlacementError) -> PlacementProblem {
        let placement = try place(problem)
        return try problem.keeping { stage, candidate in
            candidate.offer.market == placement[stage.name]?.offer.market
        }
    }

    private static func rank(_ candidate: Candidate) -> Int { candidate.offer.market == .spot ? 0 : 1 }
}
