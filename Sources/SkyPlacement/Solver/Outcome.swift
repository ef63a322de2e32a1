import SkyCore

/// What solving for an objective came to.
struct Outcome: Sendable {
    /// Nil if there is no plan, or none was found.
    var plan: Assignment?
    /// Whether it is certain that there is none better.
    var isProven = false
    /// Of plans that are as good, it is certain that none is better by the second measure.
    var isBestOfEquals = false
    /// No plan that ends within the time limit costs less.
    var costBound: Int64 = 0
    /// No plan within the budget ends sooner.
    var timeBound: Int64 = 0
    /// For weighted objectives: no plan has a smaller weighted sum.
    var valueBound: Int64 = 0
}

/// What time is worth.
struct Worth: Sendable {
    let perHour: Money

    func value(of plan: Assignment) -> Int64 { value(cost: plan.cost, time: plan.time) }

    func value(cost: Int64, time: Int64) -> Int64 {
        let worth = min(perHour.perHour(for: TimeSpan(milliseconds: time)).nanodollars, Network.none)
        return Network.plus(cost, worth)
    }

    /// The longest time that is worth no more than `amount`; at most `limit`.
    func longest(for amount: Int64, upTo limit: Int64) -> Int64 {
        var (low, high) = (Int64(-1), limit)
        while low < high {
            let middle = high - (high - low) / 2
            if value(cost: 0, time: middle) <= amount { low = middle } else { high = middle - 1 }
        }
        return low
    }
}
