extension Forest {
    /// What the earliest arrivals and the latest allowed finishes leave each node and place.
    struct TimeMessages: Sendable {
        /// Per node and place: no start is earlier.
        var start: [[Int64]]
        /// Per node and place: no finish may be later.
        var limit: [[Int64]]
        /// An option per node for a plan that keeps the limit; nil if there is none. Of those it has the most time left.
        var options: [Int]?

        func isAlive(_ v: Int, _ place: Int, _ node: Node) -> Bool {
            start[v][place] + node.leastTime(at: place) <= limit[v][place]
        }
    }

    /// `alive`: per node and place, whether it may be used. Without `bothWays` only `options` is of use.
    func timeMessages(limit: Int64, alive: [[Bool]], bothWays: Bool = true) -> TimeMessages {
        var times = TimeMessages(
            start: nodes.map(\.release), limit: nodes.map { [Int64](repeating: limit, count: $0.placeCount) },
            options: nil)
        var chosen = [[Int]](repeating: [], count: nodes.count)
        for v in order.reversed() {
            let slack = slacks(v, times, alive[v])
            guard v != root else {
                times.options = fastestOptions(slack, chosen)
                continue
            }
            chosen[v] = send(from: v, to: nodes[v].parent, usable: slack.map { $0 >= 0 }, &times, remembering: true)
        }
        guard times.options != nil, bothWays else { return times }
        for v in order.dropFirst() {
            let parent = nodes[v].parent
            _ = send(
                from: parent, to: v, usable: slacks(parent, times, alive[parent]).map { $0 >= 0 }, &times,
                remembering: false)
        }
        return times
    }

    /// How much later the fastest option of each place could finish; negative if it is too late already.
    private func slacks(_ v: Int, _ times: TimeMessages, _ alive: [Bool]) -> [Int64] {
        (0..<nodes[v].placeCount).map { place in
            let time = nodes[v].leastTime(at: place)
            guard alive[place], time < Network.none, times.start[v][place] < Network.none else { return -Network.none }
            return times.limit[v][place] - times.start[v][place] - time
        }
    }

    /// Tells one end of an edge when the other can be done, or by when it must be started. Returns, per place of the
    /// receiver, the place of the sender that leaves the most time.
    private func send(
        from v: Int, to receiver: Int, usable: [Bool], _ times: inout TimeMessages, remembering: Bool
    ) -> [Int] {
        let goesUp = nodes[v].parent == receiver
        let lower = goesUp ? nodes[v] : nodes[receiver]
        let strides = goesUp ? lower.strides : (own: lower.strides.parents, parents: lower.strides.own)
        let forward = goesUp == lower.feedsParent
        let taus = usable.indices.map { place in
            guard usable[place] else { return Network.none }
            let time = nodes[v].leastTime(at: place)
            return forward ? times.start[v][place] + time : time - times.limit[v][place]
        }
        let count = nodes[receiver].placeCount
        let (best, chosen) = Self.earliest(taus, for: count, table: lower.parentTable, strides: strides)
        for place in 0..<count {
            if forward {
                times.start[receiver][place] = max(times.start[receiver][place], best[place])
            } else {
                times.limit[receiver][place] = min(times.limit[receiver][place], -best[place])
            }
        }
        return remembering ? chosen : []
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
