/// How a network is put together from parts that have two ends each: a way between two nodes, several ways side by side
/// taken as one, or two ways with the node between them taken as one. Chains, trees of any direction, series-parallel
/// graphs, and trees that hang on those come apart completely; other graphs do not.
///
/// Two nodes are added, in one place each: the start of the plan, which everything without a source waits for, and its end.
/// A part holds up the node at its second end for some time after the node at its first, and what it costs depends on the
/// places of these two nodes only.
struct Decomposition: Sendable {
    enum Made: Sendable {
        /// An edge of the network.
        case edge(Int)
        /// From the start: what a node has to have brought in from outside.
        case entry
        /// To the end of the plan, which holds nothing up.
        case exit
        case series(first: Int, node: Int, second: Int)
        case parallel(Int, Int)
        /// A series through a node that is also bound to the start or the end by `side`. The limit says what `side`
        /// leaves possible. The stem is between the node and the other one of start and end, the arm goes to the
        /// neighbour: it comes after the node, if `side` goes to the end, else before.
        case sided(stem: Int, node: Int, arm: Int, side: Int, isExit: Bool)
    }

    struct Part: Sendable {
        var from: Int
        var to: Int
        var made: Made
    }

    /// Each after those that it is made of; the last one is everything, from the start to the end.
    private(set) var parts: [Part] = []
    /// Whether some parts keep the limit within them.
    private(set) var isSided = false

    /// The numbers of the two nodes that are added.
    let start: Int
    let end: Int

    /// By `key`.
    private var partBetween: [Int: Int] = [:]
    /// The nodes from which a part comes, and to which one goes.
    private var sources: [[Int]]
    private var targets: [[Int]]
    private var blockOfPart: [Int: Int] = [:]
    /// How many nodes were taken out to make a part.
    private var weight: [Int] = []

    /// Nil if the network does not come apart.
    init?(_ network: Network) {
        let count = network.nodes.count
        (start, end) = (count, count + 1)
        sources = [[Int]](repeating: [], count: count + 2)
        targets = sources
        let blocks = GraphShape.blocks(network.edges.map { (from: $0.from, to: $0.to) }, nodeCount: count)
        for (index, edge) in network.edges.enumerated() {
            add(Part(from: edge.from, to: edge.to, made: .edge(index)), block: blocks[index], weight: 0)
        }
        let arrival = network.earliestArrivals()
        for (v, node) in network.nodes.enumerated() {
            let isHarmless = zip(node.entryTime, arrival[v]).allSatisfy { $0 <= $1 }
            if network.edgesInto[v].isEmpty || !isHarmless {
                add(Part(from: start, to: v, made: .entry), block: -1, weight: 0)
            }
            if network.edgesFrom[v].isEmpty { add(Part(from: v, to: end, made: .exit), block: -1, weight: 0) }
        }
        guard takeOut(Array(0..<count)) else { return nil }
    }

    /// Takes out one node after the other, first those with the fewest behind them, so that ways that come from both ends
    /// meet in the middle. Returns false if that does not go on to the end.
    private mutating func takeOut(_ nodes: [Int]) -> Bool {
        var ready: [Int: (part: Part, block: Int)] = [:]
        for v in nodes { ready[v] = without(v) }
        for _ in nodes {
            let least = ready.min { (weight(of: $0.value.part), $0.key) < (weight(of: $1.value.part), $1.key) }
            guard let (v, next) = least else { return false }
            let neighbours = (sources[v] + targets[v]).filter { $0 < start }
            remove(v)
            ready[v] = nil
            if case .sided = next.part.made { isSided = true }
            add(next.part, block: next.block, weight: weight(of: next.part))
            for u in neighbours { ready[u] = without(u) }
        }
        return true
    }

