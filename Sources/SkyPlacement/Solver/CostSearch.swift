/// The cheapest assignment of a network with loops, time aside.
///
/// A `CostSweep` gives a bound and drops the places that no cheaper plan can use; what is left is mostly small enough
/// to be solved exactly by `Elimination`. Where it is not, one node's places are tried one by one.
struct CostSearch {
    private let whole: Network
    /// Options of the best assignment so far, and what it costs; only cheaper ones count.
    private(set) var best: [Int]?
    private(set) var cap: Int64
    private(set) var meter: Meter
    private(set) var isExhausted = false
    /// Per node the options that assignments which cost no more than the best can use; others may be among them.
    private(set) var survivors: [[Int]] = []

    private static let rootPasses = 400
    private static let branchPasses = 12
    private static let eliminationSteps = 3_000_000
    /// Ways that are kept between two nodes.
    private static let rootWidth = 1_000
    private static let branchWidth = 100

    /// - Parameter cap: only assignments that cost less are looked for.
    init(_ network: Network, cap: Int64, meter: Meter) {
        whole = network
        self.cap = cap
        self.meter = meter
    }

    /// Returns a bound: no assignment costs less, unless it is `best`.
    mutating func search() -> Int64 {
        let kept = whole.nodes.map { node in
            (0..<node.placeCount).compactMap { node.first[$0] < node.first[$0 + 1] ? node.first[$0 + 1] - 1 : nil }
        }
        guard kept.allSatisfy({ !$0.isEmpty }) else { return Network.none }
        let start = whole.restricted(to: kept)
        let sweep = CostSweep(start, CostUnits(start, cap: min(cap, start.cheapestAloneCost())))
        return explore(sweep, kept, depth: 0)
    }

    /// - Parameter names: per node and place the option of the whole network.
    private mutating func explore(_ given: CostSweep, _ names: [[Int]], depth: Int) -> Int64 {
        var (sweep, names) = (given, names)
        var passes = 0
        var stalled = 0
        var isNew = true
        while true {
            if depth == 0 { survivors = names }
            if isNew, let bound = eliminated(sweep, names) { return bound }
            isNew = false
            let before = sweep.bound
            sweep.pass()
            meter.spend(sweep.stepsPerPass)
            passes += 1
            if depth == 0 || passes == 1 { consider(sweep.settled(sweep.decoded(), &meter), sweep, names) }
            let bound = sweep.units.nanodollars(sweep.bound)
            guard bound < cap, let alive = sweep.alive(below: cap + 1) else {
                // What is as good is still of interest, for ties.
                if depth == 0, let alive = sweep.alive(below: cap + 1) {
                    survivors = zip(names, alive.options).map { names, kept in kept.map { names[$0] } }
                }
                return max(bound, cap)
            }
            let gap = Int128(cap) * Int128(sweep.units.scale) - Int128(sweep.bound)
            stalled = Int128(sweep.bound - before) * 50 < gap ? stalled + 1 : 0
            if alive.dropped * 16 > sweep.unary.count || alive.dropped > 0 && stalled >= 3 {
                (stalled, isNew) = (0, true)
                sweep = sweep.restricted(to: alive.options)
                names = zip(names, alive.options).map { names, kept in kept.map { names[$0] } }
            }
            guard !meter.isOver else {
                isExhausted = true
                return bound
            }
            if stalled >= 3 || passes >= (depth == 0 ? Self.rootPasses : Self.branchPasses) { break }
        }
        if let bound = lookedThrough(&sweep, names, width: depth == 0 ? Self.rootWidth : Self.branchWidth) {
            return bound
        }
        return branch(sweep, names, depth: depth)
    }

    /// Goes through all places that the bounds leave open; nil if there is too much of it.
    private mutating func lookedThrough(_ sweep: inout CostSweep, _ names: [[Int]], width: Int) -> Int64? {
        if sweep.reference == nil { sweep.pass() }
        guard var search = FrontierSearch(sweep, limit: Network.forever, cap: cap, width: width) else { return nil }
        let isDone = search.search(&meter)
        if let places = search.best { consider(places, sweep, names) }
        guard isDone else { return nil }
        sweep.raise(search.dropped)
        return !search.isTruncated || sweep.units.nanodollars(sweep.bound) >= cap ? cap : nil
    }

    /// The exact answer if it is near.
    private mutating func eliminated(_ sweep: CostSweep, _ names: [[Int]]) -> Int64? {
        guard let order = Elimination.order(sweep.network, limit: min(Self.eliminationSteps, meter.stepsLeft)) else {
            return nil
        }
        meter.spend(order.steps)
        let (cost, places) = Elimination.solve(sweep.network, order: order.nodes)
        if cost < cap { (cap, best) = (cost, zip(names, places).map { $0[$1] }) }
        return cost
    }

    private mutating func branch(_ sweep: CostSweep, _ names: [[Int]], depth: Int) -> Int64 {
        let network = sweep.network
        let degree = network.nodes.indices.map { sweep.linksInto[$0].count + sweep.linksFrom[$0].count }
        let open = network.nodes.indices.filter { network.nodes[$0].placeCount > 1 }
        guard let v = open.max(by: { (degree[$0], -$0) < (degree[$1], -$1) }) else { return Network.none }
        var least = Network.none
        let bounds = sweep.optionBounds[sweep.firstOption[v]..<sweep.firstOption[v + 1]].map(sweep.units.nanodollars)
        for place in bounds.indices.sorted(by: { (bounds[$0], $0) < (bounds[$1], $1) }) where bounds[place] < cap {
            guard !meter.isOver else {
                isExhausted = true
                least = min(least, bounds[place])
                continue
            }
            var kept = network.nodes.map { Array(0..<$0.placeCount) }
            kept[v] = [place]
            let keptNames = zip(names, kept).map { names, kept in kept.map { names[$0] } }
            least = min(least, explore(sweep.restricted(to: kept), keptNames, depth: depth + 1))
        }
        return min(least, max(cap, sweep.units.nanodollars(sweep.bound)))
    }

    private mutating func consider(_ places: [Int], _ sweep: CostSweep, _ names: [[Int]]) {
        let cost = sweep.network.assignment(places).cost
        guard cost < cap else { return }
        cap = cost
        best = zip(names, places).map { $0[$1] }
    }
}

extension Network {
    /// Of the assignment in which every node has its cheapest place, whatever the ways between them cost.
    func cheapestAloneCost() -> Int64 {
        let options = nodes.map { node in
            node.options.indices.min { a, b in
                Self.plus(node.options[a].cost, node.entryCost[node.options[a].place])
                    < Self.plus(node.options[b].cost, node.entryCost[node.options[b].place])
            } ?? 0
        }
        return assignment(options).cost
    }
}
