public import SkyCore

/// Exact answers for the candidates that are left in the problem. Equal plans are told apart by cost, then time, then
/// the names of their places, so that the same problem always has the same answer.
extension PlacementProblem {
    /// The placement that costs least, moving data included; with a deadline, of those that are done within it.
    ///
    /// - Throws: `.deadlineTooShort` with what would be possible, `.beyondCounting`.
    public func cheapest(within deadline: TimeSpan? = nil) throws(PlacementError) -> Placement {
        var solver = Solver(network, work: workLimit, hint: hintedOptions)
        let limit = deadline.map { min($0.milliseconds, Network.forever - 1) } ?? Network.forever
        let cheapest = solver.cheapest(limit: limit)
        guard let plan = cheapest.answer.plan else {
            let fastest = solver.fastest()
            guard let deadline, let plan = fastest.plan else { throw .beyondCounting }
            if plan.time <= limit { return placement(plan, isOptimal: false, bound: cheapest.bound) }
            throw .deadlineTooShort(
                deadline: deadline, fastest: TimeSpan(milliseconds: plan.time),
                isProven: cheapest.answer.isProven && fastest.isProven)
        }
        return placement(plan, isOptimal: cheapest.answer.isProven, bound: cheapest.bound)
    }

    /// The placement that is done first; with a budget, of those that cost no more.
    ///
    /// - Throws: `.budgetTooSmall` with what would be possible, `.beyondCounting`.
    public func fastest(within budget: Money? = nil) throws(PlacementError) -> Placement {
        var solver = Solver(network, work: workLimit, hint: hintedOptions)
        let limit = budget.map { min($0.nanodollars, Network.none - 1) } ?? Network.none
        let fastest = solver.fastest(budget: limit)
        guard let plan = fastest.plan else {
            let cheapest = solver.cheapest()
            guard let budget, let plan = cheapest.answer.plan else { throw .beyondCounting }
            if plan.cost <= limit { return placement(plan, isOptimal: false, bound: cheapest.bound) }
            throw .budgetTooSmall(
                budget: budget, cheapest: Money(nanodollars: plan.cost),
                isProven: fastest.isProven && cheapest.answer.isProven)
        }
        return placement(plan, isOptimal: fastest.isProven, bound: solver.costBound())
    }

    /// No placement of this problem costs less than this.
    var costLowerBound: Money {
        var solver = Solver(network, work: workLimit)
        return Money(nanodollars: solver.costBound())
    }

    private func placement(_ plan: Assignment, isOptimal: Bool, bound: Int64) -> Placement {
        var candidates: [String: Candidate] = [:]
        for (index, stage) in stages.enumerated() {
            candidates[stage.name] = stage.candidates[network.nodes[index].options[plan.options[index]].candidate]
        }
        var placement = Placement(candidates)
        if !isNarrowed {
            placement.proof = Plan.Proof(isOptimal: isOptimal, costLowerBound: Money(nanodollars: bound))
        }
        return placement
    }
}
