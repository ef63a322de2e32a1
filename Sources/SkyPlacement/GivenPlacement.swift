/// Places every stage where somebody has already decided: a point of a Pareto front, for instance.
public struct GivenPlacement: PlacementPolicy {
    public let name: String
    private let placement: Placement

    public init(_ placement: Placement, name: String) {
        self.placement = placement
        self.name = name
    }

    public func place(_ problem: PlacementProblem) throws(PlacementError) -> Placement { placement }
}
