public import SkyCore
public import SkySpec

/// A policy that is shown a part of the candidates only: `policy.filter { stage, candidate in … }`.
public struct FilteredPolicy: PlacementPolicy {
    public let name: String
    private let base: any PlacementPolicy
    private let isKept: @Sendable (StageChoices, Candidate) -> Bool

    init(_ base: any PlacementPolicy, name: String, _ isKept: @escaping @Sendable (StageChoices, Candidate) -> Bool) {
        self.base = base
        self.name = name
        self.isKept = isKept
    }

    public var markets: WantedMarkets { base.markets }

    public func objective(insteadOf own: Objective) -> Objective { base.objective(insteadOf: own) }

    public func place(_ problem: PlacementProblem) throws(PlacementError) -> Placement {
        let left = try problem.keeping(isKept)
        return try left.checked(try base.place(left), by: base.name)
    }

    public func narrow(_ problem: PlacementProblem) throws(PlacementError) -> PlacementProblem {
        try base.narrow(try problem.keeping(isKept))
    }
}

/// A policy that sees higher prices than the true ones: `policy.penalising { stage, candidate in … }`.
public struct PenalisingPolicy: PlacementPolicy {
    public let name: String
    private let base: any PlacementPolicy
    private let penalty: @Sendable (StageChoices, Candidate) -> Money

    init(_ base: any PlacementPolicy, name: String, _ penalty: @escaping @Sendable (StageChoices, Candidate) -> Money) {
        self.base = base
        self.name = name
        self.penalty = penalty
    }

    public var markets: WantedMarkets { base.markets }

    public func objective(insteadOf own: Objective) -> Objective { base.objective(insteadOf: own) }

    public func place(_ problem: PlacementProblem) throws(PlacementError) -> Placement {
        let dearer = problem.penalising(penalty)
        return try dearer.checked(try base.place(dearer), by: base.name)
    }

    public func narrow(_ problem: PlacementProblem) throws(PlacementError) -> PlacementProblem {
        try base.narrow(problem.penalising(penalty))
    }
}

extension PlacementPolicy {
    /// The same policy, which gets to see only what `isKept` accepts. Pinned stages are not asked about.
    ///
    /// - Parameter name: shown in plans; nil for this policy's own.
    public func filter(
        as name: String? = nil, _ isKept: @escaping @Sendable (StageChoices, Candidate) -> Bool
    ) -> FilteredPolicy { FilteredPolicy(self, name: name ?? self.name, isKept) }

    /// The same policy, to which candidates seem to cost so much more (or less, if negative) than they do. What the plan
    /// reports are true costs.
    ///
    /// - Parameter name: shown in plans; nil for this policy's own.
    public func penalising(
        as name: String? = nil, _ penalty: @escaping @Sendable (StageChoices, Candidate) -> Money
    ) -> PenalisingPolicy { PenalisingPolicy(self, name: name ?? self.name, penalty) }
}
