extension Forest {
    /// What the earliest arrivals and the latest allowed finishes leave each node and place.
    private struct TimeMessages {
        /// Per node and place: no start is earlier.
        var start: [[Int64]]
        /// Per node and place: no finish may be later.
        var limit: [[Int64]]
    }

    /// An option per node for a plan that keeps the limit, of those the one with the most time left at the root; nil if
    /// there is none.
    ///
    /// - Parameter alive: per node and place, whether it may be used.
    func timelyOptions(limit: Int64, alive: [[Bool]]) -> [Int]? {
        var times = TimeMessages(
            start: nodes.map(\.release), limit: nodes.map { [Int64](repeating: limit, count: $0.placeCount) })
        var chosen = [[Int]](repeating: [], count: nodes.count)
        for v in order.dropFirst().reversed() {
            chosen[v] = send(from: v, usable: slacks(v, times, alive[v]).map { $0 >= 0 }, &times)
        }
        return fastestOptions(slacks(root, times, alive[root]), chosen)
    }

    /// How much later the fastest option of each place could finish; negative if it is too late already.
    private func slacks(_ v: Int, _ times: TimeMessages, _ alive: [Bool]) -> [Int64] {
        (0..<nodes[v].placeCount).map { place in
            let time = nodes[v].leastTime(at: place)
            guard alive[place], time < Network.none, times.start[v][place] < Network.none else { return -Network.none }
            return times.limit[v][place] - times.start[v][place] - time
        }
    }

    /// Tells the parent when the node can be done, or by when it must be started. Returns, per place of the parent, the
    /// node's place that leaves the most time.
    private func send(from v: Int, usable: [Bool], _ times: inout TimeMessages) -> [Int] {
        let (node, parent) = (nodes[v], nodes[v].parent)
        let taus = usable.indices.map { place in
            guard usable[place] else { return Network.none }
            let time = node.leastTime(at: place)
            return node.feedsParent ? times.start[v][place] + time : time - times.limit[v][place]
        }
        let count = nodes[parent].placeCount
        let (best, chosen) = Self.earliest(taus, for: count, table: node.parentTable, strides: node.strides)
        for place in 0..<count {
            if node.feedsParent {
                times.start[parent][place] = max(times.start[parent][place], best[place])
            } else {
                times.limit[parent][place] = min(times.limit[parent][place], -best[place])
            }
        }
        return chosen
    }

    private static func earliest(
        _ taus: [Int64], for receivers: Int, table: TransferTable?, strides: (own: Int, parents: Int)
    ) -> (tau: [Int64], place: [Int]) {
        guard let table else {
            let best = taus.indices.min { taus[$0] < taus[$1] } ?? 0
            return ([Int64](repeating: taus[best], count: receivers), [Int](repeating: best, count: receivers))
        }
        var result = [Int64](repeating: Network.none, count: receivers)
        var place = [Int](repeating: 0, count: receivers)
        for (own, tau) in taus.enumerated() where tau < Network.none {
            var cell = own * strides.own
            for receiver in 0..<receivers {
                let sum = tau + table.time(at: cell)
                if sum < result[receiver] {
                    result[receiver] = sum
                    place[receiver] = own
                }
                cell += strides.parents
            }
        }
        return (result, place)
    }

    private func fastestOptions(_ rootSlack: [Int64], _ chosen: [[Int]]) -> [Int]? {
        guard let place = rootSlack.indices.min(by: { rootSlack[$0] > rootSlack[$1] }), rootSlack[place] >= 0 else {
            return nil
        }
        var places = [Int](repeating: place, count: nodes.count)
        for v in order.dropFirst() { places[v] = chosen[v][places[nodes[v].parent]] }
        return nodes.indices.map { nodes[$0].first[places[$0]] }
    }
}
