extension CostSweep {
    /// A good assignment, as a place per node: each node's best, given those before it and what those after it say.
    func decoded() -> [Int] {
        var places = [Int](repeating: 0, count: network.nodes.count)
        var sums: [Int64] = []
        for v in network.order {
            sums.removeAll(keepingCapacity: true)
            sums += unary[start[v]..<start[v + 1]]
            for link in linksFrom[v].lazy.map({ links[$0] }) {
                for place in sums.indices { sums[place] += backward[link.backward + place] }
            }
            for link in linksInto[v] { add(links[link], to: &sums, of: v, from: places[links[link].from]) }
            places[v] = sums.indices.min { sums[$0] < sums[$1] } ?? 0
        }
        return places
    }

    /// Moves one node at a time for as long as that makes the assignment cheaper.
    func settled(_ start: [Int], _ meter: inout Meter) -> [Int] {
        var places = start
        var isOpen = [Bool](repeating: true, count: places.count)
        var open = network.order
        var sums: [Int64] = []
        while !open.isEmpty, !meter.isOver {
            var next: [Int] = []
            for v in open where isOpen[v] {
                isOpen[v] = false
                localCosts(of: v, places, into: &sums)
                meter.spend(sums.count * (1 + linksInto[v].count + linksFrom[v].count))
                let best = sums.indices.min { sums[$0] < sums[$1] } ?? 0
                guard sums[best] < sums[places[v]] else { continue }
                places[v] = best
                for link in linksInto[v] { next.append(links[link].from) }
                for link in linksFrom[v] { next.append(links[link].to) }
            }
            for v in next { isOpen[v] = true }
            open = next
        }
        return places
    }

    /// What each place of `v` costs, with the ways to and from its neighbours' places; in units.
    private func localCosts(of v: Int, _ places: [Int], into sums: inout [Int64]) {
        sums.removeAll(keepingCapacity: true)
        sums += unary[start[v]..<start[v + 1]]
        for link in linksInto[v] { add(links[link], to: &sums, of: v, from: places[links[link].from]) }
        for link in linksFrom[v] { add(links[link], to: &sums, of: v, from: places[links[link].to]) }
    }

    /// Adds the ways between the places of `v` and the one place of its neighbour.
    private func add(_ link: Link, to sums: inout [Int64], of v: Int, from place: Int) {
        guard let ways = network.edges[link.edge].table?.ways else { return }
        if link.to == v {
            let first = place * ways.columns
            for column in sums.indices { sums[column] += values[link.values + Int(ways.kinds[first + column])] }
        } else {
            for row in sums.indices { sums[row] += values[link.values + Int(ways.kinds[row * ways.columns + place])] }
        }
    }

    /// The options that assignments cheaper than `cap` can use; nil if some node has none.
    func alive(below cap: Int64) -> (options: [[Int]], dropped: Int)? {
        var result: [[Int]] = []
        var dropped = 0
        let (most, overflow) = (cap - 1).multipliedReportingOverflow(by: units.scale)
        for v in network.nodes.indices {
            let first = firstOption[v]
            let count = firstOption[v + 1] - first
            let kept = (0..<count).filter { overflow || optionBounds[first + $0] <= most }
            guard !kept.isEmpty else { return nil }
            dropped += count - kept.count
            result.append(kept)
        }
        return (result, dropped)
    }

    /// The same for some of the options only. What was found out stays true.
    func restricted(to kept: [[Int]], isTimed: Bool = false) -> CostSweep {
        let smaller = network.restricted(to: kept)
        var result = CostSweep(smaller, units, isTimed: isTimed)
        result.bound = bound
        for (v, options) in kept.enumerated() {
            for (position, option) in options.enumerated() {
                result.optionBounds[result.firstOption[v] + position] = optionBounds[firstOption[v] + option]
            }
        }
        let places = zip(network.nodes, kept).map { node, options in
            var places: [Int] = []
            for option in options where places.last != node.options[option].place {
                places.append(node.options[option].place)
            }
            return places
        }
        // Some may be gone: of ways within one place nothing is left that costs anything.
        var oldOfEdge = [Int](repeating: -1, count: network.edges.count)
        for (number, link) in links.enumerated() { oldOfEdge[link.edge] = number }
        for new in result.links where oldOfEdge[new.edge] >= 0 {
            let old = links[oldOfEdge[new.edge]]
            for (position, place) in places[old.to].enumerated() {
                result.forward[new.forward + position] = forward[old.forward + place]
            }
            for (position, place) in places[old.from].enumerated() {
                result.backward[new.backward + position] = backward[old.backward + place]
            }
        }
        return result
    }
}

extension CostSweep {
    /// Takes it that no assignment of interest costs less than so many units; `.max` says nothing.
    mutating func raise(_ units: Int128) {
        if units < .max { bound = max(bound, Int64(clamping: min(units, Int128(Int64.max / 4)))) }
    }
}
