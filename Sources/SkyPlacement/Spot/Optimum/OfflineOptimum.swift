public import SkyCore

/// The cheapest way to do a job on a trace that is known to its end: no policy can be cheaper.
///
/// Exact. What runs, how much is done and what it has cost are followed tick by tick; of two ways with as much done the
/// dearer is dropped, and so is what a bound shows to end too dear. The bound prices each second of work (Lagrange): the
/// limit is set a little above it and doubled until a schedule is found, which then is the cheapest.
public struct OfflineOptimum: Sendable {
    /// - Returns: nil when no schedule keeps the deadline within the trace.
    public static func cost(of job: DeadlineJob, on trace: SpotTrace, from start: Int = 0) -> Money? {
        guard let problem = OfflineOptimum(job, trace, start) else { return nil }
        // Counted in prices per hour times ticks, whole numbers all the way.
        return problem.solve().map { Money(nanodollars: Int64($0)).perHour(for: trace.tick) }
    }

    /// Ticks until the deadline.
    let count: Int
    /// In milliseconds, as all times here.
    let work: Int
    let tick: Int
    /// In nanodollars per hour.
    let spotPrice: Int
    let onDemandPrice: Int
    /// How many ticks a start's delay takes; the last of them may do some work already.
    let startTicks: Int
    let startWork: Int
    /// For each tick, for how many from it on there is spot without a break.
    let spotRun: [Int]

    private init?(_ job: DeadlineJob, _ trace: SpotTrace, _ start: Int) {
        guard trace.isAvailable.indices.contains(start) else { return nil }
        tick = Int(trace.tick.milliseconds)
        count = min(Int(job.deadline.milliseconds) / tick, trace.count - start)
        work = Int(job.work.milliseconds)
        spotPrice = Int(job.spotPrice.nanodollars)
        onDemandPrice = Int(job.onDemandPrice.nanodollars)
        let delay = Int(job.changeover.milliseconds)
        startTicks = max((delay + tick - 1) / tick, 1)
        startWork = startTicks * tick - delay
        var run = [Int](repeating: 0, count: count + 1)
        for index in stride(from: count - 1, through: 0, by: -1) {
            run[index] = trace.isAvailable[start + index] ? run[index + 1] + 1 : 0
        }
        spotRun = run
    }

    private func solve() -> Int? {
        guard work > 0 else { return 0 }
        guard let bound = bestBound() else { return nil }
        var margin = Double(max(spotPrice, 1))
        while true {
            var search = ScheduleSearch(self, bound, limit: bound.least(for: work) + margin)
            if let cost = search.run() { return cost }
            margin *= 2
        }
    }
}
