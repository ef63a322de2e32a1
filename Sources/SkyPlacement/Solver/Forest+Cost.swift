extension Forest {
    /// For every node and place the cost of the cheapest plan of all, time aside.
    struct CostMessages: Sendable {
        /// What the cheapest way to have a node's subtree costs, per place of its parent.
        var up: [[Int64]]
        /// The same per place of the node itself.
        var own: [[Int64]]
        /// Of the cheapest plan of the whole forest that has the node in the place.
        var total: [[Int64]]
        var best: Int64
    }

    func costMessages() -> CostMessages {
        var room = MessageRoom(places: nodes.map(\.placeCount).max() ?? 0)
        var up = [[Int64]](repeating: [], count: nodes.count)
        var own = nodes.map { node in (0..<node.placeCount).map(node.leastCost) }
        for v in order.reversed() {
            for child in nodes[v].children {
                for place in own[v].indices { own[v][place] = Network.plus(own[v][place], up[child][place]) }
            }
            guard v != root else { continue }
            let parent = nodes[nodes[v].parent]
            up[v] = room.least(
                of: own[v], for: parent.placeCount, nodes[v].parentTable, onwards: nodes[v].feedsParent)
        }
        var total = own
        for v in order.dropFirst() {
            let node = nodes[v]
            let others = total[node.parent].indices.map { place in
                total[node.parent][place] < Network.none ? total[node.parent][place] - up[v][place] : Network.none
            }
            let down = room.least(
                of: others, for: node.placeCount, node.parentTable, onwards: !node.feedsParent)
            for place in total[v].indices { total[v][place] = Network.plus(total[v][place], down[place]) }
        }
        return CostMessages(up: up, own: own, total: total, best: total[root].min() ?? Network.none)
    }

    /// An option per node, for the cheapest plan; nil if there is none.
    func cheapestOptions(_ messages: CostMessages) -> [Int]? {
        guard messages.best < Network.none, let rootPlace = messages.total[root].firstIndex(of: messages.best) else {
            return nil
        }
        var places = [Int](repeating: rootPlace, count: nodes.count)
        for v in order.dropFirst() {
            let node = nodes[v]
            let there = places[node.parent]
            var best = (cost: Int64.max, place: 0)
            for (place, cost) in messages.own[v].enumerated() where cost < Network.none {
                let (from, to) = node.feedsParent ? (place, there) : (there, place)
                let sum = cost + (node.parentTable?.cost(from: from, to: to) ?? 0)
                if sum < best.cost { best = (sum, place) }
            }
            places[v] = best.place
        }
        return nodes.indices.map { nodes[$0].first[places[$0] + 1] - 1 }
    }

    /// Per node the cheapest option of each place that cheapest plans use.
    func cheapestAlike(_ messages: CostMessages) -> [[Int]] {
        nodes.indices.map { v in
            messages.total[v].indices.filter { messages.total[v][$0] == messages.best }
                .map { nodes[v].first[$0 + 1] - 1 }
        }
    }
}

extension MessageRoom {
    /// For each place of the receiver the least sum of `costs` and the way from there.
    fileprivate mutating func least(
        of costs: [Int64], for receivers: Int, _ table: TransferTable?, onwards: Bool
    ) -> [Int64] {
        guard let table, !table.isFree else {
            return [Int64](repeating: costs.min() ?? Network.none, count: receivers)
        }
        sent.replaceSubrange(0..<costs.count, with: costs)
        _ = cheapest(table.ways, 0, table.costs, isClassed: table.isClassed, onwards: onwards)
        return received[..<receivers].map { min($0, Network.none) }
    }
}
