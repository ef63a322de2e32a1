/// What a search came to.
struct Answer<Plan: Sendable>: Sendable {
    /// Nil if there is no plan, or none was found.
    var plan: Plan?
    /// Whether it is certain that there is none better.
    var isProven: Bool
    /// When less than the plan's time: nothing is known to be impossible above it.
    var timeBound: Int64 = 0
}

extension Forest {
    /// Steps kept per place in the first, rough sweep.
    private static var roughWidth: Int { 8 }

    /// The cheapest plan that ends by `limit` and costs at most `cap`.
    func cheapest(
        _ costs: CostMessages, limit: Int64, cap: Int64, work: inout Meter, ends: ([Int]) -> Bool
    ) -> Answer<[Int]> {
        guard costs.best <= cap else { return Answer(plan: nil, isProven: true) }
        // Without a thought for time the cheapest plan is quickly found, and is often early enough.
        if let options = cheapestOptions(costs), ends(options) { return Answer(plan: options, isProven: true) }
        let times = timeMessages(limit: limit, alive: alive(costs, cap: cap))
        guard times.options != nil else { return Answer(plan: nil, isProven: true) }
        var rough = LabelPass(self, costs: costs, times: times, limit: limit, cap: cap, width: Self.roughWidth)
        rough.sweepUnmetered(&work)
        let first = rough.cheapest()
        guard rough.isTruncated else { return Answer(plan: first, isProven: true) }
        let better = first.map { min(cap, cost(of: $0)) } ?? cap
        let closer = timeMessages(limit: limit, alive: alive(costs, cap: better))
        guard closer.options != nil else { return Answer(plan: first, isProven: true) }
        var exact = LabelPass(self, costs: costs, times: closer, limit: limit, cap: better)
        guard exact.sweep(work: &work) else { return Answer(plan: first, isProven: false) }
        return Answer(plan: exact.cheapest() ?? first, isProven: true)
    }

    /// The fastest plan that costs at most `budget` (`Network.none`: at any cost). `known` is a plan within it, and
    /// `time` tells a plan's makespan.
    func fastest(
        _ costs: CostMessages, budget: Int64, known: (options: [Int], time: Int64), work: inout Meter,
        time: ([Int]) -> Int64
    ) -> Answer<[Int]> {
        let alive = alive(costs, cap: budget)
        // Places are affordable one by one here: a lower bound when there is a budget, the answer when there is none.
        var rush = TimeLimitSearch(plan: known.options, time: known.time, impossible: -1)
        var probe: Int64? = known.time
        while let limit = probe {
            if let options = timeMessages(limit: limit, alive: alive, bothWays: false).options {
                rush.found(options, time: time(options), within: limit)
            } else {
                rush.failed(limit)
            }
            probe = rush.next
        }
        guard budget < Network.none else { return Answer(plan: rush.plan, isProven: true, timeBound: rush.time) }
        var search = TimeLimitSearch(plan: known.options, time: known.time, impossible: rush.time - 1)
        // A rough sweep comes near the answer; tight limits then keep the exact ones small.
        for width in [Self.roughWidth, .max] {
            while let limit = search.next {
                let times = timeMessages(limit: limit, alive: alive)
                var pass = LabelPass(self, costs: costs, times: times, limit: limit, cap: budget, width: width)
                guard times.options == nil || pass.sweep(work: &work) else {
                    return Answer(plan: search.plan, isProven: false, timeBound: search.bound)
                }
                if times.options != nil, let options = pass.slackest() {
                    search.found(options, time: time(options), within: limit)
                } else if pass.isTruncated {
                    break
                } else {
                    search.failed(limit)
                }
            }
        }
        return Answer(plan: search.plan, isProven: true, timeBound: search.time)
    }

    /// Places that some plan within `cap` uses.
    private func alive(_ costs: CostMessages, cap: Int64) -> [[Bool]] {
        costs.total.map { $0.map { $0 <= cap && $0 < Network.none } }
    }

    private func cost(of options: [Int]) -> Int64 {
        var sum: Int64 = 0
        for (v, node) in nodes.enumerated() {
            let option = node.options[options[v]]
            sum = Network.plus(sum, Network.plus(option.cost, node.cost[option.place]))
            guard let table = node.parentTable else { continue }
            let parentPlace = nodes[node.parent].options[options[node.parent]].place
            sum = Network.plus(
                sum, table.cost(at: option.place * node.strides.own + parentPlace * node.strides.parents))
        }
        return sum
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
