extension Forest {
    /// For every node and place the cost of the cheapest plan of all, time aside.
    struct CostMessages: Sendable {
        /// What the cheapest way to have a node's subtree costs, per place of its parent.
        var up: [[Int64]]
        /// The place of the node in that way.
        var chosen: [[Int]]
        /// Of the cheapest plan of the whole forest that has the node in the place.
        var total: [[Int64]]
        var best: Int64
    }

    func costMessages() -> CostMessages {
        var up = [[Int64]](repeating: [], count: nodes.count)
        var chosen = [[Int]](repeating: [], count: nodes.count)
        var total = nodes.map { node in (0..<node.placeCount).map(node.leastCost) }
        for v in order.reversed() {
            for child in nodes[v].children {
                for place in total[v].indices { total[v][place] = Network.plus(total[v][place], up[child][place]) }
            }
            guard v != root else { continue }
            let node = nodes[v]
            (up[v], chosen[v]) = Self.least(
                of: total[v], for: nodes[node.parent].placeCount, table: node.parentTable, strides: node.strides)
        }
        for v in order.dropFirst() {
            let node = nodes[v]
            let others = total[node.parent].indices.map { place in
                total[node.parent][place] < Network.none ? total[node.parent][place] - up[v][place] : Network.none
            }
            let (down, _) = Self.least(
                of: others, for: node.placeCount, table: node.parentTable,
                strides: (own: node.strides.parents, parents: node.strides.own))
            for place in total[v].indices { total[v][place] = Network.plus(total[v][place], down[place]) }
        }
        return CostMessages(up: up, chosen: chosen, total: total, best: total[root].min() ?? Network.none)
    }

    /// For each place of the receiver, the least sum of `costs` and the way from there; the first place that has it.
    private static func least(
        of costs: [Int64], for receivers: Int, table: TransferTable?, strides: (own: Int, parents: Int)
    ) -> (cost: [Int64], place: [Int]) {
        guard let table, !table.isFree else {
            let best = costs.indices.min { costs[$0] < costs[$1] } ?? 0
            return (
                [Int64](repeating: costs[best], count: receivers), [Int](repeating: best, count: receivers)
            )
        }
        var result = [Int64](repeating: Network.none, count: receivers)
        var place = [Int](repeating: 0, count: receivers)
        for (own, cost) in costs.enumerated() where cost < Network.none {
            var cell = own * strides.own
            for receiver in 0..<receivers {
                let sum = cost + table.cost(at: cell)
                if sum < result[receiver] {
                    result[receiver] = sum
                    place[receiver] = own
                }
                cell += strides.parents
            }
        }
        return (result, place)
    }

    /// An option per node, for the cheapest plan; nil if there is none.
    func cheapestOptions(_ messages: CostMessages) -> [Int]? {
        guard messages.best < Network.none, let rootPlace = messages.total[root].firstIndex(of: messages.best) else {
            return nil
        }
        var places = [Int](repeating: rootPlace, count: nodes.count)
        for v in order.dropFirst() { places[v] = messages.chosen[v][places[nodes[v].parent]] }
        return nodes.indices.map { nodes[$0].first[places[$0] + 1] - 1 }
    }
}
