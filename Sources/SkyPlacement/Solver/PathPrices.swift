/// A way through a network from the start of a plan on: nodes that wait for each other.
struct NetworkPath: Hashable, Sendable {
    var nodes: [Int]
    /// Between the nodes.
    var edges: [Int]

    func length(_ network: Network, _ options: [Int]) -> Int64 {
        guard let first = nodes.first else { return 0 }
        func option(_ v: Int) -> Network.Option { network.nodes[v].options[options[v]] }
        var sum = network.nodes[first].entryTime[option(first).place]
        for v in nodes { sum = Network.plus(sum, option(v).time) }
        for index in edges {
            let edge = network.edges[index]
            guard let table = edge.table else { continue }
            let cell = table.index(from: option(edge.from).place, to: option(edge.to).place)
            sum = Network.plus(sum, table.time(at: cell))
        }
        return sum
    }
}

extension Network {
    /// The path that decides when the assignment ends.
    func criticalPath(_ options: [Int]) -> NetworkPath {
        var finish = [Int64](repeating: 0, count: nodes.count)
        var last = [Int](repeating: -1, count: nodes.count)
        for v in order {
            let option = nodes[v].options[options[v]]
            var begin = nodes[v].entryTime[option.place]
            for index in edgesInto[v] {
                let edge = edges[index]
                var arrival = finish[edge.from]
                if let table = edge.table {
                    let place = nodes[edge.from].options[options[edge.from]].place
                    arrival = Self.plus(arrival, table.time(at: table.index(from: place, to: option.place)))
                }
                if arrival > begin || arrival == begin && last[v] < 0 { (begin, last[v]) = (arrival, index) }
            }
            finish[v] = Self.plus(begin, option.time)
        }
        var v = finish.indices.max { finish[$0] < finish[$1] } ?? 0
        var path = NetworkPath(nodes: [v], edges: [])
        while last[v] >= 0 {
            path.edges.append(last[v])
            v = edges[last[v]].from
            path.nodes.append(v)
        }
        path.nodes.reverse()
        path.edges.reverse()
        return path
    }
}

/// What being late costs, path by path. However the prices are chosen, a plan that keeps the limit pays no more on its
/// paths than the limit times all prices: the bound stays true.
struct PathPrices: Sendable {
    private struct Priced: Sendable {
        var path: NetworkPath
        /// In units per millisecond.
        var price: Int64 = 0
        /// At the prices with the best bound so far: the price, and how late the cheapest assignment was.
        var best: Int64 = 0
        var lateness = 0.0
    }

    private var paths: [Priced] = []
    private var bestValue = -Double.infinity
    /// What all prices come to at most, when time has a price of its own; nil when a limit has to be kept instead.
    var total: Int64?

    private static let most = 60
    private static let highest = 1e15

    /// Moves on to other prices, in the hope of a better bound.
    ///
    /// - Parameters:
    ///   - options: an assignment that is cheapest at the present prices.
    ///   - value: the bound at the present prices, in units.
    ///   - room: by how much the bound is wanted to rise, in units.
    mutating func follow(_ network: Network, _ options: [Int], limit: Int64, value: Double, room: Double) {
        add(network.criticalPath(options))
        let lateness = paths.map { Double($0.path.length(network, options) - limit) }
        if value >= bestValue || paths.allSatisfy({ $0.price == $0.best }) {
            bestValue = value
            for index in paths.indices {
                paths[index].best = paths[index].price
                paths[index].lateness = lateness[index]
            }
            climb(room)
        } else {
            turnBack(lateness, value)
        }
    }

    /// Back to the prices with the best bound.
    mutating func goBack() {
        for index in paths.indices { paths[index].price = paths[index].best }
    }

    /// What a millisecond of the whole plan counts for at most, in nanodollars.
    func sum(in units: CostUnits) -> Double { paths.reduce(0) { $0 + Double($1.price) } / Double(units.scale) }

