/// Solves a network for cost by taking out one node after the other, each time noting for every way to place the
/// node's neighbours where it would be best. Exact; the work grows with the width of the graph.
struct Elimination {
    /// A function of the places of some nodes.
    private struct Part {
        var scope: [Int]
        /// The last node of the scope varies fastest.
        var costs: [Int64]
    }

    private struct Step {
        var node: Int
        var scope: [Int]
        var best: [Int32]
    }

    /// The order that takes out the node with the fewest ways to place its neighbours first; nil if that takes more
    /// than `limit` steps.
    static func order(_ network: Network, limit: Int) -> (nodes: [Int], steps: Int)? {
        var neighbours = [Set<Int>](repeating: [], count: network.nodes.count)
        for edge in network.edges where !(edge.table?.isFree ?? true) {
            neighbours[edge.from].insert(edge.to)
            neighbours[edge.to].insert(edge.from)
        }
        func size(_ v: Int) -> Double {
            neighbours[v].reduce(Double(network.nodes[v].placeCount)) { $0 * Double(network.nodes[$1].placeCount) }
        }
        var sizes = network.nodes.indices.map(size)
        var left = Array(network.nodes.indices)
        var order: [Int] = []
        var steps = 0.0
        while !left.isEmpty {
            var next = 0
            for index in left.indices where sizes[left[index]] < sizes[left[next]] { next = index }
            let v = left[next]
            left.swapAt(next, left.count - 1)
            left.removeLast()
            steps += sizes[v] * 3
            guard steps <= Double(limit) else { return nil }
            order.append(v)
            let around = neighbours[v].sorted()
            for u in around {
                neighbours[u].remove(v)
                neighbours[u].formUnion(around)
                neighbours[u].remove(u)
            }
            for u in around { sizes[u] = size(u) }
        }
        return (order, Int(steps))
    }

    /// The cheapest assignment, as a place per node.
    static func solve(_ network: Network, order: [Int]) -> (cost: Int64, places: [Int]) {
        let counts = network.nodes.map(\.placeCount)
        var parts = network.nodes.indices.map { v in
            let node = network.nodes[v]
            return Part(
                scope: [v],
                costs: (0..<node.placeCount).map { place in
                    Network.plus(node.options[node.first[place + 1] - 1].cost, node.entryCost[place])
                })
        }
        for edge in network.edges {
            guard let table = edge.table, !table.isFree else { continue }
            parts.append(
                Part(scope: [edge.from, edge.to], costs: table.ways.kinds.map { table.costs[Int($0)] }))
        }
        var partsOf = [[Int]](repeating: [], count: counts.count)
        for (index, part) in parts.enumerated() { for v in part.scope { partsOf[v].append(index) } }
        var isUsed = [Bool](repeating: false, count: parts.count)
        var steps: [Step] = []
        var rest: Int64 = 0
        for v in order {
            let own = partsOf[v].filter { !isUsed[$0] }
            for index in own { isUsed[index] = true }
            let (part, best) = without(v, own.map { parts[$0] }, counts)
            for index in own { parts[index].costs = [] }
            steps.append(Step(node: v, scope: part.scope, best: best))
            guard !part.scope.isEmpty else {
                rest = Network.plus(rest, part.costs[0])
                continue
            }
            for u in part.scope { partsOf[u].append(parts.count) }
            parts.append(part)
            isUsed.append(false)
        }
        var places = [Int](repeating: 0, count: counts.count)
        for step in steps.reversed() {
            let cell = step.scope.reduce(0) { $0 * counts[$1] + places[$1] }
            places[step.node] = Int(step.best[cell])
        }
        return (rest, places)
    }

    /// The least sum of `parts` over the places of `v`, and the place that has it, for all ways to place the others.
    private static func without(_ v: Int, _ parts: [Part], _ counts: [Int]) -> (Part, best: [Int32]) {
        let scope = Set(parts.flatMap(\.scope)).subtracting([v]).sorted()
        let size = scope.reduce(1) { $0 * counts[$1] }
        // How far to go in each part's costs when a node of the scope, or `v`, moves to its next place.
        var strides: [[Int]] = []
        var ownStrides: [Int] = []
        for part in parts {
            var stride = [Int: Int]()
            var step = 1
            for node in part.scope.reversed() {
                stride[node] = step
                step *= counts[node]
            }
            strides.append(scope.map { stride[$0] ?? 0 })
            ownStrides.append(stride[v] ?? 0)
        }
        var costs = [Int64](repeating: 0, count: size)
        var best = [Int32](repeating: 0, count: size)
        var position = [Int](repeating: 0, count: scope.count)
        var cells = [Int](repeating: 0, count: parts.count)
        for cell in 0..<size {
            var least = Int64.max
            for place in 0..<counts[v] {
                var sum: Int64 = 0
                for index in parts.indices {
                    sum = Network.plus(sum, parts[index].costs[cells[index] + place * ownStrides[index]])
                }
                if sum < least { (least, best[cell]) = (sum, Int32(place)) }
            }
            costs[cell] = least
            var digit = scope.count - 1
            while digit >= 0 {
                position[digit] += 1
                let isOver = position[digit] == counts[scope[digit]]
                for index in parts.indices {
                    cells[index] += strides[index][digit] * (isOver ? 1 - counts[scope[digit]] : 1)
                }
                guard isOver else { break }
                position[digit] = 0
                digit -= 1
            }
        }
        return (Part(scope: scope, costs: costs), best)
    }
}
