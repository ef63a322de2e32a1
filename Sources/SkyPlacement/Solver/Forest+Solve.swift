/// What a search came to.
struct Answer<Plan: Sendable>: Sendable {
    /// Nil if there is no plan, or none was found.
    var plan: Plan?
    /// Whether it is certain that there is none better.
    var isProven: Bool
    /// Of plans that are as good, it is certain that none is better by the second measure.
    var isBestOfEquals = false
    /// When less than the plan's time: nothing is known to be impossible above it.
    var timeBound: Int64 = 0
}

extension Forest {
    /// The plan that ends first of those whose places, one by one, are in some plan within the budget. Without a budget
    /// (`Network.none`) that is the fastest plan; with one, no plan within it ends sooner.
    ///
    /// - Parameters:
    ///   - known: a plan within the budget.
    ///   - time: tells a plan's makespan.
    func fastest(
        _ costs: CostMessages, budget: Int64, known: (options: [Int], time: Int64), time: ([Int]) -> Int64
    ) -> (options: [Int], time: Int64) {
        let alive = costs.total.map { $0.map { $0 <= budget && $0 < Network.none } }
        var search = TimeLimitSearch(plan: known.options, time: known.time, impossible: -1)
        while let limit = search.next {
            if let options = timelyOptions(limit: limit, alive: alive) {
                search.found(options, time: time(options), within: limit)
            } else {
                search.failed(limit)
            }
        }
        return (search.plan, search.time)
    }
}

/// Narrows down the smallest makespan. A found plan is often the best already, so the limit just below it is tried in
/// turn with the middle of what is left.
struct TimeLimitSearch<Plan> {
    private(set) var plan: Plan
    private(set) var time: Int64
    /// No plan is this fast.
    private var impossible: Int64
    private var triesJustBelow = true

    init(plan: Plan, time: Int64, impossible: Int64) {
        self.plan = plan
        self.time = time
        self.impossible = impossible
    }

    /// No plan is faster.
    var bound: Int64 { min(time, impossible + 1) }

    /// The limit to try next; nil when `plan` is the fastest.
    var next: Int64? {
        guard time - impossible > 1 else { return nil }
        return triesJustBelow ? time - 1 : impossible + (time - impossible) / 2
    }

    /// `plan` was found when asked to keep `limit`.
    mutating func found(_ plan: Plan, time: Int64, within limit: Int64) {
        guard time < self.time else { return }
        triesJustBelow = limit < self.time - 1 || !triesJustBelow
        self.plan = plan
        self.time = time
    }

    mutating func failed(_ limit: Int64) {
        impossible = max(impossible, limit)
        triesJustBelow = true
    }
}
