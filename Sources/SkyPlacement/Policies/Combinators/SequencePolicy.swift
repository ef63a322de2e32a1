public import SkySpec

/// Two policies one after the other: `first.then(second)`.
public struct SequencePolicy: PlacementPolicy {
    public let first: any PlacementPolicy
    public let second: any PlacementPolicy

    public var name: String { "\(first.name), then \(second.name)" }

    public var markets: WantedMarkets {
        [first.markets, second.markets].contains(.spotAndOnDemand) ? .spotAndOnDemand : .asAsked
    }

    public func objective(insteadOf own: Objective) -> Objective {
        second.objective(insteadOf: first.objective(insteadOf: own))
    }

    public func place(_ problem: PlacementProblem) throws(PlacementError) -> Placement {
        let left = try first.narrow(problem)
        return try left.checked(try second.place(left), by: second.name)
    }

    public func narrow(_ problem: PlacementProblem) throws(PlacementError) -> PlacementProblem {
        try second.narrow(try first.narrow(problem))
    }
}

/// A policy, and another one for when the first finds no placement: `first.otherwise(second)`.
public struct FallbackPolicy: PlacementPolicy {
    public let first: any PlacementPolicy
    public let second: any PlacementPolicy

    public var name: String { "\(first.name), otherwise \(second.name)" }

    public var markets: WantedMarkets {
        [first.markets, second.markets].contains(.spotAndOnDemand) ? .spotAndOnDemand : .asAsked
    }

    public func place(_ problem: PlacementProblem) throws(PlacementError) -> Placement {
        do throws(PlacementError) { return try first.place(problem) } catch {
            guard error.isAboutThePolicy else { throw error }
            return try second.place(problem)
        }
    }

    public func narrow(_ problem: PlacementProblem) throws(PlacementError) -> PlacementProblem {
        do throws(PlacementError) { return try first.narrow(problem) } catch {
            guard error.isAboutThePolicy else { throw error }
            return try second.narrow(problem)
        }
    }
}

extension PlacementError {
    /// True when another policy might find a placement where this one found none.
    fileprivate var isAboutThePolicy: Bool {
        switch self {
        case .noOffers, .deadlineTooShort, .budgetTooSmall, .refused: true
        default: false
        }
    }
}

extension PlacementPolicy {
    /// This policy narrows the choice to what it finds right, and `second` chooses from that: an area's regions and then
    /// the cheapest, a deadline and then the least carbon, the smallest set of providers and then the fastest.
    ///
    /// What is left to the second is what this policy's `narrow` says; of one that makes full placements, nothing.
    public func then(_ second: some PlacementPolicy) -> SequencePolicy { SequencePolicy(first: self, second: second) }

    /// This policy, or `second` where it finds no placement: no candidate, too late, too dear, or refused.
    public func otherwise(_ second: some PlacementPolicy) -> FallbackPolicy {
        FallbackPolicy(first: self, second: second)
    }
}
