/// When each node can run in a plan that ends by a limit: bounds that hold for every way to place the others.
struct TimeWindows: Sendable {
    /// Where the places of each node begin in what follows.
    let start: [Int]
    /// Per place: no start is earlier, and after its end at least so much time follows.
    private(set) var release: [Int64]
    private(set) var after: [Int64]
    /// Per node: the options that can be done in time.
    private(set) var kept: [[Int]] = []
    /// No plan ends sooner.
    private(set) var earliestEnd: Int64 = 0

    /// Nil if no plan ends by the limit.
    init?(_ network: Network, limit: Int64) {
        var offsets = [0]
        for node in network.nodes { offsets.append((offsets.last ?? 0) + node.placeCount) }
        start = offsets
        release = network.nodes.flatMap(\.entryTime)
        after = [Int64](repeating: 0, count: release.count)
        var room = MessageRoom(places: network.nodes.map(\.placeCount).max() ?? 0)
        for v in network.order {
            for edge in network.edgesFrom[v] { carry(network, edge, onwards: true, &room) }
        }
        for v in network.order.reversed() {
            for edge in network.edgesInto[v] { carry(network, edge, onwards: false, &room) }
        }
        for (v, node) in network.nodes.enumerated() {
            var earliest = Network.none
            let options = node.options.indices.filter { index in
                let option = node.options[index]
                let place = start[v] + option.place
                let end = Network.plus(Network.plus(release[place], option.time), after[place])
                earliest = min(earliest, end)
                return end <= limit
            }
            guard !options.isEmpty else { return nil }
            earliestEnd = max(earliestEnd, earliest)
            kept.append(options)
        }
    }

    /// Tells one end of an edge how early the other can be done, or how much must follow.
    private mutating func carry(_ network: Network, _ index: Int, onwards: Bool, _ room: inout MessageRoom) {
        let edge = network.edges[index]
        let (sender, receiver) = onwards ? (edge.from, edge.to) : (edge.to, edge.from)
        let node = network.nodes[sender]
        for place in 0..<node.placeCount {
            let time = node.first[place] < node.first[place + 1] ? node.options[node.first[place]].time : Network.none
            room.sent[place] = Network.plus(
                onwards ? release[start[sender] + place] : after[start[sender] + place], time)
        }
        let places = network.nodes[receiver].placeCount
        if let table = edge.table {
            _ = room.cheapest(table.ways, 0, table.times, isClassed: false, onwards: onwards)
        } else {
            let least = room.sent[..<node.placeCount].min() ?? Network.none
            for place in 0..<places { room.received[place] = least }
        }
        for place in 0..<places {
            let cell = start[receiver] + place
            let time = min(room.received[place], Network.none)
            if onwards { release[cell] = max(release[cell], time) } else { after[cell] = max(after[cell], time) }
        }
    }
}
