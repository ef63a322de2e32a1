/// Makes plans that keep a limit: node by node in order, each looking ahead to what must still follow.
struct TimelyPlan {
    private let network: Network
    private let windows: TimeWindows
    private let limit: Int64
    private var schedule: Schedule

    init(_ network: Network, _ windows: TimeWindows, limit: Int64) {
        self.network = network
        self.windows = windows
        self.limit = limit
        schedule = Schedule(network, [Int](repeating: 0, count: network.nodes.count))
    }

    /// Options per node; nil if the way it was tried leads to being late.
    mutating func plan(_ sweep: CostSweep, prefersTime: Bool, _ meter: inout Meter) -> [Int]? {
        for v in network.order {
            guard let option = choice(v, sweep, prefersTime: prefersTime, &meter) else { return nil }
            schedule.start(v, option: option)
        }
        if !prefersTime { cheapen(&meter) }
        return schedule.options
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
            let begin = schedule.arrival(v, place)
            let after = windows.after[windows.start[v] + place]
            var way = sweep.unary[sweep.start[v] + place]
            for link in sweep.linksInto[v].lazy.map({ sweep.links[$0] }) {
                let table = network.edges[link.edge].table
                guard let kinds = table?.ways.kinds, let columns = table?.columns else { continue }
                way += sweep.values[link.values + Int(kinds[schedule.place(link.from) * columns + place])]
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
            schedule.follow()
            for v in network.order {
                meter.spend(
                    network.nodes[v].options.count * (1 + network.edgesInto[v].count + network.edgesFrom[v].count))
                guard let option = cheaper(v) else { continue }
                schedule.options[v] = option
                isBetter = true
                schedule.follow()
            }
            guard isBetter, !meter.isOver else { return }
        }
    }

    private func cheaper(_ v: Int) -> Int? {
        let node = network.nodes[v]
        func around(_ place: Int) -> Int64 {
            var sum = node.entryCost[place]
            for index in network.edgesInto[v] {
                sum = Network.plus(sum, cost(index, schedule.place(network.edges[index].from), place))
            }
            for index in network.edgesFrom[v] {
                sum = Network.plus(sum, cost(index, place, schedule.place(network.edges[index].to)))
            }
            return sum
        }
        var best = (cost: Network.plus(around(schedule.place(v)), node.options[schedule.options[v]].cost), option: -1)
        for place in 0..<node.placeCount where node.first[place] < node.first[place + 1] {
            let ways = around(place)
            guard Network.plus(ways, node.options[node.first[place + 1] - 1].cost) < best.cost else { continue }
            let (begin, after) = (schedule.arrival(v, place), schedule.following(v, place))
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
