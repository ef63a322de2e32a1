/// The least of cost − price × work that can still be had from each tick on, by what is running then. For any price,
/// `cost so far + rest + price × work missing` is no more than what finishing the work will have cost.
struct ScheduleBound {
    /// Of a millisecond of work.
    let price: Double
    fileprivate(set) var stopped: [Double]
    fileprivate(set) var spot: [Double]
    fileprivate(set) var onDemand: [Double]

    /// No schedule with this much work costs less.
    func least(for work: Int) -> Double { stopped[0] + price * Double(work) }
}

extension OfflineOptimum {
    /// What a schedule comes to.
    private struct Total {
        var work = 0
        var cost = 0

        func value(at price: Double) -> Double { Double(cost) - price * Double(work) }
    }

    /// The best of all bounds, found by intersecting the lines of two schedules, one that does too little and one that
    /// does enough; nil when even the most work that can be done is not enough.
    func bestBound() -> ScheduleBound? {
        let dear = Double(max(onDemandPrice, spotPrice, 1)) * Double(count + 1) * 2
        var (less, more) = (Total(), best(under: bound(price: dear)))
        guard more.work >= work else { return nil }
        while true {
            let price = Double(more.cost - less.cost) / Double(max(more.work - less.work, 1))
            let bound = bound(price: max(price, 0))
            let total = best(under: bound)
            let gain = less.value(at: bound.price) - bound.stopped[0]
            if gain < 1 || total.work == less.work || total.work == more.work { return bound }
            if total.work < work { less = total } else { more = total }
        }
    }

    private func bound(price: Double) -> ScheduleBound {
        let none = [Double](repeating: 0, count: count + 1)
        var bound = ScheduleBound(price: price, stopped: none, spot: none, onDemand: none)
        for index in stride(from: count - 1, through: 0, by: -1) {
            var best = bound.stopped[index + 1]
            let next = index + startTicks
            if next <= count {
                best = min(best, value(onDemandPrice, startTicks, startWork, price) + bound.onDemand[next])
                if spotRun[index] >= startTicks {
                    best = min(best, value(spotPrice, startTicks, startWork, price) + bound.spot[next])
                }
            }
            bound.stopped[index] = best
            bound.onDemand[index] = min(best, value(onDemandPrice, 1, tick, price) + bound.onDemand[index + 1])
            bound.spot[index] =
                spotRun[index] > 0 ? min(best, value(spotPrice, 1, tick, price) + bound.spot[index + 1]) : best
        }
        return bound
    }

    private func value(_ hourly: Int, _ ticks: Int, _ work: Int, _ price: Double) -> Double {
        Double(hourly * ticks) - price * Double(work)
    }

    /// The schedule that reaches the bound.
    private func best(under bound: ScheduleBound) -> Total {
        var total = Total()
        var index = 0
        var running = SpotChoice.idle
        while index < count {
            let stop = bound.stopped[index]
            let goesOn =
                running == .spot ? bound.spot[index] < stop : running == .onDemand && bound.onDemand[index] < stop
            if goesOn {
                total.work += tick
                total.cost += running == .spot ? spotPrice : onDemandPrice
                index += 1
            } else if bound.stopped[index + 1] == stop {
                running = .idle
                index += 1
            } else {
                let next = index + startTicks
                let spot = value(spotPrice, startTicks, startWork, bound.price) + bound.spot[next]
                running = spotRun[index] >= startTicks && spot == stop ? .spot : .onDemand
                total.work += startWork
                total.cost += (running == .spot ? spotPrice : onDemandPrice) * startTicks
                index = next
            }
        }
        return total
    }
}
