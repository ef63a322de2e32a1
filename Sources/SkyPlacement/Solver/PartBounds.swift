/// What every part of a `Decomposition` costs at least, pair of places by pair of places, at several prices of time, and
/// what all the rest then costs at least.
///
/// At one price per millisecond a part's cost and delay add up to one figure, whose least is passed on from part to part.
/// Of parts side by side the later one counts: they share the price in the way that makes the most of it. So the bounds
/// are the lower convex hulls of the trade-offs between cost and time, seen from a few sides. Prices are dense near the
/// one that says most about everything (`PartBounds.focus`).
struct PartBounds {
    /// "There is no way": more than any sum.
    static let never = 1e300
    /// What rounding may amount to, of the greatest figure.
    private static let precision = 1e-10

    let network: Network
    let plan: Decomposition
    /// Plans end by this.
    var limit: Int64
    /// What a millisecond of the whole plan is worth, if that and not the limit counts.
    let worth: Double?

    /// Per grid where it is dense.
    private var centres: [Double]
    private var parents: [Int]
    private(set) var grids: [PriceGrid] = []
    private var widths: [Int] = []
    /// Per part.
    let gridOf: [Int]
    /// Per part, row by row, per pair of places: the figures at each price, and then the least delay.
    private(set) var inside: [[Double]] = []
    /// Within how much of the centres prices are dense.
    private var spread = 0.5
    /// Per part the pairs of places that no plan of interest uses; none before `close`.
    private var closed: [[Int]] = []
    /// The same of all else, given that the part costs nothing and takes no time.
    var outside: [[Double]] = []

    var root: Int { plan.parts.count - 1 }

    init(_ network: Network, _ plan: Decomposition, limit: Int64, price: Double, worth: Double? = nil) {
        self.network = network
        self.plan = plan
        self.limit = limit
        self.worth = worth
        var gridOf = [Int](repeating: 0, count: plan.parts.count)
        var parents = [-1]
        func own(_ part: Int, in grid: Int) {
            gridOf[part] = parents.count
            parents.append(grid)
        }
        for (index, part) in plan.parts.enumerated().reversed() {
            let grid = gridOf[index]
            switch part.made {
            case .edge, .entry, .exit: break
            case .series(let first, _, let second): (gridOf[first], gridOf[second]) = (grid, grid)
            case .parallel(let one, let other):
                own(one, in: grid)
                own(other, in: grid)
            case .sided(let stem, _, let arm, let side, _):
                gridOf[arm] = grid
                own(stem, in: grid)
                own(side, in: grid)
            }
        }
        self.gridOf = gridOf
        self.parents = parents
        centres = [Double](repeating: worth ?? price, count: parents.count)
    }

    /// Whether all parts have the same price.
    var isOneGrid: Bool { parents.count == 1 }

    mutating func recentre(_ price: Double) { centres[0] = price }

    mutating func centre(of part: Int, _ price: Double) {
        if gridOf[part] != 0 { centres[gridOf[part]] = price }
    }

    func placeCount(_ v: Int) -> Int { v < network.nodes.count ? network.nodes[v].placeCount : 1 }
    func rows(_ part: Int) -> Int { placeCount(plan.parts[part].from) }
    func columns(_ part: Int) -> Int { placeCount(plan.parts[part].to) }
    func grid(_ part: Int) -> PriceGrid { grids[gridOf[part]] }
    /// How many figures there are for a pair of places.
    func width(_ part: Int) -> Int { widths[gridOf[part]] }

    /// Elementary steps of `tell` and of `tellOutside`, about.
    var steps: Int {
        plan.parts.indices.reduce(0) { sum, part in
            switch plan.parts[part].made {
            case .series(let first, _, let second):
                let pairs = rows(first) * columns(first) - (closed.isEmpty ? 0 : closed[first].count)
                return sum + (rows(first) * columns(first) + pairs * columns(second)) * width(part) / 12
            default: return sum + rows(part) * columns(part) * width(part) / 3
            }
        }
    }

    /// The least of the whole at each price of the root's grid, and what rounding leaves certain of it.
    var whole: [Double] {
        zip(grid(root).prices, inside[root]).map { price, cost in cost - margin(price, cost) }
    }

    func margin(_ price: Double, _ cost: Double) -> Double {
        Self.precision * (abs(cost) + price * Double(limit)) + 1
    }
}

// MARK: - Inside

extension PartBounds {
    /// Works the insides out at prices near the centres.
    mutating func tell(spread: Double, isRough: Bool = false) {
        self.spread = spread
        grids = []
        for (index, parent) in parents.enumerated() {
            guard parent >= 0 else {
                grids.append(
                    PriceGrid(
                        around: centres[index], spread: spread, whole: centres[index], most: worth ?? .infinity,
                        isRough: isRough))
                continue
            }
            grids.append(
                PriceGrid(
                    around: centres[index], spread: spread, whole: centres[parent], most: grids[parent].last,
                    isRough: isRough))
        }
        widths = grids.map { $0.prices.count + 1 }
        inside = []
        for part in plan.parts.indices {
            inside.append(told(part))
            guard !closed.isEmpty else { continue }
            let width = width(part)
            for pair in closed[part] {
                for k in 0..<width { inside[part][pair * width + k] = Self.never }
            }
        }
    }

    /// The same for another limit.
    mutating func tellAgain(_ meter: inout Meter) {
        tell(spread: spread)
        meter.spend(steps)
    }

    /// Per pair of places of the part, whether some plan of interest may use it.
    func openPairs(_ part: Int) -> [Bool] {
        let (figures, width) = (inside[part], width(part))
        return (0..<rows(part) * columns(part)).map { figures[$0 * width] < Self.never }
    }

