/// The fastest assignment that costs no more than a budget.
///
/// Whether there is one that ends by a limit is told by a `TimeSearch` for the cheapest of those. Rough answers, which may
/// leave it open, bring the limits that are and that are not possible near each other; exact ones then make them meet.
struct BudgetSearch {
    private var network: Network
    /// Per node, what the options are called in the whole network.
    private var names: [[Int]]
    private let budget: Int64
    private(set) var best: Assignment
    /// No plan within the budget ends by this.
    private var impossible: Int64
    private(set) var meter: Meter
    private var paths = PathPrices()
    /// What a millisecond counted for in the last answer, and per node what it left open.
    private var price = 0.0
    private var survivors: [[Int]] = []

    /// No plan within the budget ends sooner.
    var timeBound: Int64 { min(best.time, impossible + 1) }
    var isProven: Bool { best.time <= timeBound }
    /// Of plans that are as fast, none is cheaper.
    private(set) var isBestOfEquals = false

    private enum Verdict {
        case found
        case impossible
        case open
    }

    /// Rough answers come as near as this part of the time.
    private static let nearness: Int64 = 50
    private static let costPasses = 8

    /// - Parameters:
    ///   - known: costs no more than the budget.
    ///   - impossible: no plan within the budget ends by this.
    init(_ network: Network, budget: Int64, known: Assignment, impossible: Int64 = -1, meter: Meter) {
        self.network = network
        self.budget = budget
        self.meter = meter
        names = network.nodes.map { Array($0.options.indices) }
        best = known
        self.impossible = impossible
    }

    mutating func search() {
        keepAffordable()
        guard let windows = TimeWindows(network, limit: best.time) else { return }
        keep(windows.kept)
        impossible = max(impossible, windows.earliestEnd - 1)
        // The budget may well pay for the fastest plan.
        let plan = Decomposition(network)
        guard best.time - impossible > 1, ask(impossible + 1, isRough: plan == nil) != .found else { return }
        comeNear()
        if let plan { return takeApart(plan) }
        var search = TimeLimitSearch(plan: (), time: best.time, impossible: impossible)
        while let limit = search.next, !meter.isOver {
            switch ask(limit, isRough: false) {
            case .found: search.found((), time: best.time, within: limit)
            case .impossible: search.failed(limit)
            case .open: return
            }
        }
    }

    /// Looks for plans that end hardly later than is impossible, for which little is left, and then for later ones.
    private mutating func takeApart(_ plan: Decomposition) {
        var room = max(best.time / Self.firstGuess, 1)
        while best.time - impossible > 1, !meter.isOver {
            let limit = min(best.time - 1, Network.plus(impossible, room))
            switch ask(limit, isRough: true) {
            case .impossible: room *= Self.guessGrowth
            case .found: room = max(min(room, best.time - impossible) / 2, 1)
            case .open:
                // It goes from near to far by itself, and is spared to begin anew.
                room = Network.none
                var search = PartSearch(network.restricted(to: survivors), plan, limit: limit, price: price)
                let bound = search.fastest(cap: budget, from: impossible + 1, &meter)
                impossible = max(impossible, bound - 1)
                guard var found = search.best else { continue }
                found.options = zip(survivors, found.options).map { $0[$1] }
                note(found)
                isBestOfEquals = !plan.isSided
            }
        }
    }

    private static let firstGuess: Int64 = 1_000
    private static let guessGrowth: Int64 = 4

    /// Drops what no plan within the budget can use, whenever it ends.
    private mutating func keepAffordable() {
        var sweep = CostSweep(network, CostUnits(network, cap: budget + 1))
        for _ in 0..<Self.costPasses { sweep.pass() }
        meter.spend(Self.costPasses * sweep.stepsPerPass)
        if let alive = sweep.alive(below: budget + 1) { keep(alive.options) }
    }

    /// Halves what is unknown until bounds alone do not tell any more: first from above, then from below.
    private mutating func comeNear() {
        var (open, lowestOpen): (Int64, Int64?) = (impossible, nil)
        while best.time - open > max(best.time / Self.nearness, 1), !meter.isOver {
            let limit = open + (best.time - open) / 2
            switch ask(limit, isRough: true) {
            case .found: break
            case .impossible: open = limit
            case .open: (open, lowestOpen) = (limit, min(limit, lowestOpen ?? limit))
            }
        }
        while let top = lowestOpen, top - impossible > max(best.time / Self.nearness, 1), !meter.isOver {
            let limit = impossible + (top - impossible) / 2
            if ask(limit, isRough: true) != .impossible { lowestOpen = limit }
        }
    }

    private mutating func ask(_ limit: Int64, isRough: Bool) -> Verdict {
        var search = TimeSearch(network, goal: .cheapest, limit: limit, cap: budget + 1, meter: meter)
        search.paths = paths.asStart
        search.stopsAtFirst = true
        search.isRough = isRough
        let bound = search.search()
        meter = search.meter
        paths = search.paths
        (price, survivors) = (search.price, search.survivors)
        if let found = search.best {
            note(found)
            // What no plan by this limit can use, none that ends sooner can.
            keep(search.survivors)
            survivors = network.nodes.map { Array($0.options.indices) }
            return .found
        }
        guard bound > budget, !search.isExhausted || bound >= budget + 1 else { return .open }
        impossible = max(impossible, limit)
        return .impossible
    }

    private mutating func note(_ plan: Assignment) {
        best = plan
        best.options = zip(names, plan.options).map { $0[$1] }
    }

    private mutating func keep(_ kept: [[Int]]) {
        guard zip(kept, network.nodes).contains(where: { $0.count < $1.options.count }) else { return }
        network = network.restricted(to: kept)
        names = zip(names, kept).map { names, kept in kept.map { names[$0] } }
    }
}
