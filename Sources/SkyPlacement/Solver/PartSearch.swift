/// The best plan of a network that comes apart (`Decomposition`), and the proof of it.
///
/// `PartBounds` say how good a plan can be at best; mostly the best one is a few thousandths of a percent from that.
/// So all that could be part of a plan so near the bound is gone through (`PartFronts`), then of one farther from it, and
/// so on: what is found first is the best. Where there is too much to go through, the bounds are made sharper first.
struct PartSearch {
    private let network: Network
    private let plan: Decomposition
    private var bounds: PartBounds
    private(set) var best: Assignment?
    /// Whether the effort ended before all was gone through.
    private(set) var isExhausted = false

    /// What is searched for, and what it must not exceed.
    private enum Aim {
        /// Of plans that end by the limit the one of the least cost, or value.
        case least(PartFronts.Goal)
        /// The plan that ends first of those that cost no more.
        case first(cap: Int64)

        var cap: Int64? { if case .first(let cap) = self { cap } else { nil } }
    }

    /// Of the bound: how far the best plan is thought to be from it at first.
    private static let nearness = 1e-5

    /// - Parameters:
    ///   - price: about what a millisecond of the whole plan is worth.
    ///   - worth: that it is worth exactly so much, for the least value of plans.
    init(_ network: Network, _ plan: Decomposition, limit: Int64, price: Double, worth: Double? = nil) {
        self.network = network
        self.plan = plan
        bounds = PartBounds(network, plan, limit: limit, price: price > 0 ? price : 1_000, worth: worth)
    }

    /// The cheapest plan that ends by the limit and costs no more than `cap`; with a worth, the one of the least value.
    /// Returns a bound: no plan that ends by the limit costs less, unless it is `best`.
    mutating func cheapest(cap: Int64, worth: Worth? = nil, _ meter: inout Meter) -> Int64 {
        let aim = Aim.least(worth.map { .least($0) } ?? .cheapest)
        bounds.focus(cap: nil, enough: cap, isRough: true, &meter)
        guard let least = bounds.leastCost, least <= cap else { return Network.plus(cap, 1) }
        return search(aim, from: least, upTo: cap, Pace(max(Int64(Double(least) * Self.nearness), 1)), &meter)
    }

    /// The fastest plan that costs no more than `cap` and ends by the limit. Returns a bound: no plan that costs no more
    /// ends sooner, unless it is `best`.
    ///
    /// - Parameter earliest: none ends before this.
    mutating func fastest(cap: Int64, from earliest: Int64, _ meter: inout Meter) -> Int64 {
        let last = bounds.limit
        bounds.focus(cap: cap, enough: last, isRough: true, &meter)
        guard let bound = bounds.earliestEnd(cap: cap, by: last) else { return last + 1 }
        let soonest = max(bound, earliest)
        return search(
            .first(cap: cap), from: soonest, upTo: last, Pace(max((last - soonest) / Pace.reach, 1)), &meter)
    }

    /// - Parameters:
    ///   - least: no plan costs less, or ends sooner, as far as the present, rough bounds tell.
    ///   - greatest: only plans that cost no more, or end by then, are looked for.
    private mutating func search(
        _ aim: Aim, from least: Int64, upTo greatest: Int64, _ pace: Pace, _ meter: inout Meter
    ) -> Int64 {
        var (least, last, pace) = (least, greatest, pace)
        let rough = bounds
        while least <= last, !meter.isOver {
            // What is left for plans that are no worse than this is looked at closely.
            var farthest = pace.farthest(from: least, upTo: last)
            bounds = rough
            narrow(aim, to: farthest, pace.patience, &meter)
            while least <= min(farthest, last) {
                guard let bound = bound(aim, by: farthest) else {
                    least = farthest + 1
                    break
                }
                least = max(least, bound)
                let top = min(pace.next(from: least), farthest, last)
                guard least <= top, !meter.isOver else { break }
                let before = meter.stepsLeft
                switch goneThrough(aim, to: top, pace.patience * Pace.stride, &meter) {
                case .found:
                    guard let best else { return least }
                    guard case .first = aim else { return top }
                    // Sides keep the limit, but are not the faster for it.
                    guard plan.isSided else { return best.time }
                    last = best.time - 1
                case .none:
                    least = top + 1
                    pace.foundNothing(for: before - meter.stepsLeft)
                case .tooMuch:
                    guard !meter.isOver else { break }
                    pace.foundTooMuch()
                    farthest = top
                    narrow(aim, to: farthest, pace.patience, &meter)
                }
            }
        }
        isExhausted = least <= last
        guard case .first = aim, let best else { return least }
        return isExhausted ? least : best.time
    }

