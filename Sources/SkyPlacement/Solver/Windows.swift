/// Bounds on when each node can run, given the nodes that are decided: valid for every way to decide the rest.
struct Windows {
    /// Per node and place: no start is earlier, whatever the feeding nodes do.
    var release: [[Int64]]
    /// Per node and place: no finish may be later.
    var due: [[Int64]]
    /// Whether every node has a place where it fits.
    var isPossible = true

    private let network: Network
    /// Per node: its option if decided, or -1.
    private let fixed: [Int]

    init(_ network: Network, fixed: [Int], limit: Int64, quickest: QuickestTransfers) {
        self.network = network
        self.fixed = fixed
        release = network.nodes.map(\.entryTime)
        due = network.nodes.map { [Int64](repeating: limit, count: $0.placeCount) }
        for v in network.order {
            let finish = earliestFinish(v)
            for index in network.edgesFrom[v] {
                let edge = network.edges[index]
                for place in release[edge.to].indices {
                    let time = quickest.into(index, edge, place, fixedFrom: decidedPlace(v))
                    release[edge.to][place] = max(release[edge.to][place], Network.plus(finish, time))
                }
            }
        }
        for v in network.order.reversed() {
            let start = latestStart(v)
            isPossible = isPossible && start >= 0 && fits(v)
            for index in network.edgesInto[v] {
                let edge = network.edges[index]
                for place in due[edge.from].indices {
                    let time = quickest.outOf(index, edge, place, fixedTo: decidedPlace(v))
                    due[edge.from][place] = min(due[edge.from][place], start - time)
                }
            }
        }
    }

    /// The end of the plan is no earlier than this.
    var makespanBound: Int64 { network.nodes.indices.map(earliestFinish).max() ?? 0 }

    private func decidedPlace(_ v: Int) -> Int? { fixed[v] < 0 ? nil : network.nodes[v].options[fixed[v]].place }

    private func earliestFinish(_ v: Int) -> Int64 {
        options(v).map { Network.plus(release[v][$0.place], $0.time) }.min() ?? Network.none
    }

    private func latestStart(_ v: Int) -> Int64 {
        options(v).map { due[v][$0.place] - $0.time }.max() ?? -1
    }

    private func fits(_ v: Int) -> Bool {
        options(v).contains { Network.plus(release[v][$0.place], $0.time) <= due[v][$0.place] }
    }

    private func options(_ v: Int) -> ArraySlice<Network.Option> {
        fixed[v] < 0 ? network.nodes[v].options[...] : network.nodes[v].options[fixed[v]...fixed[v]]
    }
}

/// For each edge and place the shortest transfer from or to anywhere.
struct QuickestTransfers: Sendable {
    private let fromAnywhere: [[Int64]]
    private let toAnywhere: [[Int64]]

    init(_ network: Network) {
        fromAnywhere = network.edges.map { edge in
            guard let table = edge.table else { return [] }
            let rows = 0..<network.nodes[edge.from].placeCount
            return (0..<table.columns).map { column in
                rows.map { table.time[table.index(from: $0, to: column)] }.min() ?? 0
            }
        }
        toAnywhere = network.edges.map { edge in
            guard let table = edge.table else { return [] }
            return (0..<network.nodes[edge.from].placeCount).map { row in
                (0..<table.columns).map { table.time[table.index(from: row, to: $0)] }.min() ?? 0
            }
        }
    }

    func into(_ index: Int, _ edge: Network.Edge, _ place: Int, fixedFrom: Int?) -> Int64 {
        guard let table = edge.table else { return 0 }
        return fixedFrom.map { table.time[table.index(from: $0, to: place)] } ?? fromAnywhere[index][place]
    }

    func outOf(_ index: Int, _ edge: Network.Edge, _ place: Int, fixedTo: Int?) -> Int64 {
        guard let table = edge.table else { return 0 }
        return fixedTo.map { table.time[table.index(from: place, to: $0)] } ?? toAnywhere[index][place]
    }
}
