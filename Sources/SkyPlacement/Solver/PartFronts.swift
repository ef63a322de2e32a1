/// The exact trade-offs between cost and delay of every part of a `Decomposition`, pair of places by pair of places, as far
/// as `PartBounds` leave open that they belong to a plan within a cap and a limit. Of ways to have a part only those are
/// kept that no other way beats. Everything is counted in whole nanodollars and milliseconds here: bounds only say what
/// need not be looked at.
struct PartFronts {
    struct Way {
        var cost: Int64
        var delay: Int64
    }

    /// What is looked for.
    enum Goal {
        /// The least cost and, of that, the least time.
        case cheapest
        /// The least time and, of that, the least cost.
        case fastest
        /// The least value.
        case least(Worth)

        func rank(_ way: Way) -> (Int64, Int64) {
            switch self {
            case .cheapest: (way.cost, way.delay)
            case .fastest: (way.delay, way.cost)
            case .least(let worth): (worth.value(cost: way.cost, time: way.delay), way.cost)
            }
        }
    }

    /// Those of one part: by pair of places, delays rising and costs falling.
    struct Front {
        var ways: [Way] = []
        /// Where each pair's begin.
        var first: [Int32] = [0]

        func range(_ pair: Int) -> Range<Int> { Int(first[pair])..<Int(first[pair + 1]) }
    }

    let bounds: PartBounds
    let cap: Int64
    let goal: Goal
    private(set) var fronts: [Front] = []
    /// An option per node; nil if there is no plan.
    var best: [Int]?

    var network: Network { bounds.network }

    /// Steps of the meter for looking at a sum, and for keeping it.
    private static let stepsPerWay = 4
    private static let stepsPerPair = 6
    /// Of all parts together, for the sake of memory.
    private static let mostWays = 1 << 25

    /// - Parameters:
    ///   - bounds: insides and outsides for a limit.
    ///   - cap: plans of more cost (or value) are not looked for.
    init(_ bounds: PartBounds, cap: Int64, goal: Goal) {
        self.bounds = bounds
        self.cap = cap
        self.goal = goal
    }

    /// Returns false when `meter` was used up before the end, or there were too many ways.
    mutating func search(_ meter: inout Meter) -> Bool {
        var kept = 0
        for index in bounds.plan.parts.indices {
            if index == bounds.root, let root = joined() {
                finish(root)
                return true
            }
            fronts.append(front(index, &meter))
            kept += fronts[index].ways.count
            guard !meter.isOver, kept < Self.mostWays else { return false }
            guard !fronts[index].ways.isEmpty else { return true }
        }
        if let best = fronts[bounds.root].ways.min(by: { goal.rank($0) < goal.rank($1) }) {
            var options = [Int](repeating: 0, count: network.nodes.count)
            trace([(bounds.root, 0, best)], &options)
            self.best = options
        }
        return true
    }
}

// MARK: - Making fronts

extension PartFronts {
    private func front(_ index: Int, _ meter: inout Meter) -> Front {
        switch bounds.plan.parts[index].made {
        case .edge(let edge):
            let table = network.edges[edge].table
            meter.spend(bounds.rows(index) * bounds.columns(index))
            return single(index) { pair in
                table.map { Way(cost: $0.cost(at: pair), delay: $0.time(at: pair)) } ?? Way(cost: 0, delay: 0)
            }
        case .entry:
            let node = network.nodes[bounds.plan.parts[index].to]
            return single(index) { Way(cost: 0, delay: node.entryTime[$0]) }
        case .exit: return single(index) { _ in Way(cost: 0, delay: 0) }
        case .series(let first, let v, let second):
            return series(index, first: fronts[first], passed: passing(v), second: fronts[second], &meter)
        case .parallel(let one, let other): return parallel(index, fronts[one], fronts[other], &meter)
        case .sided(let stem, let v, let arm, let side, let isExit):
            let stem = bound(fronts[stem], v, fronts[side])
            let free = [[Way]](repeating: [Way(cost: 0, delay: 0)], count: bounds.placeCount(v))
            return isExit
                ? series(index, first: stem, passed: free, second: fronts[arm], &meter)
                : series(index, first: fronts[arm], passed: free, second: stem, &meter)
        }
    }

