/// Makes plans that keep a limit: node by node in order, each looking ahead to what must still follow.
struct TimelyPlan {
    private let network: Network
    private let windows: TimeWindows
    private let limit: Int64
    private var finish: [Int64]
    /// With the options chosen: how much follows the end of each node.
    private var tail: [Int64]
    private var options: [Int]

    init(_ network: Network, _ windows: TimeWindows, limit: Int64) {
        self.network = network
        self.windows = windows
        self.limit = limit
        finish = [Int64](repeating: 0, count: network.nodes.count)
        tail = finish
        options = [Int](repeating: 0, count: network.nodes.count)
    }

    /// Options per node; nil if the way it was tried leads to being late.
    mutating func plan(_ sweep: CostSweep, prefersTime: Bool, _ meter: inout Meter) -> [Int]? {
        for v in network.order {
            guard let option = choice(v, sweep, prefersTime: prefersTime, &meter) else { return nil }
            options[v] = option
            finish[v] = Network.plus(
                arrival(v, network.nodes[v].options[option].place), network.nodes[v].options[option].time)
        }
        if !prefersTime { cheapen(&meter) }
        return options
    }

    private func place(_ v: Int) -> Int { network.nodes[v].options[options[v]].place }

    /// When all inputs of `v` are in the place, given the nodes before it.
    private func arrival(_ v: Int, _ place: Int) -> Int64 {
        var latest = network.nodes[v].entryTime[place]
        for index in network.edgesInto[v] {
            let edge = network.edges[index]
            latest = max(latest, Network.plus(finish[edge.from], time(index, self.place(edge.from), place)))
        }
        return latest
    }

    private func time(_ edge: Int, _ from: Int, _ to: Int) -> Int64 {
        guard let table = network.edges[edge].table else { return 0 }
        return table.time(at: table.index(from: from, to: to))
    }

    private func cost(_ edge: Int, _ from: Int, _ to: Int) -> Int64 {
        guard let table = network.edges[edge].table else { return 0 }
        return table.cost(at: table.index(from: from, to: to))
    }

    private func choice(_ v: Int, _ sweep: CostSweep, prefersTime: Bool, _ meter: inout Meter) -> Int? {
        let node = network.nodes[v]
        var best: (key: (Int64, Int64), option: Int)?
        meter.spend(node.options.count * (1 + network.edgesInto[v].count))
        for place in 0..<node.placeCount where node.first[place] < node.first[place + 1] {
            let begin = arrival(v, place)
            let after = windows.after[windows.start[v] + place]
            var way = sweep.unary[sweep.start[v] + place]
            for link in sweep.linksInto[v].lazy.map({ sweep.links[$0] }) {
                let table = network.edges[link.edge].table
                guard let kinds = table?.ways.kinds, let columns = table?.columns else { continue }
                way += sweep.values[link.values + Int(kinds[self.place(link.from) * columns + place])]
            }
            for link in sweep.linksFrom[v].lazy.map({ sweep.links[$0] }) {
                way += sweep.backward[link.backward + place]
            }
            for option in node.first[place]..<node.first[place + 1] {
                let end = Network.plus(Network.plus(begin, node.options[option].time), after)
                guard end <= limit else { break }
                let cost = way + sweep.extra[sweep.firstOption[v] + option]
                let key = prefersTime ? (end, cost) : (cost, end)
                if let known = best, known.key <= key { continue }
                best = (key, option)
            }
        }
        return best?.option
    }

    /// Moves one node at a time to something cheaper for as long as everything stays in time.
    private mutating func cheapen(_ meter: inout Meter) {
        for _ in 0..<4 {
            var isBetter = false
            follow()
            for v in network.order {
                meter.spend(
                    network.nodes[v].options.count * (1 + network.edgesInto[v].count + network.edgesFrom[v].count))
                guard let option = cheaper(v) else { continue }
                options[v] = option
                isBetter = true
                follow()
            }
            guard isBetter, !meter.isOver else { return }
        }
    }

    /// Works out when nodes end and what follows them.
    private mutating func follow() {
        for v in network.order {
            finish[v] = Network.plus(arrival(v, place(v)), network.nodes[v].options[options[v]].time)
        }
        for v in network.order.reversed() { tail[v] = following(v, place(v)) }
    }

    /// What follows `v` in the place, given the nodes after it.
    private func following(_ v: Int, _ place: Int) -> Int64 {
        var most: Int64 = 0
        for index in network.edgesFrom[v] {
            let to = network.edges[index].to
            let rest = Network.plus(network.nodes[to].options[options[to]].time, tail[to])
            most = max(most, Network.plus(time(index, place, self.place(to)), rest))
        }
        return most
    }

    private func cheaper(_ v: Int) -> Int? {
        let node = network.nodes[v]
        func around(_ place: Int) -> Int64 {
            var sum = node.entryCost[place]
            for index in network.edgesInto[v] {
                sum = Network.plus(sum, cost(index, self.place(network.edges[index].from), place))
            }
            for index in network.edgesFrom[v] {
                sum = Network.plus(sum, cost(index, place, self.place(network.edges[index].to)))
            }
            return sum
        }
        var best = (cost: Network.plus(around(place(v)), node.options[options[v]].cost), option: -1)
        for place in 0..<node.placeCount where node.first[place] < node.first[place + 1] {
            let ways = around(place)
            guard Network.plus(ways, node.options[node.first[place + 1] - 1].cost) < best.cost else { continue }
            let (begin, after) = (arrival(v, place), following(v, place))
            for option in node.first[place]..<node.first[place + 1] {
                let sum = Network.plus(ways, node.options[option].cost)
                guard sum < best.cost,
                    Network.plus(Network.plus(begin, node.options[option].time), after) <= limit
                else { continue }
                best = (sum, option)
            }
        }
        return best.option < 0 ? nil : best.option
    }
}
