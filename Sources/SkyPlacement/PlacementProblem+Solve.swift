public import SkyCore
import SkySpec

/// Exact answers for the candidates that are left in the problem, as long as `effort` lasts. Equal plans are told apart
/// by cost, then time, then as `docs/placement.md` says, so that the same problem always has the same answer.
extension PlacementProblem {
    /// The placement that costs least, moving data included; with a deadline, of those that are done within it.
    ///
    /// - Throws: `.deadlineTooShort` with what would be possible, `.beyondCounting`.
    public func cheapest(within deadline: TimeSpan? = nil) throws(PlacementError) -> Placement {
        var solver = Solver(network, effort: effort, hint: hintedOptions)
        let limit = deadline.map { min($0.milliseconds, Network.forever - 1) } ?? Network.forever
        let cheapest = solver.cheapest(limit: limit)
        guard let plan = cheapest.plan else {
            let fastest = solver.fastest()
            guard let deadline, let plan = fastest.plan else { throw .beyondCounting }
            if plan.time <= limit {
                return placement(plan, proof(of: plan, cheapest, by: .costWithin(deadline: deadline)))
            }
            throw .deadlineTooShort(
                deadline: deadline, fastest: TimeSpan(milliseconds: plan.time),
                isProven: cheapest.isProven && fastest.isProven)
        }
        return placement(plan, proof(of: plan, cheapest, by: .cost))
    }

    /// The placement that is done first; with a budget, of those that cost no more.
    ///
    /// - Throws: `.budgetTooSmall` with what would be possible, `.beyondCounting`.
    public func fastest(within budget: Money? = nil) throws(PlacementError) -> Placement {
        var solver = Solver(network, effort: effort, hint: hintedOptions)
        let limit = budget.map { min($0.nanodollars, Network.none - 1) } ?? Network.none
        let fastest = solver.fastest(budget: limit)
        guard let plan = fastest.plan else {
            let cheapest = solver.cheapest()
            guard let budget, let plan = cheapest.plan else { throw .beyondCounting }
            if plan.cost <= limit { return placement(plan, proof(of: plan, fastest, by: .time)) }
            throw .budgetTooSmall(
                budget: budget, cheapest: Money(nanodollars: plan.cost),
                isProven: fastest.isProven && cheapest.isProven)
        }
        return placement(plan, proof(of: plan, fastest, by: .time))
    }

    /// The placement with the least cost plus time, an hour of which is worth `perHour`. Negative amounts count as none.
    ///
    /// - Throws: `.beyondCounting`.
    public func leastWeighted(perHour: Money) throws(PlacementError) -> Placement {
        var solver = Solver(network, effort: effort, hint: hintedOptions)
        let worth = max(perHour, .zero)
        let best = solver.leastWeighted(perHour: worth)
        guard let plan = best.plan else { throw .beyondCounting }
        return placement(plan, proof(of: plan, best, by: .weighted(perHour: worth)))
    }

    /// Plans of which none is both cheaper and faster than another, cheapest first.
    ///
    /// - Parameter limit: how many to look for at most; when there are more, those found are spread over the range.
    /// - Throws: `.beyondCounting`.
    public func paretoFront(limit: Int = 50) throws(PlacementError) -> ParetoFront {
        var solver = Solver(network, effort: effort, hint: hintedOptions)
        let front = solver.front(limit: max(limit, 1))
        guard !front.points.isEmpty else { throw .beyondCounting }
        let points = front.points.map { point in
            ParetoFront.Point(
                placement: placement(point.plan, nil), cost: Money(nanodollars: point.plan.cost),
                time: TimeSpan(milliseconds: point.plan.time), isProven: point.isProven)
        }
        return ParetoFront(points: points, isComplete: front.isComplete)
    }

    /// How good a plan is that no solver vouches for: optimal only if it is as good as the bound that holds for all.
    func proof(ofCost cost: Money, time: TimeSpan) -> Plan.Proof {
        var solver = Solver(network, effort: effort)
        let plan = Assignment(options: [], cost: cost.nanodollars, time: time.milliseconds)
        var outcome = Outcome(plan: plan, costBound: solver.costBound(), timeBound: solver.timeBound)
        outcome.isProven =
            switch objective {
            case .cost, .costWithin: plan.cost == outcome.costBound
            case .time, .timeWithin: plan.time == outcome.timeBound
            case .weighted: plan.cost == outcome.costBound && plan.time == outcome.timeBound
            }
        return proof(of: plan, outcome, by: objective)
    }

    private func proof(of plan: Assignment, _ outcome: Outcome, by objective: Objective) -> Plan.Proof {
        let bound: Int64
        let value: Int64
        switch objective {
        case .cost, .costWithin: (value, bound) = (plan.cost, outcome.costBound)
        case .time, .timeWithin: (value, bound) = (plan.time, outcome.timeBound)
        case .weighted(let perHour, _):
            let worth = Worth(perHour: perHour)
            value = worth.value(of: plan)
            bound = max(
                outcome.valueBound, worth.value(cost: outcome.costBound, time: outcome.timeBound))
        }
        let gap = value > 0 ? Double(max(value - bound, 0)) / Double(value) : 0
        return Plan.Proof(
            isOptimal: outcome.isProven && outcome.plan != nil, costLowerBound: Money(nanodollars: outcome.costBound),
            timeLowerBound: TimeSpan(milliseconds: outcome.timeBound), gap: gap)
    }

    private func placement(_ plan: Assignment, _ proof: Plan.Proof?) -> Placement {
        var candidates: [String: Candidate] = [:]
        for (index, stage) in stages.enumerated() {
            candidates[stage.name] = stage.candidates[network.nodes[index].options[plan.options[index]].candidate]
        }
        var placement = Placement(candidates)
        if !isNarrowed { placement.proof = proof }
        return placement
    }
}

/// What can be had: the trade-off between cost and time.
public struct ParetoFront: Sendable {
    public struct Point: Sendable {
        public let placement: Placement
        public let cost: Money
        public let time: TimeSpan
        /// Whether it is certain that no plan is cheaper without being slower, or faster without being dearer.
        public let isProven: Bool
    }

    /// Cheapest, and slowest, first.
    public let points: [Point]
    /// Whether these are all: every other plan is beaten by one of them, or is as cheap and as fast as one.
    public let isComplete: Bool

    /// Without points that are hardly better than one before: a cent cheaper, or a second faster, is what people notice.
    public func noticeable(cent: Money = Money(nanodollars: 10_000_000), second: TimeSpan = .seconds(1)) -> ParetoFront
    {
        var kept: [Point] = []
        for point in points {
            if let last = kept.last, last.time - point.time < second || point.cost - last.cost < cent { continue }
            kept.append(point)
        }
        return ParetoFront(points: kept, isComplete: isComplete)
    }
}
