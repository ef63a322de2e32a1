public import SkyCore
public import SkySpec

/// Least cost, moving data included; of those the fastest.
public struct CheapestPolicy: PlacementPolicy {
    /// The plan must be done within it; nil for the pipeline's own deadline, if it has one.
    public var deadline: TimeSpan?

    public init(deadline: TimeSpan? = nil) { self.deadline = deadline }

    public var name: String { deadline.map { "cheapest within \($0)" } ?? "cheapest" }

    public func objective(insteadOf own: Objective) -> Objective {
        if let deadline { return .costWithin(deadline: deadline) }
        if case .costWithin = own { return own }
        return .cost
    }

    public func place(_ problem: PlacementProblem) throws(PlacementError) -> Placement {
        try problem.within(deadline: deadline).leastCost()
    }

    /// With a deadline of its own it leaves all that is done in time, else all that is as cheap.
    public func narrow(_ problem: PlacementProblem) throws(PlacementError) -> PlacementProblem {
        if let deadline { return problem.within(deadline: deadline) }
        let placement = try place(problem)
        guard !problem.isRepriced else {
            return try problem.keeping { stage, candidate in placement[stage.name] == candidate }
        }
        return problem.within(budget: try problem.totals(of: placement).cost)
    }
}

/// Least time from launch until the last stage is done and every service up; of those the cheapest.
public struct FastestPolicy: PlacementPolicy {
    /// The plan must cost no more; nil for the pipeline's own budget, if it has one.
    public var budget: Money?

    public init(budget: Money? = nil) { self.budget = budget }

    public var name: String { budget.map { "fastest within \($0)" } ?? "fastest" }

    public func objective(insteadOf own: Objective) -> Objective {
        if let budget { return .timeWithin(budget: budget) }
        if case .timeWithin = own { return own }
        return .time
    }

    public func place(_ problem: PlacementProblem) throws(PlacementError) -> Placement {
        try problem.within(budget: budget).leastTime()
    }

    /// With a budget of its own it leaves all that is affordable, else all that is as fast.
    public func narrow(_ problem: PlacementProblem) throws(PlacementError) -> PlacementProblem {
        if let budget { return problem.within(budget: budget) }
        return problem.within(deadline: try problem.totals(of: try place(problem)).time)
    }
}

/// Least cost plus time, an hour of which is worth `perHour`: between cheapest (nothing) and fastest (a fortune); plus
/// risk, where expecting one interruption less is worth `perInterruption`.
public struct WeightedPolicy: PlacementPolicy {
    public var perHour: Money
    public var perInterruption: Money

    public init(perHour: Money, perInterruption: Money = .zero) {
        self.perHour = perHour
        self.perInterruption = perInterruption
    }

    public var name: String {
        let risk = perInterruption > .zero ? " and an interruption \(readable(perInterruption))" : ""
        return "least cost with an hour worth \(readable(perHour))\(risk)"
    }

    public func objective(insteadOf own: Objective) -> Objective {
        .weighted(perHour: perHour, perInterruption: perInterruption)
    }

    public func place(_ problem: PlacementProblem) throws(PlacementError) -> Placement {
        try problem.leastWorth(perHour: perHour, perInterruption: perInterruption)
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
        case .weighted(let perHour, let perInterruption):
            WeightedPolicy(perHour: perHour, perInterruption: perInterruption)
        }
    }
}
