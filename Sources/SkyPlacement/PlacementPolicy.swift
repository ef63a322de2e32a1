public import SkyCore
public import SkySpec

/// A rule that chooses where each stage runs. The built-in policies below are all there is to one.
///
/// A policy is asked for the plan, and once more for each stage's runner-up with the choice for that stage taken away;
/// it should therefore depend on nothing but the problem. Whatever it returns is checked against the problem.
public protocol PlacementPolicy: Sendable {
    /// Shown in plans.
    var name: String { get }

    /// - Throws: any `PlacementError`; `.refused` when there is no placement that the policy would allow.
    func place(_ problem: PlacementProblem) throws(PlacementError) -> Placement
}

/// Least cost, moving data included.
public struct CheapestPolicy: PlacementPolicy {
    /// The plan must be done within it.
    public var deadline: TimeSpan?

    public init(deadline: TimeSpan? = nil) { self.deadline = deadline }

    public var name: String { deadline.map { "cheapest within \($0)" } ?? "cheapest" }

    public func place(_ problem: PlacementProblem) throws(PlacementError) -> Placement {
        try problem.cheapest(within: deadline)
    }
}

/// Least time from launch until the last stage is done and every service up; of those the cheapest.
public struct FastestPolicy: PlacementPolicy {
    /// The plan must cost no more.
    public var budget: Money?

    public init(budget: Money? = nil) { self.budget = budget }

    public var name: String { budget.map { "fastest within \($0)" } ?? "fastest" }

    public func place(_ problem: PlacementProblem) throws(PlacementError) -> Placement {
        try problem.fastest(within: budget)
    }
}

/// Least cost plus time, an hour of which is worth `perHour`.
public struct WeightedPolicy: PlacementPolicy {
    public var perHour: Money

    public init(perHour: Money) { self.perHour = perHour }

    public var name: String { "least cost with an hour worth \(readable(perHour))" }

    public func place(_ problem: PlacementProblem) throws(PlacementError) -> Placement {
        try problem.leastWeighted(perHour: perHour)
    }
}

extension Objective {
    /// The built-in policy that seeks exactly this.
    public var policy: any PlacementPolicy {
        switch self {
        case .cost: CheapestPolicy()
        case .costWithin(let deadline): CheapestPolicy(deadline: deadline)
        case .time: FastestPolicy()
        case .timeWithin(let budget): FastestPolicy(budget: budget)
        case .weighted(let perHour): WeightedPolicy(perHour: perHour)
        }
    }
}