    /// The fastest plan that ends by the limit and costs no more than `cost`, which is the least that any costs. What costs
    /// alone leave open is little then.
    mutating func fastestOfCheapest(cost: Int64, _ meter: inout Meter) -> Assignment? {
        bounds.recentre(0)
        while !meter.isOver {
            bounds.tell(spread: 0.5, isRough: true)
            tellOutside(&meter)
            var fronts = PartFronts(bounds, cap: cost, goal: .fastest)
            guard fronts.search(&meter), let options = fronts.best else { break }
            let found = network.assignment(options)
            best = found
            // Sides keep the limit, but are not the faster for it.
            guard plan.isSided else { break }
            bounds.limit = found.time - 1
        }
        return best
    }
}

// MARK: - Looking closely

extension PartSearch {
    /// Leaves out what no plan up to `top` uses, and makes the bounds of the rest sharper.
    private mutating func narrow(_ aim: Aim, to top: Int64, _ steps: Int, _ meter: inout Meter) {
        let cap = aim.cap
        if cap != nil { bounds.limit = top }
        tellOutside(&meter)
        bounds.close(cap: cap ?? top)
        bounds.focus(cap: cap, enough: top, steps: steps, &meter)
    }

    private func bound(_ aim: Aim, by top: Int64) -> Int64? {
        switch aim {
        case .least: bounds.leastCost.flatMap { $0 <= top ? $0 : nil }
        case .first(let cap): bounds.earliestEnd(cap: cap, by: top)
        }
    }

    private mutating func tellOutside(_ meter: inout Meter) {
        bounds.tellOutside()
        meter.spend(bounds.steps)
    }

    private enum Outcome {
        case found
        case none
        case tooMuch
    }

    private mutating func goneThrough(_ aim: Aim, to top: Int64, _ steps: Int, _ meter: inout Meter) -> Outcome {
        let goal: PartFronts.Goal
        switch aim {
        case .least(let given): goal = given
        case .first:
            goal = .fastest
            bounds.limit = top
            if plan.isSided { bounds.tellAgain(&meter) }
        }
        tellOutside(&meter)
        var fronts = PartFronts(bounds, cap: aim.cap ?? top, goal: goal)
        guard meter.lending(steps, to: { fronts.search(&$0) }) else { return .tooMuch }
        guard let options = fronts.best else { return .none }
        best = network.assignment(options)
        return .found
    }
}

/// How far from the bound plans are looked for next, and what that may take.
private struct Pace {
    private var room: Int64
    private var far: Int64 = 1
    /// Steps for making bounds sharper. Going through what they leave may take `stride` times as many.
    private(set) var patience = 12_000_000
    private var lastSteps: Int?

    /// By how much farther it is looked at once.
    static let reach: Int64 = 16
    static let stride = 16
    private static let most = Network.none / 64

    init(_ room: Int64) { self.room = room }

    /// Farther each time.
    mutating func farthest(from least: Int64, upTo last: Int64) -> Int64 {
        far = min(max(far, room) * Self.reach, Self.most)
        let farthest = Network.plus(least, far)
        // A little more that is left would only be looked at anew.
        return farthest >= last - room ? last : farthest
    }

    func next(from least: Int64) -> Int64 { Network.plus(least, room) }

    /// Where looking farther is hardly more work, it is better to do so at once.
    mutating func foundNothing(for steps: Int) {
        let isFlat = lastSteps.map { steps < $0 + $0 / 2 } ?? false
        room = min(room * (isFlat ? 16 : 2), Self.most)
        lastSteps = steps
    }

    mutating func foundTooMuch() {
        patience = min(patience * 4, 1 << 50)
        room = max(room / 4, 1)
        (far, lastSteps) = (1, nil)
    }
}
