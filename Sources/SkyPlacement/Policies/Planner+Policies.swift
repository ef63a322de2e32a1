public import SkyCatalog
import SkyCore
public import SkySpec

extension Planner {
    /// The problem as a policy is to see it: with the markets that it wants to choose from, and the objective that it seeks.
    ///
    /// - Throws: as `PlacementProblem.init`.
    public static func problem(
        _ pipeline: Pipeline, for policy: any PlacementPolicy, offers: some OfferSource,
        history: PlacementHistory = PlacementHistory(), pins: [String: Offer] = [:], blocked: [BlockedPlace] = [],
        outlooks: DeadlineOutlooks = DeadlineOutlooks()
    ) throws(PlacementError) -> PlacementProblem {
        var problem = try PlacementProblem(
            pipeline: pipeline.widened(to: policy.markets), offers: offers, history: history, pins: pins,
            blocked: blocked, outlooks: outlooks)
        problem.objective = policy.objective(insteadOf: pipeline.objective)
        return problem
    }
}

extension PlacementProblem {
    /// - Throws: `PlacementError.policyMisbehaved` if the plan does not keep deadline and budget.
    func checkLimits(_ plan: PricedPlacement, of policy: String) throws(PlacementError) {
        var faults: [PlacementError.PolicyFault] = []
        if let deadline, plan.totalTime > deadline { faults.append(.tooLate(deadline: deadline, time: plan.totalTime)) }
        if let budget, plan.totalCost > budget { faults.append(.tooDear(budget: budget, cost: plan.totalCost)) }
        guard faults.isEmpty else { throw .policyMisbehaved(policy: policy, faults: faults) }
    }
}
