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
    }

    struct Node: Sendable {
        /// Grouped by place; within a place the time rises and the cost falls: nothing else can be of use.
        var options: [Option]
        /// The options of place `p` are those from `first[p]` up to `first[p + 1]`; there may be none.
        var first: [Int]
        /// Per place: cost and time of bringing in what comes from outside.
        var entryCost: [Int64]
        var entryTime: [Int64]

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

    init(nodes: [Node], edges: [Edge], order: [Int]) {
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

/// Cost and time of one edge's artifacts for every pair of places, as row-major tables: rows are where they come from.
struct TransferTable: Sendable {
    let columns: Int
    let cost: [Int64]
    let time: [Int64]
    let isFree: Bool

    init(columns: Int, cost: [Int64], time: [Int64]) {
        self.columns = columns
        self.cost = cost
        self.time = time
        isFree = cost.allSatisfy { $0 == 0 }
    }

    func index(from: Int, to: Int) -> Int { from * columns + to }
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
        var cost: Int64 = 0
        var start = [Int64](repeating: 0, count: nodes.count)
        for (node, option) in zip(nodes, options) {
            let chosen = node.options[option]
            cost = Self.plus(cost, Self.plus(chosen.cost, node.entryCost[chosen.place]))
        }
        for (v, node) in nodes.enumerated() { start[v] = node.entryTime[node.options[options[v]].place] }
        var makespan: Int64 = 0
        for v in order {
            let finish = Self.plus(start[v], nodes[v].options[options[v]].time)
            makespan = max(makespan, finish)
            for edge in edgesFrom[v].lazy.map({ edges[$0] }) {
                var arrival = finish
                if let table = edge.table {
                    let cell = table.index(
                        from: nodes[v].options[options[v]].place, to: nodes[edge.to].options[options[edge.to]].place)
                    cost = Self.plus(cost, table.cost[cell])
                    arrival = Self.plus(arrival, table.time[cell])
                }
                start[edge.to] = max(start[edge.to], arrival)
            }
        }
        return Assignment(options: options, cost: cost, time: makespan)
    }
}