    /// Leaves out what no plan within the cap and the limit uses. Asks for outsides.
    mutating func close(cap: Int64) {
        let cap = Double(cap)
        closed = plan.parts.indices.map { part in
            let width = width(part)
            return (0..<rows(part) * columns(part)).filter { pair in
                let cell = pair * width
                if inside[part][cell + width - 1] + outside[part][cell + width - 1] > Double(limit) { return true }
                for k in 0..<width - 1 where inside[part][cell + k] + outside[part][cell + k] > cap { return true }
                return false
            }
        }
    }

    private func told(_ index: Int) -> [Double] {
        let prices = grid(index).prices
        switch plan.parts[index].made {
        case .edge(let edge): return figures(ofEdge: edge, index)
        case .entry:
            let node = network.nodes[plan.parts[index].to]
            return node.entryTime.flatMap { time in prices.map { $0 * Double(time) } + [Double(time)] }
        case .exit: return [Double](repeating: 0, count: rows(index) * width(index))
        case .series(let first, let v, let second):
            return series(inside[first], own(v, prices), inside[second], rows(first), columns(second), width(index))
        case .parallel(let one, let other):
            let shares = PriceShares(of: grid(index), one: grid(one), other: grid(other))
            return combined(index, one, inside[one], other, inside[other], shares) { max($0, $1) }
        case .sided(_, let v, let arm, _, let isExit):
            let stem = stemFigures(index)
            let free = [Double](repeating: 0, count: network.nodes[v].placeCount * width(index))
            return isExit
                ? series(stem, free, inside[arm], 1, columns(arm), width(index))
                : series(inside[arm], free, stem, rows(arm), 1, width(index))
        }
    }

    private func figures(ofEdge edge: Int, _ part: Int) -> [Double] {
        let (pairs, width) = (rows(part) * columns(part), width(part))
        guard let table = network.edges[edge].table else { return [Double](repeating: 0, count: pairs * width) }
        let kinds = zip(table.costs, table.times).map { cost, time in
            grid(part).prices.map { Double(cost) + $0 * Double(time) } + [Double(time)]
        }
        var result: [Double] = []
        result.reserveCapacity(pairs * width)
        for kind in table.ways.kinds { result += kinds[Int(kind)] }
        return result
    }

    /// Per place of the node, what its cheapest option comes to at each price, and how long the fastest takes.
    func own(_ v: Int, _ prices: [Double]) -> [Double] {
        let node = network.nodes[v]
        var result: [Double] = []
        for place in 0..<node.placeCount {
            let options = node.options[node.first[place]..<node.first[place + 1]]
            for price in prices {
                let least = options.reduce(Self.never) { min($0, Double($1.cost) + price * Double($1.time)) }
                result.append(least + Double(node.entryCost[place]))
            }
            result.append(options.reduce(Self.never) { min($0, Double($1.time)) })
        }
        return result
    }

    /// For each row of one table and each column of the other the least sum, the middle being passed.
    func series(
        _ first: [Double], _ middle: [Double], _ second: [Double], _ rows: Int, _ columns: Int, _ width: Int
    ) -> [Double] {
        let places = middle.count / width
        var sums = first
        for row in 0..<rows { for cell in middle.indices { sums[row * middle.count + cell] += middle[cell] } }
        let product = MinPlus(rows: rows, middle: places, columns: columns, width: width)
        return product.of(sums, second)
    }

    /// The most that sharing the price makes of two tables of the same pairs of places, in the grid of `part`.
    func combined(
        _ part: Int, _ one: Int, _ ones: [Double], _ other: Int, _ others: [Double], _ shares: PriceShares,
        delay: (Double, Double) -> Double
    ) -> [Double] {
        let (width, oneWidth, otherWidth) = (width(part), width(one), width(other))
        let pairs = others.count / otherWidth
        var result = [Double](repeating: Self.never, count: pairs * width)
        result.withUnsafeMutableBufferPointer { result in
            ones.withUnsafeBufferPointer { ones in
                others.withUnsafeBufferPointer { others in
                    guard let to = result.baseAddress, let a = ones.baseAddress, let b = others.baseAddress else {
                        return
                    }
                    for pair in 0..<pairs {
                        let (a, b, to) = (a + pair * oneWidth, b + pair * otherWidth, to + pair * width)
                        guard a[0] < Self.never, b[0] < Self.never else { continue }
                        shares.most(a, b, into: to)
                        to[width - 1] = delay(a[oneWidth - 1], b[otherWidth - 1])
                    }
                }
            }
        }
        return result
    }

    /// Of a sided part per place of its node: stem, node and side together, the price being that of the stem's end.
    func stemFigures(_ index: Int) -> [Double] {
        guard case .sided(let stem, let v, _, let side, _) = plan.parts[index].made else { return [] }
        let shares = PriceShares(adding: grid(index), one: grid(side), sum: grid(stem))
        var result = combined(index, side, kept(side), stem, passed(stem, v), shares) { $1 }
        let width = width(index)
        for place in 0..<placeCount(v) {
            let delay =
                result[place * width + width - 1] + inside[side][place * self.width(side) + self.width(side) - 1]
            guard delay > Double(limit) else { continue }
            for k in 0..<width { result[place * width + k] = Self.never }
        }
        return result
    }

    /// What a side costs at least beyond what its price makes of the limit.
    func kept(_ side: Int) -> [Double] {
        let prices = grid(side).prices
        var result = inside[side]
        for pair in 0..<result.count / width(side) {
            for k in prices.indices { result[pair * width(side) + k] -= prices[k] * Double(limit) }
        }
        return result
    }

    /// Per place of the node, a part of that many pairs and the node together.
    func passed(_ part: Int, _ v: Int) -> [Double] {
        zip(inside[part], own(v, grid(part).prices)).map { $0 + $1 }
    }
}
