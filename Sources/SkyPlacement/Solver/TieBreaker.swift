/// Chooses among assignments of equal cost and time: fewer providers, then fewer regions, then less spot, then places
/// that come first by name. It moves stages about for as long as that helps, always in the same order; what it finds
/// cannot be made better by moving one stage, all of one region, or all that fits into one region or provider.
struct TieBreaker {
    /// One node's way to another option.
    private struct Move {
        var node: Int
        var option: Int
    }

    private let network: Network
    /// What the assignment costs and takes, and is to cost and take.
    private let cost: Int64
    private let time: Int64
    /// Nodes that have a choice.
    private let open: [Int]
    private var schedule: Schedule
    private var census: Census

    private var options: [Int] { schedule.options }

    /// Rounds of moves; every one of them makes the assignment better.
    private static let mostRounds = 20

    /// The best assignment found that costs and takes as much as `plan`.
    static func best(_ network: Network, _ plan: Assignment, _ meter: inout Meter) -> Assignment {
        guard network.nodes.allSatisfy({ !$0.locations.isEmpty }) else { return plan }
        var breaker = TieBreaker(network, plan)
        breaker.improve(&meter)
        return network.assignment(breaker.options)
    }

    private init(_ network: Network, _ plan: Assignment) {
        self.network = network
        (cost, time) = (plan.cost, plan.time)
        schedule = Schedule(network, plan.options)
        schedule.follow()
        open = network.nodes.indices.filter { network.nodes[$0].options.count > 1 }
        census = Census(network)
        for (v, option) in plan.options.enumerated() { census.add(location(v, option), isSpot(v, option)) }
    }

    private func location(_ v: Int, _ option: Int) -> Int32 {
        network.nodes[v].locations[network.nodes[v].options[option].place]
    }

    private func isSpot(_ v: Int, _ option: Int) -> Bool { network.nodes[v].options[option].isSpot }

    private mutating func improve(_ meter: inout Meter) {
        for _ in 0..<Self.mostRounds where !meter.isOver {
            var isBetter = false
            let equals = open.map { self.equals(of: $0, options, where: { _ in true }, &meter) }
            let reached = Set(zip(open, equals).flatMap { v, options in options.map { location(v, $0) } }).sorted()
            for place in reached {
                if take(gathered(in: { $0 == place }, &meter), &meter) { isBetter = true }
            }
            let providers = network.providerOfLocation
            for provider in Set(reached.map { providers[Int($0)] }).sorted() {
                if take(gathered(in: { providers[Int($0)] == provider }, &meter), &meter) { isBetter = true }
            }
            for used in Set(open.map { location($0, options[$0]) }).sorted() {
                for place in sharedLocations(of: used) where place != used {
                    if take(moved(from: used, to: place), &meter) { isBetter = true }
                }
            }
            for (v, others) in zip(open, equals) {
                for option in others where take([Move(node: v, option: option)], &meter) { isBetter = true }
            }
            guard isBetter else { return }
        }
    }

    /// Makes the moves, in the order of their nodes, if the assignment stays as good and ranks better. Returns whether.
    private mutating func take(_ moves: [Move], _ meter: inout Meter) -> Bool {
        let moves = moves.filter { options[$0.node] != $0.option }
        guard !moves.isEmpty, !meter.isOver else { return false }
        meter.spend(moves.count)
        let before = census.rank
        for move in moves { recount(move.node, from: options[move.node], to: move.option) }
        guard census.rank < before || census.rank == before && comeBefore(moves) else {
            for move in moves.reversed() { recount(move.node, from: move.option, to: options[move.node]) }
            return false
        }
        var next = options
        for move in moves { next[move.node] = move.option }
        guard isAsGood(next, after: moves, &meter) else {
            for move in moves.reversed() { recount(move.node, from: move.option, to: options[move.node]) }
            return false
        }
        schedule.options = next
        schedule.follow()
        return true
    }

    private func isAsGood(_ next: [Int], after moves: [Move], _ meter: inout Meter) -> Bool {
        meter.spend(moves.count)
        // One move that makes its own path too long needs no further look.
        if moves.count == 1, schedule.length(through: moves[0].node, option: moves[0].option) > time { return false }
        meter.spend(next.count * 4)
        let new = network.assignment(next)
        return new.cost == cost && new.time == time
    }

    /// Whether the places after the moves, node by node, come before those of now.
    private func comeBefore(_ moves: [Move]) -> Bool {
        for move in moves {
            let (old, new) = (location(move.node, options[move.node]), location(move.node, move.option))
            if old != new { return new < old }
        }
        return false
    }

