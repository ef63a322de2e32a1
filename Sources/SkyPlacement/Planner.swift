public import SkyCatalog
import SkyCore
public import SkySpec

/// Turns a pipeline and a catalog into a plan: sets up the problem, asks the policy, checks what it says, and explains
/// the result. Starts nothing and reads nothing but its arguments.
public struct Planner: Sendable {
    /// Elementary steps that may go into all runner-ups together, so that a plan stays a matter of milliseconds; past
    /// that they are the best found.
    private static let workOfRunnerUps = 3_000_000
    /// In pipelines of more stages than this the cheapest runners-up are found all at once, where that can be done. They
    /// are as cheap; of equals it may not be the fastest.
    private static let fewStages = 12

    public init() {}

    /// - Parameters:
    ///   - policy: who chooses; nil for the built-in policy that the pipeline's objective names.
    ///   - pins: stages that stay on the offer they run on.
    ///   - blocked: what must not be used.
    ///   - history: where the stages ran before.
    /// - Throws: why there is no plan; `.policyMisbehaved` if the policy chose something that is not there.
    public func plan(
        _ pipeline: Pipeline, offers: some OfferSource, policy: (any PlacementPolicy)? = nil,
        history: PlacementHistory = PlacementHistory(), pins: [String: Offer] = [:], blocked: [BlockedPlace] = []
    ) throws(PlacementError) -> Plan {
        let policy = policy ?? pipeline.objective.policy
        let problem = try Self.problem(
            pipeline, for: policy, offers: offers, history: history, pins: pins, blocked: blocked)
        return try plan(problem, policy: policy)
    }

    /// - Parameter rival: who looks for the runners-up; nil for the policy itself.
    /// - Throws: why there is no plan; `.policyMisbehaved` if the policy chose something that is not there.
    public func plan(
        _ problem: PlacementProblem, policy: any PlacementPolicy, rival: (any PlacementPolicy)? = nil
    ) throws(PlacementError) -> Plan {
        let (problem, placement) = try TransferSearch(problem, policy).best()
        let priced = PricedPlacement(problem, try problem.chosen(placement, by: policy.name))
        try problem.checkLimits(priced, of: policy.name)
        let reasons = ReasonWriter(problem, priced, policy: policy.name)
        let atOnce = runnersUpAtOnce(to: priced.candidates, problem, rival ?? policy)
        let stages = problem.stages.enumerated().map { index, stage in
            let candidate = priced.candidates[index]
            return PlannedStage(
                stage: stage.name, offer: candidate.offer, numNodes: candidate.numNodes,
                pricePerHour: candidate.pricePerHour, duration: candidate.duration,
                durationRange: candidate.durationRange, durationSource: candidate.durationSource,
                heldTime: candidate.heldTime, interruptions: candidate.interruptions,
                reliability: candidate.reliability, cost: candidate.cost, costParts: candidate.costParts,
                deadline: candidate.deadline, reason: reasons.reason(forStage: index),
                runnerUp: atOnce.map { $0[index] }
                    ?? runnerUp(to: priced.candidates, ofStage: index, problem, rival ?? policy),
                replicas: stage.replicas)
        }
        return Plan(
            pipeline: problem.pipeline, objective: problem.objective, policy: policy.name, stages: stages,
            transfers: priced.transfers, totalCost: priced.totalCost, totalTime: priced.totalTime,
            proof: proof(of: placement, problem, priced), outlook: Outlooks(problem, priced).outlook,
            caveats: problem.caveats + placement.remarks)
    }

    /// A placement that no solver vouches for is optimal only if it is as cheap as the bound that holds for all.
    private func proof(
        of placement: Placement, _ problem: PlacementProblem, _ priced: PricedPlacement
    ) -> Plan.Proof {
        if let proof = placement.proof { return proof }
        return problem.proof(ofCost: priced.totalCost, time: priced.totalTime)
    }

    /// By stage; nil where each has to be looked for by itself.
    private func runnersUpAtOnce(
        to chosen: [Candidate], _ problem: PlacementProblem, _ policy: any PlacementPolicy
    ) -> [PlannedStage.RunnerUp?]? {
        guard problem.stages.count > Self.fewStages, let cheapest = policy as? CheapestPolicy, cheapest.deadline == nil,
            problem.deadline == nil, problem.budget == nil, !problem.isRepriced
        else { return nil }
        return problem.cheapestRunnersUp(to: chosen)?.enumerated().map { index, candidates in
            candidates.map { candidates in
                let priced = PricedPlacement(problem, candidates)
                return PlannedStage.RunnerUp(
                    offer: candidates[index].offer, totalCost: priced.totalCost, totalTime: priced.totalTime)
            }
        }
    }

    /// The policy's plan without this stage's region and instance type.
    private func runnerUp(
        to chosen: [Candidate], ofStage index: Int, _ problem: PlacementProblem, _ policy: any PlacementPolicy
    ) -> PlannedStage.RunnerUp? {
        let others = problem.stages[index].candidates.others(than: chosen[index])
        guard !others.isEmpty else { return nil }
        var narrowed = problem
        narrowed.replaceCandidates(of: index, by: others)
        narrowed.hint = chosen
        narrowed.asksForRunnerUp = true
        narrowed.transferChoice?.picked = [:]
        narrowed.effort = .steps(Self.workOfRunnerUps / problem.stages.count)
        guard let placement = try? policy.place(narrowed),
            let candidates = try? narrowed.chosen(placement, by: policy.name)
        else { return nil }
        let priced = PricedPlacement(narrowed, candidates)
        return PlannedStage.RunnerUp(
            offer: candidates[index].offer, totalCost: priced.totalCost, totalTime: priced.totalTime)
    }
}