    /// The same prices, so many times as high.
    func scaled(by factor: Double) -> PathPrices {
        var scaled = self
        for index in paths.indices { scaled.set(index, Double(paths[index].price) * factor) }
        return scaled
    }

    /// The best prices so far as the first ones of another search.
    var asStart: PathPrices {
        var start = self
        start.goBack()
        start.bestValue = -Double.infinity
        return start
    }

    private mutating func add(_ path: NetworkPath) {
        guard !paths.contains(where: { $0.path == path }) else { return }
        if paths.count >= Self.most, let least = paths.indices.min(by: { paths[$0].price < paths[$1].price }) {
            paths.remove(at: least)
        }
        paths.append(Priced(path: path))
    }

    /// Makes late paths dearer and early ones cheaper, so far that the bound would rise by `room` if it went on as here.
    private mutating func climb(_ room: Double) {
        if total != nil, paths.allSatisfy({ $0.best == 0 }) { return share(0) }
        let mean =
            total.map { total in paths.reduce(0) { $0 + $1.lateness * Double($1.best) } / Double(max(total, 1)) } ?? 0
        let slopes = paths.map { $0.lateness < mean && $0.best == 0 ? 0 : $0.lateness - mean }
        let norm = slopes.reduce(0) { $0 + $1 * $1 }
        guard norm > 0 else { return }
        for index in paths.indices { set(index, Double(paths[index].best) + room * slopes[index] / norm) }
        share(nil)
    }

    /// Keeps the sum of all prices at its total; `whole` is the path that gets all of it.
    private mutating func share(_ whole: Int?) {
        guard let total else { return }
        if let whole { return paths[whole].price = total }
        let sum = paths.reduce(0.0) { $0 + Double($1.price) }
        guard sum > 0 else { return }
        var rest = total
        for index in paths.indices {
            set(index, (Double(paths[index].price) * (Double(total) / sum)).rounded(.down))
            paths[index].price = min(paths[index].price, rest)
            rest -= paths[index].price
        }
        if let most = paths.indices.max(by: { paths[$0].price < paths[$1].price }) { paths[most].price += rest }
    }

    /// The last step went too far: back to where the slopes at its two ends meet.
    private mutating func turnBack(_ lateness: [Double], _ value: Double) {
        var (rise, fall) = (0.0, 0.0)
        for (path, late) in zip(paths, lateness) {
            let step = Double(path.price - path.best)
            rise += path.lateness * step
            fall += late * step
        }
        let meeting = rise > fall ? (value - fall - bestValue) / (rise - fall) : 0.5
        let part = meeting.isFinite ? min(max(meeting, 0.02), 0.9) : 0.5
        for index in paths.indices {
            let (best, price) = (Double(paths[index].best), Double(paths[index].price))
            set(index, best + part * (price - best))
        }
    }

    private mutating func set(_ index: Int, _ price: Double) {
        paths[index].price = Int64(max(0, min(price.rounded(), Self.highest)))
    }

    func apply(to sweep: inout CostSweep, limit: Int64) {
        let network = sweep.network
        var sums = TimePrices(
            node: [Int64](repeating: 0, count: network.nodes.count),
            edge: [Int64](repeating: 0, count: network.edges.count),
            entry: [Int64](repeating: 0, count: network.nodes.count))
        // What time is worth is rounded to the nearest nanodollar; the prices are not.
        var saving = total == nil ? 0 : Int128(sweep.units.scale + 1) / 2
        for (path, price) in paths.lazy.map({ ($0.path, $0.price) }) where price > 0 {
            if total == nil { saving += Int128(price) * Int128(limit) }
            if let first = path.nodes.first { sums.entry[first] += price }
            for v in path.nodes { sums.node[v] += price }
            for edge in path.edges { sums.edge[edge] += price }
        }
        sweep.price(sums, saving: saving)
    }
}