    private mutating func recount(_ v: Int, from old: Int, to new: Int) {
        census.remove(location(v, old), isSpot(v, old))
        census.add(location(v, new), isSpot(v, new))
    }

    /// Every stage that can be where `isWanted` says without a change in cost is moved there, one after the other.
    private func gathered(in isWanted: (Int32) -> Bool, _ meter: inout Meter) -> [Move] {
        var next = options
        var moves: [Move] = []
        for v in open where !isWanted(location(v, next[v])) {
            guard let option = equals(of: v, next, where: isWanted, &meter).first else { continue }
            next[v] = option
            moves.append(Move(node: v, option: option))
        }
        return moves
    }

    /// The regions in which all stages that are in `used` can be at the same price; none if one of them has no choice.
    private func sharedLocations(of used: Int32) -> [Int32] {
        var shared: Set<Int32>?
        for v in network.nodes.indices where location(v, options[v]) == used {
            let node = network.nodes[v]
            guard node.options.count > 1 else { return [] }
            let own = node.options[options[v]]
            let alike = node.options.filter { $0.cost == own.cost && $0.time == own.time }
            let locations = Set(alike.map { node.locations[$0.place] })
            shared = shared?.intersection(locations) ?? locations
            if shared?.count == 1 { break }
        }
        return (shared ?? []).sorted()
    }

    /// All that is in one region is moved to another; nothing if it cannot all be there.
    private func moved(from: Int32, to: Int32) -> [Move] {
        var moves: [Move] = []
        for v in network.nodes.indices where location(v, options[v]) == from {
            let node = network.nodes[v]
            let old = node.options[options[v]]
            guard let place = node.locations.firstIndex(of: to) else { return [] }
            let alike = (node.first[place]..<node.first[place + 1]).first {
                node.options[$0].cost == old.cost && node.options[$0].time == old.time
            }
            guard let alike else { return [] }
            moves.append(Move(node: v, option: alike))
        }
        return moves
    }

    /// Other options of `v`, in places that are wanted, with which the assignment costs as much.
    private func equals(
        of v: Int, _ options: [Int], where isWanted: (Int32) -> Bool, _ meter: inout Meter
    ) -> [Int] {
        let node = network.nodes[v]
        let (into, from) = (network.edgesInto[v], network.edgesFrom[v])
        func cost(_ option: Int) -> Int64 {
            let place = node.options[option].place
            var sum = Network.plus(node.options[option].cost, node.entryCost[place])
            for index in into {
                guard let table = network.edges[index].table else { continue }
                let other = network.edges[index].from
                sum = Network.plus(sum, table.cost(from: network.nodes[other].options[options[other]].place, to: place))
            }
            for index in from {
                guard let table = network.edges[index].table else { continue }
                let other = network.edges[index].to
                sum = Network.plus(sum, table.cost(from: place, to: network.nodes[other].options[options[other]].place))
            }
            return sum
        }
        let own = cost(options[v])
        var result: [Int] = []
        var looked = 0
        for option in node.options.indices where option != options[v] && node.options[option].cost <= own {
            guard isWanted(node.locations[node.options[option].place]) else { continue }
            looked += 1
            if cost(option) == own { result.append(option) }
        }
        meter.spend(node.options.count + (looked + 1) * (1 + into.count + from.count))
        return result
    }
}

/// How many stages are in each region and with each provider.
private struct Census {
    private let providerOfLocation: [Int32]
    private var perLocation: [Int]
    private var perProvider: [Int]
    private var regions = 0
    private var providers = 0
    private var spots = 0

    init(_ network: Network) {
        providerOfLocation = network.providerOfLocation
        perLocation = [Int](repeating: 0, count: providerOfLocation.count)
        perProvider = [Int](repeating: 0, count: Int(providerOfLocation.max() ?? -1) + 1)
    }

    /// The less the better.
    var rank: (Int, Int, Int) { (providers, regions, spots) }

    mutating func add(_ location: Int32, _ isSpot: Bool) {
        let provider = Int(providerOfLocation[Int(location)])
        if perLocation[Int(location)] == 0 { regions += 1 }
        if perProvider[provider] == 0 { providers += 1 }
        perLocation[Int(location)] += 1
        perProvider[provider] += 1
        if isSpot { spots += 1 }
    }

    mutating func remove(_ location: Int32, _ isSpot: Bool) {
        let provider = Int(providerOfLocation[Int(location)])
        perLocation[Int(location)] -= 1
        perProvider[provider] -= 1
        if perLocation[Int(location)] == 0 { regions -= 1 }
        if perProvider[provider] == 0 { providers -= 1 }
        if isSpot { spots -= 1 }
    }
}
