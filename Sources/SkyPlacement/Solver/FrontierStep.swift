/// One node of a `FrontierSearch`, and what has to be remembered after it.
struct FrontierStep {
    struct Edge {
        var edge: Int
        /// Where the node that it comes from is in the frontier.
        var slot: Int
    }

    /// A node of the frontier after this step: one that others still wait for.
    struct Slot {
        /// Where it is in the frontier before; -1: it is the node of this step.
        var old: Int
        /// By place: to end sooner than this is of no use.
        var harmless: [Int64]
        /// The number of its places.
        var radix: UInt64
        /// Something is yet to be moved from there.
        var isPlaceOfUse: Bool
    }

    let node: Int
    /// How many nodes are in the frontier before.
    let slots: Int
    let edges: [Edge]
    let kept: [Slot]

    /// How many nodes others wait for at most.
    static func width(of steps: [FrontierStep]) -> Int { steps.map(\.kept.count).max() ?? 0 }

    /// The nodes in an order in which few are in the frontier; nil if there are too many ways to place those.
    static func plan(_ network: Network, limit: Int64) -> [FrontierStep]? {
        let longest = network.longestAfter()
        var waiting = network.edgesInto.map(\.count)
        var unread = network.edgesFrom.map(\.count)
        var ready = network.nodes.indices.filter { waiting[$0] == 0 }
        var isDone = [Bool](repeating: false, count: network.nodes.count)
        var frontier: [Int] = []
        var steps: [FrontierStep] = []
        while !ready.isEmpty {
            /// How much wider the frontier gets, as a logarithm of its places.
            func growth(_ v: Int) -> Double {
                var sum = network.edgesFrom[v].isEmpty ? 0 : weight(v)
                for index in network.edgesInto[v] where unread[network.edges[index].from] == 1 {
                    sum -= weight(network.edges[index].from)
                }
                return sum
            }
            func weight(_ v: Int) -> Double {
                1 + Double(network.nodes[v].placeCount.bitWidth - network.nodes[v].placeCount.leadingZeroBitCount)
            }
            let growths = ready.map(growth)
            guard let choice = ready.indices.min(by: { (growths[$0], ready[$0]) < (growths[$1], ready[$1]) }) else {
                break
            }
            let v = ready.remove(at: choice)
            let edges = network.edgesInto[v].map { index in
                Edge(edge: index, slot: frontier.firstIndex(of: network.edges[index].from) ?? 0)
            }
            for index in network.edgesInto[v] { unread[network.edges[index].from] -= 1 }
            for index in network.edgesFrom[v] {
                let to = network.edges[index].to
                waiting[to] -= 1
                if waiting[to] == 0 { ready.append(to) }
            }
            let old = frontier
            frontier = (old + [v]).filter { unread[$0] > 0 }
            isDone[v] = true
            var ways: UInt64 = 1
            let slots = frontier.map { u in
                let isPlaceOfUse = network.edgesFrom[u].contains { index in
                    guard !isDone[network.edges[index].to], let table = network.edges[index].table else {
                        return false
                    }
                    return !table.isFree || !table.isInstant
                }
                return Slot(
                    old: u == v ? -1 : old.firstIndex(of: u) ?? 0, harmless: longest[u].map { limit - $0 },
                    radix: isPlaceOfUse ? UInt64(network.nodes[u].placeCount) : 1, isPlaceOfUse: isPlaceOfUse)
            }
            for slot in slots {
                let (product, overflow) = ways.multipliedReportingOverflow(by: slot.radix)
                guard !overflow else { return nil }
                ways = product
            }
            steps.append(FrontierStep(node: v, slots: old.count, edges: edges, kept: slots))
        }
        return steps
    }
}

extension Network {
    /// Per node and place the most that can follow its end, whatever the others choose.
    fileprivate func longestAfter() -> [[Int64]] {
        var after = nodes.map { [Int64](repeating: 0, count: $0.placeCount) }
        for v in order.reversed() {
            // The slowest option of each place is its last… or, where only some are left, any.
            let slowest = (0..<nodes[v].placeCount).map { place in
                (nodes[v].first[place]..<nodes[v].first[place + 1]).map { nodes[v].options[$0].time }.max() ?? 0
            }
            let ends = zip(slowest, after[v]).map(Self.plus)
            for index in edgesInto[v] {
                let from = edges[index].from
                guard let table = edges[index].table else {
                    let most = ends.max() ?? 0
                    for place in after[from].indices { after[from][place] = max(after[from][place], most) }
                    continue
                }
                for row in after[from].indices {
                    for column in ends.indices {
                        let way = Self.plus(ends[column], table.time(at: table.index(from: row, to: column)))
                        after[from][row] = max(after[from][row], way)
                    }
                }
            }
        }
        return after
    }
}
