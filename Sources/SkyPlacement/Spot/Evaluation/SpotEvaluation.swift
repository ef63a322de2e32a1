public import SkyCore

/// How a policy does on one trace from many starts: its cost against running on demand from the first tick to the last.
public struct SpotFigures: Hashable, Sendable {
    public let runs: Int
    public let lateRuns: Int
    public let meanCost: Money
    /// Costs on demand are 1.
    public let mean: Double
    /// Nine of ten runs cost no more; between two runs, linearly interpolated.
    public let ninetiethPercentile: Double
    public let highest: Double

    /// - Parameter costs: not empty.
    init(costs: [Money], lateRuns: Int, onDemand: Money) {
        let base = Double(max(onDemand.nanodollars, 1))
        let relative = costs.map { Double($0.nanodollars) / base }.sorted()
        runs = costs.count
        self.lateRuns = lateRuns
        let sum = costs.reduce(Money.zero, +)
        meanCost = sum.scaled(by: 1, over: Int64(max(costs.count, 1)))
        mean = relative.reduce(0, +) / Double(max(relative.count, 1))
        highest = relative.last ?? 0
        let place = 0.9 * Double(max(relative.count - 1, 0))
        let (below, above) = (Int(place), min(Int(place) + 1, max(relative.count - 1, 0)))
        ninetiethPercentile =
            relative.isEmpty ? 0 : relative[below] + (place - Double(below)) * (relative[above] - relative[below])
    }
}

/// One trace and the ticks at which jobs start on it.
public struct SpotEvaluation: Sendable {
    public let trace: SpotTrace
    public let starts: [Int]

    /// Starts spread evenly over the trace, the first at its beginning, such that a job with the longest deadline still ends
    /// before the trace does.
    ///
    /// - Returns: nil when the trace is too short for one.
    public init?(_ trace: SpotTrace, starts count: Int, longestDeadline: TimeSpan) {
        let room = trace.count - Int(longestDeadline.milliseconds / trace.tick.milliseconds) - 1
        guard room >= 0, count > 0 else { return nil }
        self.trace = trace
        starts = count == 1 ? [0] : (0..<count).map { $0 * room / (count - 1) }
    }

    /// - Returns: nil when the policy does not suit the trace's tick, or a run has no end before the trace has.
    public func figures(of policy: some DeadlinePolicy, _ job: DeadlineJob) -> SpotFigures? {
        guard policy.suits(tick: trace.tick) else { return nil }
        var costs: [Money] = []
        var lateRuns = 0
        for start in starts {
            guard let outcome = SpotSimulation.run(job, on: trace, from: start, policy: policy) else { return nil }
            costs.append(outcome.cost)
            if outcome.isLate { lateRuns += 1 }
        }
        return SpotFigures(costs: costs, lateRuns: lateRuns, onDemand: job.onDemandCost(tick: trace.tick))
    }

    /// What no policy can be below.
    ///
    /// - Returns: nil when a deadline cannot be kept.
    public func optimum(_ job: DeadlineJob) -> SpotFigures? {
        var costs: [Money] = []
        for start in starts {
            guard let cost = OfflineOptimum.cost(of: job, on: trace, from: start) else { return nil }
            costs.append(cost)
        }
        return SpotFigures(costs: costs, lateRuns: 0, onDemand: job.onDemandCost(tick: trace.tick))
    }
}
