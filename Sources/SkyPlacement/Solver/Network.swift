/// A placement problem as the solver sees it: nodes with options in places, and what it takes to get from place to
/// place. Only numbers: nanodollars and milliseconds, never negative.
struct Network: Sendable {
    struct Option: Hashable, Sendable {
        var cost: Int64
        /// How long it keeps what comes after it waiting.
        var time: Int64
        /// Index among the node's places.
        var place: Int
        /// Index of the stage's candidate.
        var candidate: Int
        /// It may be taken away: between equals the other is taken.
        var isSpot = false
    }

    struct Node: Sendable {
        /// Grouped by place; within a place the time rises and the cost falls: nothing else can be of use.
        var options: [Option]
        /// The options of place `p` are those from `first[p]` up to `first[p + 1]`; there may be none.
        var first: [Int]
        /// Per place: cost and time of bringing in what comes from outside.
        var entryCost: [Int64]
        var entryTime: [Int64]
        /// Per place: its number among all places of the network, by name. Only ties are broken by it.
        var locations: [Int32] = []

        var placeCount: Int { entryCost.count }
    }

    /// What `to` reads from `from`, or only waits for.
    struct Edge: Sendable {
        var from: Int
        var to: Int
        /// Nil when nothing is moved.
        var table: TransferTable?
    }

    var nodes: [Node]
    /// At most one between any two nodes.
    var edges: [Edge]
    /// Every node after all that feed it.
    let order: [Int]
    /// Per node: the edges that come in, and those that go out.
    let edgesInto: [[Int]]
    let edgesFrom: [[Int]]
    /// Per number of a place: its provider.
    let providerOfLocation: [Int32]

    init(nodes: [Node], edges: [Edge], order: [Int], providerOfLocation: [Int32] = []) {
        self.providerOfLocation = providerOfLocation
        self.nodes = nodes
        self.edges = edges
        self.order = order
        var (into, from) = ([[Int]](repeating: [], count: nodes.count), [[Int]](repeating: [], count: nodes.count))
        for (index, edge) in edges.enumerated() {
            into[edge.to].append(index)
            from[edge.from].append(index)
        }
        (edgesInto, edgesFrom) = (into, from)
    }

    /// More than any plan: "there is no way".
    static let none = Int64.max / 4
    /// Later than any plan ends, and less than `none`.
    static let forever = Int64(1) << 60

    /// Saturates at `none`.
    static func plus(_ a: Int64, _ b: Int64) -> Int64 { min(a + b, none) }
}

/// An option (by index) for every node, and what they come to together.
struct Assignment: Hashable, Sendable {
    var options: [Int]
    var cost: Int64
    var time: Int64

    /// Cheaper, or as cheap and faster.
    func isCheaper(than other: Assignment) -> Bool { (cost, time) < (other.cost, other.time) }
    func isFaster(than other: Assignment) -> Bool { (time, cost) < (other.time, other.cost) }
}

extension Network {
    /// Exact cost and makespan of a complete choice.
    func assignment(_ options: [Int]) -> Assignment {
        var (cost, makespan): (Int64, Int64) = (0, 0)
        var finish = [Int64](repeating: 0, count: nodes.count)
        for v in order {
            let chosen = nodes[v].options[options[v]]
            cost = Self.plus(cost, Self.plus(chosen.cost, nodes[v].entryCost[chosen.place]))
            var begin = nodes[v].entryTime[chosen.place]
            for index in edgesInto[v] {
                let from = edges[index].from
                guard let table = edges[index].table else {
                    begin = max(begin, finish[from])
                    continue
                }
                let cell = table.index(from: nodes[from].options[options[from]].place, to: chosen.place)
                cost = Self.plus(cost, table.cost(at: cell))
                begin = max(begin, Self.plus(finish[from], table.time(at: cell)))
            }
            finish[v] = Self.plus(begin, chosen.time)
            makespan = max(makespan, finish[v])
        }
        return Assignment(options: options, cost: cost, time: makespan)
    }
}

extension Network {
    /// The same with only some options left, and only the places that those are in.
    ///
    /// - Parameter kept: per node the options to keep, rising and not empty.
    func restricted(to kept: [[Int]]) -> Network {
        var places: [[Int]] = []
        var newNodes: [Node] = []
        for (node, options) in zip(nodes, kept) {
            var used: [Int] = []
            var first: [Int] = []
            var newOptions: [Option] = []
            newOptions.reserveCapacity(options.count)
            for index in options {
                var option = node.options[index]
                if used.last != option.place {
                    used.append(option.place)
                    first.append(newOptions.count)
                }
                option.place = used.count - 1
                newOptions.append(option)
            }
            first.append(newOptions.count)
            newNodes.append(
                Node(
                    options: newOptions, first: first, entryCost: used.map { node.entryCost[$0] },
                    entryTime: used.map { node.entryTime[$0] },
                    locations: node.locations.isEmpty ? [] : used.map { node.locations[$0] }))
            places.append(used)
        }
        let newEdges = edges.map { edge in
            guard let table = edge.table,
                places[edge.from].count < nodes[edge.from].placeCount
                    || places[edge.to].count < nodes[edge.to].placeCount
            else { return edge }
            return Edge(
                from: edge.from, to: edge.to, table: table.restricted(rows: places[edge.from], columns: places[edge.to])
            )
        }
        return Network(self, nodes: newNodes, edges: newEdges)
    }

    private init(_ whole: Network, nodes: [Node], edges: [Edge]) {
        self.nodes = nodes
        self.edges = edges
        order = whole.order
        edgesInto = whole.edgesInto
        edgesFrom = whole.edgesFrom
        providerOfLocation = whole.providerOfLocation
    }
}

extension Network {
    /// No assignment ends sooner, even if nothing took time to move.
    var timeBoundWithoutTransfers: Int64 {
        var finish = [Int64](repeating: 0, count: nodes.count)
        for v in order {
            let least = nodes[v].entryTime.min() ?? 0
            let begin = edgesInto[v].reduce(least) { max($0, finish[edges[$1].from]) }
            finish[v] = Self.plus(begin, nodes[v].options.lazy.map(\.time).min() ?? 0)
        }
        return finish.max() ?? 0
    }
}