    /// The part that is there instead of the node and all its parts, if there is such a one.
    private func without(_ v: Int) -> (part: Part, block: Int)? {
        let (before, after) = (sources[v].filter { $0 != start }, targets[v].filter { $0 != end })
        let (entry, exit) = (partBetween[key(start, v)], partBetween[key(v, end)])
        func part(_ from: Int, _ to: Int) -> Int { partBetween[key(from, to)] ?? -1 }
        switch (before.count, after.count) {
        case (0, 0):
            return (Part(from: start, to: end, made: series(part(start, v), v, part(v, end))), -1)
        case (0, 1):
            let arm = part(v, after[0])
            guard let exit else {
                return (Part(from: start, to: after[0], made: series(part(start, v), v, arm)), -1)
            }
            let made = Made.sided(stem: part(start, v), node: v, arm: arm, side: exit, isExit: true)
            return (Part(from: start, to: after[0], made: made), -1)
        case (1, 0):
            let arm = part(before[0], v)
            guard let entry else {
                return (Part(from: before[0], to: end, made: series(arm, v, part(v, end))), -1)
            }
            let made = Made.sided(stem: part(v, end), node: v, arm: arm, side: entry, isExit: false)
            return (Part(from: before[0], to: end, made: made), -1)
        case (1, 1):
            // Only within a loop: elsewhere it is better to come from the ends, with one node's places to tell apart.
            let (first, second) = (part(before[0], v), part(v, after[0]))
            guard entry == nil, exit == nil, let block = blockOfPart[first], block == blockOfPart[second] else {
                return nil
            }
            return (Part(from: before[0], to: after[0], made: series(first, v, second)), block)
        default: return nil
        }
    }

    private func key(_ from: Int, _ to: Int) -> Int { from * (end + 1) + to }

    private func series(_ first: Int, _ node: Int, _ second: Int) -> Made {
        .series(first: first, node: node, second: second)
    }

    private func weight(of part: Part) -> Int {
        switch part.made {
        case .edge, .entry, .exit: 0
        case .series(let first, _, let second): weight[first] + weight[second] + 1
        case .parallel(let one, let other): weight[one] + weight[other]
        case .sided(let stem, _, let arm, let side, _): weight[stem] + weight[arm] + weight[side] + 1
        }
    }

    private mutating func remove(_ v: Int) {
        for u in sources[v] {
            targets[u].removeAll { $0 == v }
            partBetween[key(u, v)] = nil
        }
        for u in targets[v] {
            sources[u].removeAll { $0 == v }
            partBetween[key(v, u)] = nil
        }
    }

    private mutating func add(_ part: Part, block: Int, weight: Int) {
        let ends = key(part.from, part.to)
        parts.append(part)
        self.weight.append(weight)
        if block >= 0 { blockOfPart[parts.count - 1] = block }
        if let other = partBetween[ends] {
            let both = Part(from: part.from, to: part.to, made: .parallel(other, parts.count - 1))
            parts.append(both)
            self.weight.append(self.weight[other] + weight)
            if block >= 0 { blockOfPart[parts.count - 1] = block }
        } else {
            sources[part.to].append(part.from)
            targets[part.from].append(part.to)
        }
        partBetween[ends] = parts.count - 1
    }
}

extension Network {
    /// Per node and place: what comes in from other nodes is not there sooner.
    fileprivate func earliestArrivals() -> [[Int64]] {
        var arrival = nodes.map { [Int64](repeating: 0, count: $0.placeCount) }
        for v in order {
            for index in edgesInto[v] {
                let edge = edges[index]
                let node = nodes[edge.from]
                let least = (0..<node.placeCount).map { place in
                    let time = (node.first[place]..<node.first[place + 1]).lazy.map { node.options[$0].time }.min()
                    return Self.plus(max(arrival[edge.from][place], node.entryTime[place]), time ?? Self.none)
                }
                for place in arrival[v].indices {
                    let soonest = least.indices.lazy.map { from in
                        Self.plus(least[from], edge.table.map { $0.time(at: $0.index(from: from, to: place)) } ?? 0)
                    }.min()
                    arrival[v][place] = max(arrival[v][place], soonest ?? 0)
                }
            }
        }
        return arrival
    }
}