    private func single(_ index: Int, _ way: (Int) -> Way) -> Front {
        var front = Front()
        var gate = PartGate(bounds, index, cap: cap)
        for (pair, isOpen) in bounds.openPairs(index).enumerated() {
            if isOpen {
                gate.move(to: pair)
                let way = way(pair)
                if gate.admits(way) { front.ways.append(way) }
            }
            front.first.append(Int32(front.ways.count))
        }
        return front
    }

    /// Per place of the node its options, what comes from outside paid for.
    private func passing(_ v: Int) -> [[Way]] {
        let node = network.nodes[v]
        return (0..<node.placeCount).map { place in
            node.options[node.first[place]..<node.first[place + 1]].map {
                Way(cost: Network.plus($0.cost, node.entryCost[place]), delay: $0.time)
            }
        }
    }

    /// Per place of the node: the stem and the node, with what the limit then leaves of the side.
    private func bound(_ stem: Front, _ v: Int, _ side: Front) -> Front {
        var front = Front()
        for (place, options) in passing(v).enumerated() {
            let sides = side.ways[side.range(place)]
            var ways: [Way] = []
            for option in options {
                for way in stem.ways[stem.range(place)] {
                    let delay = way.delay + option.delay
                    let next = sides.firstIndex(laterThan: bounds.limit - delay)
                    guard next > sides.startIndex else { break }
                    ways.append(Way(cost: way.cost + option.cost + sides[next - 1].cost, delay: delay))
                }
            }
            ways.keepUnbeaten(into: &front.ways)
            front.first.append(Int32(front.ways.count))
        }
        return front
    }

    private func series(
        _ index: Int, first: Front, passed: [[Way]], second: Front, _ meter: inout Meter
    ) -> Front {
        let (rows, columns) = (bounds.rows(index), bounds.columns(index))
        let open = bounds.openPairs(index)
        meter.spend(open.count)
        var gate = PartGate(bounds, index, cap: cap)
        var front = Front()
        var ways: [Way] = []
        for row in 0..<rows {
            for column in 0..<columns {
                guard open[row * columns + column] else {
                    front.first.append(Int32(front.ways.count))
                    continue
                }
                ways.removeAll(keepingCapacity: true)
                gate.move(to: row * columns + column)
                var looked = Self.stepsPerPair + passed.count
                if gate.isOpen, !meter.isOver {
                    for (place, options) in passed.enumerated() {
                        let a = first.ways[first.range(row * passed.count + place)]
                        let b = second.ways[second.range(place * columns + column)]
                        guard !a.isEmpty, !b.isEmpty else { continue }
                        let (few, many) = a.count < b.count ? (a, b) : (b, a)
                        for option in options {
                            for way in few {
                                let head = Way(cost: way.cost + option.cost, delay: way.delay + option.delay)
                                looked += gate.let(many, after: head, into: &ways)
                            }
                        }
                    }
                }
                meter.spend(looked + ways.count * Self.stepsPerWay)
                ways.keepUnbeaten(into: &front.ways)
                front.first.append(Int32(front.ways.count))
            }
        }
        return front
    }

    private func parallel(_ index: Int, _ one: Front, _ other: Front, _ meter: inout Meter) -> Front {
        var front = Front()
        let open = bounds.openPairs(index)
        var gate = PartGate(bounds, index, cap: cap)
        for pair in open.indices {
            gate.move(to: pair)
            let (a, b) = (one.ways[one.range(pair)], other.ways[other.range(pair)])
            if open[pair], gate.isOpen, let firstA = a.first, let firstB = b.first {
                meter.spend(a.count + b.count)
                var (i, j) = (a.startIndex, b.startIndex)
                var delay = max(firstA.delay, firstB.delay)
                while true {
                    while i + 1 < a.endIndex, a[i + 1].delay <= delay { i += 1 }
                    while j + 1 < b.endIndex, b[j + 1].delay <= delay { j += 1 }
                    let way = Way(cost: a[i].cost + b[j].cost, delay: delay)
                    if gate.admits(way) { front.ways.append(way) }
                    let next = min(
                        i + 1 < a.endIndex ? a[i + 1].delay : .max, j + 1 < b.endIndex ? b[j + 1].delay : .max)
                    guard next < .max else { break }
                    delay = next
                }
            }
            front.first.append(Int32(front.ways.count))
        }
        return front
    }
}
