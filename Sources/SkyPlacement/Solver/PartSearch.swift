/// The best plan of a network that comes apart (`Decomposition`), and the proof of it.
///
/// `PartBounds` say how good a plan can be at best; mostly the best one is a few thousandths of a percent from that.
/// So all that could be part of a plan so near the bound is gone through (`PartFronts`), then of one twice as far from
/// it, and so on: what is found first is the best.
struct PartSearch {
    private let network: Network
    private let plan: Decomposition
    private var bounds: PartBounds
    private(set) var best: Assignment?
    /// Whether the effort ended before all was gone through.
    private(set) var isExhausted = false

    /// Of the bound: how far the best plan is thought to be from it at first.
    private static let nearness = 1e-5
    private static let growth: Int64 = 2
    /// By how much farther it is looked at once, in terms of that.
    private static let reachGrowth: Int64 = 16

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
        bounds.focus(cap: nil, enough: cap, isRough: true, &meter)
        guard var least = bounds.leastCost, least <= cap else { return Network.plus(cap, 1) }
        tellOutside(&meter)
        let rough = bounds
        var room = max(Int64(Double(least) * Self.nearness), 1)
        var reach = room
        while least <= cap, !meter.isOver {
            // What is left for plans that are not dearer than this is looked at closely.
            reach *= Self.reachGrowth
            let farthest = min(cap, Network.plus(least, reach))
            bounds = rough
            bounds.close(cap: farthest)
            bounds.focus(cap: nil, enough: farthest, &meter)
            guard let bound = bounds.leastCost, bound <= farthest else {
                least = farthest + 1
                continue
            }
            least = max(least, bound)
            tellOutside(&meter)
            while least <= farthest {
                let top = min(farthest, Network.plus(least, room))
                switch goneThrough(cap: top, worth.map { .least($0) } ?? .cheapest, &meter) {
                case .found: return top
                case .open: return least
                case .none: (least, room) = (top + 1, room * Self.growth)
                }
            }
        }
        isExhausted = least <= cap
        return least
    }

    /// The fastest plan that costs no more than `cap` and ends by the limit. Returns a bound: no plan that costs no more
    /// ends sooner, unless it is `best`.
    ///
    /// - Parameter earliest: none ends before this.
    mutating func fastest(cap: Int64, from earliest: Int64, _ meter: inout Meter) -> Int64 {
        var last = bounds.limit
        bounds.focus(cap: cap, isRough: true, &meter)
        guard let bound = bounds.earliestEnd(cap: cap, by: last) else { return last + 1 }
        var soonest = max(bound, earliest)
        var rough = bounds
        var room = max((last - soonest) / Self.reachGrowth, 1)
        var reach = room
        while soonest <= last, !meter.isOver {
            reach *= Self.reachGrowth
            let farthest = min(last, soonest + reach)
            rough.limit = farthest
            bounds = rough
            tellOutside(&meter)
            bounds.close(cap: cap)
            bounds.focus(cap: cap, &meter)
            guard let bound = bounds.earliestEnd(cap: cap, by: farthest) else {
                soonest = farthest + 1
                continue
            }
            soonest = max(soonest, bound)
            while soonest <= min(farthest, last) {
                let top = min(farthest, last, soonest + room)
                bounds.limit = top
                if plan.isSided { bounds.tell(spread: 0.1) }
                tellOutside(&meter)
                switch goneThrough(cap: cap, .fastest, &meter) {
                case .found:
                    guard let best else { return soonest }
                    // Sides keep the limit, but are not the faster for it.
                    guard plan.isSided else { return best.time }
                    last = best.time - 1
                case .open: return soonest
                case .none: (soonest, room) = (top + 1, room * Self.growth)
                }
            }
        }
        isExhausted = soonest <= last
        return best?.time ?? soonest
    }

    /// The fastest plan that ends by the limit and costs no more than `cost`, which is the least that any costs. What costs
    /// alone leave open is little then.
    mutating func fastestOfCheapest(cost: Int64, _ meter: inout Meter) -> Assignment? {
        bounds.recentre(0)
        while !meter.isOver {
            bounds.tell(spread: 0.5, isRough: true)
            tellOutside(&meter)
            guard goneThrough(cap: cost, .fastest, &meter) == .found, let best else { break }
            // Sides keep the limit, but are not the faster for it.
            guard plan.isSided else { break }
            bounds.limit = best.time - 1
        }
        return best
    }

    private mutating func tellOutside(_ meter: inout Meter) {
        bounds.tellOutside()
        meter.spend(bounds.steps)
    }

    private enum Outcome {
        case found
        case none
        case open
    }

    private mutating func goneThrough(cap: Int64, _ goal: PartFronts.Goal, _ meter: inout Meter) -> Outcome {
        var fronts = PartFronts(bounds, cap: cap, goal: goal)
        guard fronts.search(&meter) else {
            isExhausted = true
            return .open
        }
        guard let options = fronts.best else { return .none }
        best = network.assignment(options)
        return .found
    }
}
