public import SkyCore

/// Prefers to work where the bytes are: moves as few of them between regions as possible, and of those ways takes the
/// cheapest. With a price per gigabyte it weighs instead: every gigabyte that moves counts so much more than it costs.
public struct DataGravityPolicy: PlacementPolicy {
    /// On top of the tariff, per 10⁹ bytes that leave a region; nil: fewer bytes are better at any price.
    public var pricePerGigabyte: Money?

    public init(pricePerGigabyte: Money? = nil) { self.pricePerGigabyte = pricePerGigabyte }

    public var name: String { pricePerGigabyte.map { "data gravity at \(readable($0))/GB" } ?? "data gravity" }

    public func place(_ problem: PlacementProblem) throws(PlacementError) -> Placement {
        guard let pricePerGigabyte else {
            return try problem.rankingTransfers { flow, from, to in
                from == to ? 0 : Int(clamping: flow.size.bytes)
            }.best()
        }
        return try problem.penalisingTransfers { flow, from, to in
            from == to ? .zero : pricePerGigabyte.perGigabyte(for: flow.size)
        }.best()
    }

    /// Each stage stays in the region that it got.
    public func narrow(_ problem: PlacementProblem) throws(PlacementError) -> PlacementProblem {
        let placement = try place(problem)
        return try problem.keeping { stage, candidate in candidate.location == placement[stage.name]?.location }
    }
}
