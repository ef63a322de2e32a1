import SkyCore

/// The cheapest or the fastest assignment of a network with loops when time matters.
///
/// Times alone say which options can be part of a plan that ends by the limit (`TimeWindows`). Of what is left a
/// `CostSweep` bounds the cost, with prices on the paths that tend to be late: any plan that keeps the limit costs at
/// least what the sweep says, minus what the limit is worth. What that leaves open is looked through by a
/// `FrontierSearch`. Where there is too much of it, one node's options are tried one by one.
struct TimeSearch {
    enum Goal {
        /// The cheapest plan that ends by `limit`.
        case cheapest
        /// The plan that ends first of those that cost less than `cap`.
        case fastest
        /// The plan with the least cost plus worth of its time. `cap` and all bounds are then on that sum.
        case weighted(Worth, costBound: Int64)

        var isFastest: Bool { if case .fastest = self { true } else { false } }
    }

    private let whole: Network
    let goal: Goal
    /// The best plan found, in options of the whole network.
    private(set) var best: Assignment?
    /// Only plans that cost less are looked for …
    var cap: Int64
    /// … and that end by this.
    private(set) var limit: Int64
    var meter: Meter
    var isExhausted = false
    /// Costs do not matter at all.
    let isPriceless: Bool
    /// With `.fastest`: no plan within the cap ends sooner.
    var timeBound: Int64 = 0

    /// Options of the whole network, per node, that plans of interest can use; others may be among them.
    private(set) var survivors: [[Int]] = []
    /// Prices of late paths to start with, and the best that were found.
    var paths = PathPrices()
    /// What a millisecond of the whole plan then counts for, in nanodollars.
    private(set) var price = 0.0
    /// Any plan below the cap will do.
    var stopsAtFirst = false
    /// Of plans as good as the best, none is better by the other measure.
    var isBestOfEquals = false
    /// Bounds decide, or nothing does.
    var isRough = false
    /// How the network comes apart, if it does.
    private let decomposition: Decomposition?

    private static let rootPasses = 120
    private static func branchPasses(_ isRough: Bool) -> Int { isRough ? 25 : 8 }
    /// Ways that are kept between two nodes: first few, to find a good plan, and then more.
    private static let rootWidths = [30, 300, 3_000, 20_000]
    private static let branchWidths = [30, 500]
    private static let narrowWidths = [30, 300]

    /// - Parameters:
    ///   - limit: only plans that end by this are looked for; `Network.none`: whenever they end.
    ///   - cap: only plans that cost less; `Network.none`: whatever they cost.
    init(_ network: Network, goal: Goal, limit: Int64, cap: Int64, meter: Meter) {
        isPriceless = goal.isFastest && cap >= Network.none
        whole = isPriceless ? network.withoutCosts : network
        self.goal = goal
        self.limit = limit
        self.cap = isPriceless ? 1 : cap
        self.meter = meter
        // Sides keep a limit, but how much earlier they end counts for nothing there.
        let parts = Decomposition(network)
        if case .weighted = goal, parts?.isSided == true { decomposition = nil } else { decomposition = parts }
    }

    /// A part of the search: some options of the whole network.
    struct Branch {
        var sweep: CostSweep
        var paths: PathPrices
        /// Per node and option its number in the whole network.
        var names: [[Int]]
        /// When its nodes can run, and the limit that this is about; nil after a change.
        var windows: (times: TimeWindows, limit: Int64)?

        var network: Network { sweep.network }
    }

    /// Returns a bound: no plan that ends by the limit costs less, unless it is as good as `best`.
    mutating func search() -> Int64 {
        guard let windows = TimeWindows(whole, limit: limit), windows.kept.allSatisfy({ !$0.isEmpty }) else {
            timeBound = limit + 1
            return Network.none
        }
        timeBound = windows.earliestEnd
        survivors = windows.kept
        let start = whole.restricted(to: windows.kept)
        var units = CostUnits(start, cap: goal.isFastest ? cap : min(cap, start.cheapestAloneCost()))
        var paths = paths
        if case .weighted(let worth, _) = goal {
            // Whole cents an hour are then whole units a millisecond.
            units = units.ninefold
            let price = worth.perHour.nanodollars.multipliedReportingOverflow(by: units.scale)
            paths.total = price.overflow ? Int64.max / 4_000_000 : price.partialValue / 3_600_000
        }
        var sweep = CostSweep(start, units, isTimed: true)
        paths.apply(to: &sweep, limit: limit)
        return explore(Branch(sweep: sweep, paths: paths, names: windows.kept), depth: 0)
    }

