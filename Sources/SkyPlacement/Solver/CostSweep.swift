/// A lower bound on the cost of every assignment of a network, made better by shifting costs along its edges.
///
/// Costs are moved between nodes and edges in such a way that the cost of no assignment changes; the bound is what is
/// then left as the least of each part. One pass goes along the order of the network and back, and shares what a node
/// costs evenly among the chains of edges that run through it (sequential tree-reweighted message passing: V. Kolmogorov,
/// IEEE PAMI 28(10), 2006). Everything is in whole units, and rounding only makes bounds lower.
///
/// With time prices the bound is on the cost of assignments that keep a time limit: an assignment that does so saves
/// at least what its paths cost by their prices (Lagrangian relaxation).
struct CostSweep {
    /// One edge that costs something.
    struct Link {
        let edge: Int
        let from: Int
        let to: Int
        /// Where the messages to the places of `to` and of `from` begin.
        let forward: Int
        let backward: Int
        /// Where the cost of each kind of way begins.
        let values: Int
        var price: Int64
        var isClassed: Bool
    }

    let network: Network
    let units: CostUnits
    var links: [Link] = []
    private(set) var linksInto: [[Int]]
    private(set) var linksFrom: [[Int]]
    /// Where the places and the options of each node begin in what follows.
    let start: [Int]
    let firstOption: [Int]
    /// Per place the least that being there costs, and per option how much more than that it costs.
    var unary: [Int64]
    var extra: [Int64]
    var values: [Int64] = []
    /// What the places of each link's ends hear from its other end.
    var forward: [Int64] = []
    var backward: [Int64] = []
    var scratch: MessageRoom

    /// No assignment costs less; in units.
    var bound: Int64 = 0
    /// Per option: no assignment with it costs less.
    var optionBounds: [Int64]
    /// The bound that the messages as they are stand for; nil if they were not made with these prices.
    var reference: Int128?
    /// What keeping the time limit saves at the present prices.
    var saving: Int128 = 0
    /// What rounding can take from a bound within a pass.
    private(set) var slack: Int64 = 0
    private(set) var stepsPerPass = 0

    /// - Parameter isTimed: whether time will be priced.
    init(_ network: Network, _ units: CostUnits, isTimed: Bool = false) {
        self.network = network
        self.units = units
        let count = network.nodes.count
        var (start, firstOption) = ([0], [0])
        for (v, node) in network.nodes.enumerated() {
            start.append(start[v] + node.placeCount)
            firstOption.append(firstOption[v] + node.options.count)
        }
        (self.start, self.firstOption) = (start, firstOption)
        unary = [Int64](repeating: 0, count: start[count])
        extra = [Int64](repeating: 0, count: firstOption[count])
        optionBounds = extra
        scratch = MessageRoom(places: network.nodes.map(\.placeCount).max() ?? 0)
        linksInto = [[Int]](repeating: [], count: count)
        linksFrom = linksInto
        for (index, edge) in network.edges.enumerated() {
            guard let table = edge.table, !table.isFree || isTimed && !table.isInstant else { continue }
            add(index, edge, table)
        }
        for v in network.nodes.indices {
            price(v, 0, 0)
            slack += Int64(share(v))
        }
    }

    private mutating func add(_ index: Int, _ edge: Network.Edge, _ table: TransferTable) {
        let link = Link(
            edge: index, from: edge.from, to: edge.to, forward: forward.count, backward: backward.count,
            values: values.count, price: 0, isClassed: table.isClassed)
        linksFrom[edge.from].append(links.count)
        linksInto[edge.to].append(links.count)
        links.append(link)
        values += table.costs.lazy.map(units.of)
        forward += repeatElement(0, count: network.nodes[edge.to].placeCount)
        backward += repeatElement(0, count: network.nodes[edge.from].placeCount)
        stepsPerPass += 2 * table.ways.steps(isClassed: link.isClassed)
    }

    /// Among how many chains the cost of a node is shared.
    func share(_ v: Int) -> Int { max(linksInto[v].count, linksFrom[v].count, 1) }

    /// Asks this much in units for each millisecond in the node and on the way to it from the start.
    private mutating func price(_ v: Int, _ perTime: Int64, _ perEntry: Int64) {
        let node = network.nodes[v]
        for place in 0..<node.placeCount {
            var least = units.most
            for option in node.first[place]..<node.first[place + 1] {
                let cost = units.of(node.options[option].cost, node.options[option].time, perTime)
                extra[firstOption[v] + option] = cost
                least = min(least, cost)
            }
            for option in node.first[place]..<node.first[place + 1] { extra[firstOption[v] + option] -= least }
            let entry = units.of(node.entryCost[place], node.entryTime[place], perEntry)
            unary[start[v] + place] = min(least + entry, units.most)
        }
    }

    /// Changes what time costs.
    mutating func price(_ prices: TimePrices, saving: Int128) {
        self.saving = saving
        reference = nil
        for v in network.nodes.indices { price(v, prices.node[v], prices.entry[v]) }
        for (index, link) in links.enumerated() where link.price != prices.edge[link.edge] {
            guard let table = network.edges[link.edge].table else { continue }
            links[index].price = prices.edge[link.edge]
            links[index].isClassed = prices.edge[link.edge] == 0 && table.isClassed
            for kind in table.costs.indices {
                values[link.values + kind] = units.of(table.costs[kind], table.times[kind], prices.edge[link.edge])
            }
        }
    }
}

/// What a millisecond on each part of a network costs, in units: a flow from the start to the end of the plan.
struct TimePrices {
    var node: [Int64]
    var edge: [Int64]
    /// On the way from the start to a node.
    var entry: [Int64]
}

/// Costs are counted in units, of which a nanodollar has so many that rounding a few thousand times does not matter.
struct CostUnits: Sendable {
    /// Units per nanodollar; at least 1.
    let scale: Int64
    /// No part of a network counts for more: that only makes a bound lower. Sums over a node's edges stay countable.
    let most: Int64

    /// For assignments that cost less than `cap`.
    init(_ network: Network, cap: Int64) {
        let degree = network.nodes.indices.map { network.edgesInto[$0].count + network.edgesFrom[$0].count }.max() ?? 0
        most = (1 << 61) / Int64(2 * degree + 4)
        var scale: Int64 = 1
        while scale < 1 << 16, cap < most / (scale * 2) { scale *= 2 }
        self.scale = scale
    }

    private init(scale: Int64, most: Int64) {
        self.scale = scale
        self.most = most
    }

    /// About as fine, with a scale that is a multiple of nine.
    var ninefold: CostUnits { CostUnits(scale: 9 * max(scale / 8, 1), most: most) }

    func of(_ cost: Int64) -> Int64 { product(cost, scale) }

    /// With a price in units for each millisecond.
    func of(_ cost: Int64, _ time: Int64, _ price: Int64) -> Int64 {
        price == 0 ? product(cost, scale) : min(product(cost, scale) + product(time, price), most)
    }

    private func product(_ a: Int64, _ b: Int64) -> Int64 {
        let (product, overflow) = a.multipliedReportingOverflow(by: b)
        return overflow ? most : min(product, most)
    }

    /// Whole nanodollars: what costs at least so many units costs at least this.
    func nanodollars(_ units: Int64) -> Int64 {
        units <= 0 ? 0 : units / scale + (units % scale > 0 ? 1 : 0)
    }
}
