/// Chooses among assignments of equal cost and time: fewer providers, then fewer regions, then less spot, then places
/// that come first by name. It moves stages about for as long as that helps, always in the same order; what it finds
/// cannot be made better by moving one stage, all of one region, or all that fits into one region or provider.
struct TieBreaker {
    private let network: Network
    private var options: [Int]
    private var time: Int64

    /// Rounds of moves; every one of them makes the assignment better.
    private static let mostRounds = 20

    private struct Rank: Comparable {
        var providers: Int
        var regions: Int
        var spots: Int
        /// In the order of the nodes.
        var places: [Int32]

        static func < (a: Rank, b: Rank) -> Bool {
            let (left, right) = ((a.providers, a.regions, a.spots), (b.providers, b.regions, b.spots))
            return left != right ? left < right : a.places.lexicographicallyPrecedes(b.places)
        }
    }

    /// The best assignment found that costs and takes as much as `plan`.
    static func best(_ network: Network, _ plan: Assignment, _ meter: inout Meter) -> Assignment {
        guard network.nodes.allSatisfy({ !$0.locations.isEmpty }) else { return plan }
        var breaker = TieBreaker(network: network, options: plan.options, time: plan.time)
        breaker.improve(&meter)
        return network.assignment(breaker.options)
    }

    private mutating func improve(_ meter: inout Meter) {
        var rank = rank(options)
        for _ in 0..<Self.mostRounds {
            let before = rank
            let equals = network.nodes.indices.map { self.equals(of: $0, options, &meter) }
            let reached = Set(zip(equals.indices, equals).flatMap { v, options in options.map { location(v, $0) } })
            for location in reached.sorted() { consider(&rank, &meter) { $0.gathered(in: { $0 == location }, &$1) } }
            let providers = network.providerOfLocation
            for provider in Set(reached.map { providers[Int($0)] }).sorted() {
                consider(&rank, &meter) { $0.gathered(in: { providers[Int($0)] == provider }, &$1) }
            }
            for used in Set(rank.places).sorted() {
                for location in sharedLocations(of: used) where location != used {
                    consider(&rank, &meter) { breaker, _ in breaker.moved(from: used, to: location) }
                }
            }
            for (v, others) in equals.enumerated() {
                for option in others {
                    consider(&rank, &meter) { breaker, _ in
                        var next = breaker.options
                        next[v] = option
                        return next
                    }
                }
            }
            guard rank < before, !meter.isOver else { return }
        }
    }

    /// The regions in which all stages that are in `used` can be at the same price.
    private func sharedLocations(of used: Int32) -> [Int32] {
        var shared: Set<Int32>?
        for v in network.nodes.indices where location(v, options[v]) == used {
            let node = network.nodes[v]
            let own = node.options[options[v]]
            let alike = node.options.filter { $0.cost == own.cost && $0.time == own.time }
            let locations = Set(alike.map { node.locations[$0.place] })
            shared = shared?.intersection(locations) ?? locations
            if shared?.count == 1 { break }
        }
        return (shared ?? []).sorted()
    }

    /// Takes what `change` makes of the options if it is as good and ranks better.
    private mutating func consider(
        _ rank: inout Rank, _ meter: inout Meter, _ change: (TieBreaker, inout Meter) -> [Int]?
    ) {
        guard !meter.isOver, let next = change(self, &meter), next != options else { return }
        let nextRank = self.rank(next)
        meter.spend(next.count)
        guard nextRank < rank else { return }
        meter.spend(next.count * 4)
        let (old, new) = (network.assignment(options), network.assignment(next))
        guard new.cost == old.cost, new.time == old.time else { return }
        (options, rank) = (next, nextRank)
    }

    private func location(_ v: Int, _ option: Int) -> Int32 {
        network.nodes[v].locations[network.nodes[v].options[option].place]
    }

    private func rank(_ options: [Int]) -> Rank {
        let places = options.indices.map { location($0, options[$0]) }
        let regions = Set(places)
        return Rank(
            providers: Set(regions.map { network.providerOfLocation[Int($0)] }).count, regions: regions.count,
            spots: options.indices.count { network.nodes[$0].options[options[$0]].isSpot }, places: places)
    }

    /// Every stage that can be where `isWanted` says without a change in cost is moved there, one after the other.
    private func gathered(in isWanted: (Int32) -> Bool, _ meter: inout Meter) -> [Int]? {
        var next = options
        for v in network.nodes.indices where !isWanted(location(v, next[v])) {
            if let option = equals(of: v, next, &meter).first(where: { isWanted(location(v, $0)) }) { next[v] = option }
        }
        return next
    }

    /// All that is in one region is moved to another; nil if it cannot all be there.
    private func moved(from: Int32, to: Int32) -> [Int]? {
        var next = options
        for v in network.nodes.indices where location(v, next[v]) == from {
            let node = network.nodes[v]
            let old = node.options[next[v]]
            guard let place = node.locations.firstIndex(of: to) else { return nil }
            let alike = (node.first[place]..<node.first[place + 1]).first {
                node.options[$0].cost == old.cost && node.options[$0].time == old.time
            }
            guard let alike else { return nil }
            next[v] = alike
        }
        return next
    }

    /// Other options of `v` with which the assignment costs as much.
    private func equals(of v: Int, _ options: [Int], _ meter: inout Meter) -> [Int] {
        let node = network.nodes[v]
        func cost(_ option: Int) -> Int64 {
            let place = node.options[option].place
            var sum = Network.plus(node.options[option].cost, node.entryCost[place])
            for index in network.edgesInto[v] + network.edgesFrom[v] {
                let edge = network.edges[index]
                guard let table = edge.table else { continue }
                let other = edge.from == v ? edge.to : edge.from
                let otherPlace = network.nodes[other].options[options[other]].place
                let cell =
                    edge.from == v
                    ? table.index(from: place, to: otherPlace) : table.index(from: otherPlace, to: place)
                sum = Network.plus(sum, table.cost(at: cell))
            }
            return sum
        }
        meter.spend(node.options.count * (1 + network.edgesInto[v].count + network.edgesFrom[v].count))
        let own = cost(options[v])
        return node.options.indices.filter { $0 != options[v] && node.options[$0].cost <= own && cost($0) == own }
    }
}
