import SkyCore
import SkySpec

/// What a placement comes to when things go well, as expected, or badly.
struct Outlooks {
    private let problem: PlacementProblem
    private let priced: PricedPlacement

    init(_ problem: PlacementProblem, _ priced: PricedPlacement) {
        self.problem = problem
        self.priced = priced
    }

    var outlook: Plan.Outlook {
        let (good, bad) = (total(.good) { $0.low }, total(.bad) { $0.high })
        // A plan's own time is what it promises; a stage with a deadline on spot should be done before.
        let usual = total(.usual) { $0.expected }
        return Plan.Outlook(
            cost: Estimate(low: good.cost, expected: priced.totalCost, high: bad.cost),
            time: Estimate(low: good.time, expected: usual.time, high: bad.time))
    }

    private func total(
        _ luck: StageCostModel.Luck, size: (Estimate<DataSize>) -> DataSize
    ) -> (cost: Money, time: TimeSpan) {
        let outcomes = zip(problem.stages, priced.candidates).map { stage, candidate in
            // A stage that runs already has its machines, and its past is known.
            stage.isPinned ? stage.outcome(.usual, of: candidate) : stage.outcome(luck, of: candidate)
        }
        let geography = problem.geography
        let places = priced.candidates.indices.map {
            geography.location(ofStage: $0, candidate: priced.candidates[$0].index)
        }
        var cost = outcomes.reduce(Money.zero) { $0 + $1.parts.total }
        var crossing: [TimeSpan] = []
        for (index, flow) in problem.flows.enumerated() {
            let source = geography.origin(of: flow.source, places)
            let amount = max(size(flow.sizeRange), .zero)
            let way = problem.crossing(of: index, size: amount, from: source, to: places[flow.reader])
            cost += way.cost
            crossing.append(way.time)
        }
        return (cost, PricedPlacement.makespan(problem, outcomes.map(\.path), crossing))
    }
}
