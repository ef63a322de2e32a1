import SkyCatalog
import SkyCore
public import SkySpec

extension Planner {
    /// Works out why the plan is as it is. Plans anew once for every constraint that rules something out by itself.
    public func explain(
        _ plan: Plan, of pipeline: Pipeline, offers: some OfferSource, policy: any PlacementPolicy,
        history: PlacementHistory = PlacementHistory()
    ) throws(PlacementError) -> PlanExplanation {
        let outlooks = DeadlineOutlooks()
        let problem = try Self.problem(pipeline, for: policy, offers: offers, history: history, outlooks: outlooks)
        let free = try problem.withFreeEgress.cheapest(within: problem.deadline)
        let relaxer = Relaxer(
            plan: plan, pipeline: pipeline, offers: offers, policy: policy, history: history,
            outlooks: outlooks)
        let stages = pipeline.stages.enumerated().map { index, stage in
            let eliminations = problem.stages[index].requests.compactMap { offers.elimination(for: $0) }
            let planned = plan.stage(named: stage.name)
            return PlanExplanation.Stage(
                stage: stage.name, eliminations: eliminations,
                relaxations: relaxer.relaxations(ofStage: index, eliminations),
                withFreeEgress: free[stage.name].flatMap { $0.location == planned?.offer.location ? nil : $0.offer })
        }
        let alone = free.candidates.values.reduce(Money.zero) { $0 + $1.cost }
        let chosen = plan.stages.reduce(Money.zero) { $0 + $1.cost }
        return PlanExplanation(
            stages: stages, egress: plan.transfers.reduce(.zero) { $0 + $1.cost },
            priceOfDataGravity: max(chosen - alone, .zero))
    }

    /// Of every stage that has no offer, what its requests fell to.
    public func explainNothing(
        _ stages: [PlacementError.StageWithoutOffer], of pipeline: Pipeline, offers: some OfferSource
    )
        -> [NothingFits]
    {
        let residency = Residency(pipeline)
        let limits = TimeLimits(offers, history: PlacementHistory(), speeds: [:])
        return stages.compactMap { empty in
            guard let stage = pipeline.stage(named: empty.stage) else { return nil }
            let requests = limits.requests(of: stage, residency)
            return NothingFits(
                stage: empty.stage, eliminations: requests.compactMap { offers.elimination(for: $0) },
                reason: empty.reason)
        }
    }
}

extension PlacementProblem {
    /// The same with moving data for nothing; it takes as long.
    fileprivate var withFreeEgress: PlacementProblem {
        var free = self
        let costs = trueTransferCosts
        free.trueTransfers = costs
        free.setTransferCosts(
            TransferCosts(
                edges: costs.edges.map { $0.map { [Int64](repeating: 0, count: $0.count) } },
                entries: costs.entries.map { [Int64](repeating: 0, count: $0.count) }))
        return free
    }
}

/// Gives up one constraint at a time.
private struct Relaxer<Source: OfferSource> {
    let plan: Plan
    let pipeline: Pipeline
    let offers: Source
    let policy: any PlacementPolicy
    let history: PlacementHistory
    let outlooks: DeadlineOutlooks

    func relaxations(ofStage index: Int, _ eliminations: [OfferElimination]) -> [PlanExplanation.Relaxation] {
        var found: [PlanExplanation.Relaxation] = []
        let requests = pipeline.stages[index].acceptableResources.map { $0.sized(for: pipeline.stages[index]) }
        for (number, elimination) in eliminations.enumerated() where requests.indices.contains(number) {
            for step in elimination.steps where step.unlocked > 0 {
                guard let relaxed = requests[number].relaxing(step.constraint) else { continue }
                if let one = relaxation(step.phrase, ofStage: index, requests, number, relaxed) { found.append(one) }
            }
        }
        return found.sorted { ($1.saved, $0.phrase) < ($0.saved, $1.phrase) }
    }

    private func relaxation(
        _ phrase: String, ofStage index: Int, _ requests: [ResourceRequest], _ number: Int, _ relaxed: ResourceRequest
    ) -> PlanExplanation.Relaxation? {
        var other = pipeline
        var all = requests
        all[number] = relaxed
        other.stages[index].resources = relaxed
        other.stages[index].alternatives = all.count > 1 ? all : []
        guard
            let problem = try? Planner.problem(
                other, for: policy, offers: offers, history: history, outlooks: outlooks),
            let placement = try? policy.place(problem), let totals = try? problem.totals(of: placement),
            let candidate = placement[pipeline.stages[index].name], totals.cost < plan.totalCost
        else { return nil }
        return PlanExplanation.Relaxation(
            phrase: phrase, offer: candidate.offer, totalCost: totals.cost, totalTime: totals.time,
            saved: plan.totalCost - totals.cost)
    }
}