    private mutating func explore(_ given: Branch, depth: Int) -> Int64 {
        var branch = given
        var passes = 0
        var stalled = 0
        var step = 1.0
        var lookThroughs = 0
        while true {
            guard narrowByTime(&branch) else { return Network.none }
            let before = branch.sweep.bound
            branch.sweep.pass()
            meter.spend(branch.sweep.stepsPerPass + 2_000)
            passes += 1
            follow(consider(branch), &branch, step: step)
            let bound = branch.sweep.units.nanodollars(branch.sweep.bound)
            if depth == 0 {
                (survivors, paths) = (branch.names, branch.paths)
                price = paths.sum(in: branch.sweep.units)
            }
            guard !isSatisfied else { return bound }
            guard bound < cap, let alive = branch.sweep.alive(below: cap) else { return max(bound, cap) }
            guard !meter.isOver else {
                isExhausted = true
                return bound
            }
            if alive.dropped > 0 { restrict(&branch, to: alive.options) }
            let isDecided = branch.network.nodes.allSatisfy { $0.options.count == 1 }
            if isDecided { return decided(branch) }
            let gap = Int128(cap) * Int128(branch.sweep.units.scale) - Int128(before)
            stalled = alive.dropped == 0 && Int128(branch.sweep.bound - before) * 50 < gap ? stalled + 1 : 0
            let isPatient = depth == 0 && !isRough && lookThroughs == 0
            if stalled > (isPatient ? 12 : 3) || passes >= (isPatient ? Self.rootPasses : Self.branchPasses(isRough)) {
                guard !isRough else {
                    isExhausted = true
                    return bound
                }
                if let decomposition { return settled(&branch, decomposition) }
                lookThroughs += 1
                let isNarrow = depth == 0 && isNarrow(branch)
                switch lookThrough(
                    &branch, isNarrow ? Self.narrowWidths : depth == 0 ? Self.rootWidths : Self.branchWidths)
                {
                case .settled(let bound): return bound
                case .improved where lookThroughs < Self.mostLookThroughs: (passes, stalled, step) = (0, 0, 1)
                case .improved, .open:
                    return isNarrow ? searchGrids(branch) : split(branch, depth: depth)
                }
            }
            if stalled > 3 { step *= 0.8 }
            branch.paths.apply(to: &branch.sweep, limit: limit)
        }
    }

    private static let mostLookThroughs = 10

    var isSatisfied: Bool { stopsAtFirst && best != nil }

    /// Drops options that no plan within the limit can use; false if nothing is left.
    mutating func narrowByTime(_ branch: inout Branch) -> Bool {
        while branch.windows?.limit != limit {
            meter.spend(branch.sweep.stepsPerPass)
            guard let windows = TimeWindows(branch.network, limit: limit) else { return false }
            let isLess = zip(windows.kept, branch.network.nodes).contains { $0.count < $1.options.count }
            if isLess { restrict(&branch, to: windows.kept) } else { branch.windows = (windows, limit) }
        }
        return true
    }

    func restrict(_ branch: inout Branch, to kept: [[Int]]) {
        branch.windows = nil
        branch.sweep = branch.sweep.restricted(to: kept, isTimed: true)
        branch.paths.apply(to: &branch.sweep, limit: limit)
        branch.names = zip(branch.names, kept).map { names, kept in kept.map { names[$0] } }
    }

    private mutating func decided(_ branch: Branch) -> Int64 {
        let plan = branch.network.assignment(branch.network.nodes.map { _ in 0 })
        guard plan.time <= limit else { return Network.none }
        note(plan, branch)
        return value(of: plan)
    }

    private func value(of plan: Assignment) -> Int64 {
        if case .weighted(let worth, _) = goal { worth.value(of: plan) } else { plan.cost }
    }

    /// Makes plans of what the sweep says. Returns the cheapest at the present prices, which may be late.
    private mutating func consider(_ branch: Branch) -> [Int] {
        let network = branch.network
        let priced = branch.sweep.options(in: branch.sweep.decoded())
        let free = network.assignment(priced)
        meter.spend(network.nodes.count * 20)
        if free.time <= limit { note(free, branch) }
        // Made for a later limit, they still say what is too late for this one.
        guard let windows = branch.windows?.times else { return priced }
        var builder = TimelyPlan(network, windows, limit: limit)
        if let timely = builder.plan(branch.sweep, prefersTime: false, &meter) {
            note(network.assignment(timely), branch)
        }
        if goal.isFastest || best == nil, let quick = builder.plan(branch.sweep, prefersTime: true, &meter) {
            note(network.assignment(quick), branch)
        }
        return priced
    }

    mutating func note(_ plan: Assignment, _ branch: Branch) {
        guard value(of: plan) < cap, plan.time <= limit else { return }
        var named = plan
        named.options = zip(branch.names, plan.options).map { $0[$1] }
        best = named
        switch goal {
        case .cheapest: cap = plan.cost
        case .fastest: limit = plan.time - 1
        case .weighted(let worth, let costBound):
            cap = worth.value(of: plan)
            limit = min(limit, worth.longest(for: cap - 1 - costBound, upTo: Network.forever))
        }
    }

    /// Makes paths that are late dearer and paths that are early cheaper, from the next pass on.
    private func follow(_ priced: [Int], _ branch: inout Branch, step: Double) {
        let scale = Double(branch.sweep.units.scale)
        // Without costs any price will do, and any gain decides.
        let aim = isPriceless ? 1e12 : Double(min(cap, 1 << 50)) * scale
        let value = Double((branch.sweep.reference ?? 0) - branch.sweep.saving)
        branch.paths.follow(
            branch.network, priced, limit: limit, value: value, room: max(aim - value, scale) * step)
    }

    /// Tries the options of one node, the most promising first.
    private mutating func split(_ branch: Branch, depth: Int) -> Int64 {
        let sweep = branch.sweep
        let network = branch.network
        let late = network.criticalPath(sweep.options(in: sweep.decoded())).nodes
        let open = network.nodes.indices.filter { network.nodes[$0].options.count > 1 }
        let onPath = late.filter { network.nodes[$0].options.count > 1 }
        func weight(_ v: Int) -> (Int, Int, Int) {
            (sweep.linksInto[v].count + sweep.linksFrom[v].count, -network.nodes[v].options.count, -v)
        }
        let candidates = onPath.isEmpty ? open : onPath
        guard let v = candidates.max(by: { weight($0) < weight($1) }) else { return Network.none }
        var least = Network.none
        let bounds = sweep.optionBounds[sweep.firstOption[v]..<sweep.firstOption[v + 1]].map(sweep.units.nanodollars)
        for option in bounds.indices.sorted(by: { (bounds[$0], $0) < (bounds[$1], $1) }) where bounds[option] < cap {
            guard !meter.isOver, !isSatisfied else {
                isExhausted = true
                least = min(least, bounds[option])
                continue
            }
            var kept = network.nodes.map { Array($0.options.indices) }
            kept[v] = [option]
            var child = branch
            restrict(&child, to: kept)
            least = min(least, explore(child, depth: depth + 1))
        }
        return min(least, max(cap, sweep.units.nanodollars(sweep.bound)))
    }
}

extension CostSweep {
    /// Per node its cheapest option in the place at the present prices.
    func options(in places: [Int]) -> [Int] {
        network.nodes.indices.map { v in
            let node = network.nodes[v]
            let range = node.first[places[v]]..<node.first[places[v] + 1]
            return range.min { extra[firstOption[v] + $0] < extra[firstOption[v] + $1] } ?? range.lowerBound
        }
    }
}

extension Network {
    /// The same with nothing costing anything: of each place's options the fastest is left.
    fileprivate var withoutCosts: Network {
        let free = Network(
            nodes: nodes.map { node in
                var free = node
                for option in free.options.indices { free.options[option].cost = 0 }
                free.entryCost = free.entryCost.map { _ in 0 }
                return free
            },
            edges: edges.map { edge in
                guard let table = edge.table else { return edge }
                return Edge(
                    from: edge.from, to: edge.to,
                    table: TransferTable(ways: table.ways, costs: table.costs.map { _ in 0 }, times: table.times))
            }, order: order)
        return free
    }
}
