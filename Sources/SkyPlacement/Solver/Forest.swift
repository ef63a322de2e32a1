/// A network without loops, hung up at one root: what can be solved exactly by passing messages along the edges.
///
/// Several trees are tied together by a root that costs nothing, takes no time and is first.
struct Forest: Sendable {
    struct Node: Sendable {
        var options: [Network.Option]
        /// As in `Network.Node`.
        var first: [Int]
        /// Per place: what being there costs beside the option itself.
        var cost: [Int64]
        /// Per place: the earliest start.
        var release: [Int64]
        /// Per place: the latest finish; `Network.forever` when there is none.
        var due: [Int64]

        var parent = -1
        var parentTable: TransferTable?
        /// The edge goes from this node to its parent rather than the other way.
        var feedsParent = false
        var children: [Int] = []

        var placeCount: Int { cost.count }

        init(
            options: [Network.Option], first: [Int], cost: [Int64], release: [Int64], due: [Int64]? = nil
        ) {
            self.options = options
            self.first = first
            self.cost = cost
            self.release = release
            self.due = due ?? [Int64](repeating: Network.forever, count: cost.count)
        }

        func options(at place: Int) -> Range<Int> { first[place]..<first[place + 1] }

        /// Of the cheapest option at `place`, extra cost included.
        func leastCost(at place: Int) -> Int64 {
            let range = options(at: place)
            return range.isEmpty ? Network.none : Network.plus(options[range.upperBound - 1].cost, cost[place])
        }

        func leastTime(at place: Int) -> Int64 {
            let range = options(at: place)
            return range.isEmpty ? Network.none : options[range.lowerBound].time
        }

        /// How far apart in the parent's table neighbouring places of this node and of its parent are.
        var strides: (own: Int, parents: Int) {
            guard let columns = parentTable?.columns else { return (0, 0) }
            return feedsParent ? (columns, 1) : (1, columns)
        }
    }

    private(set) var nodes: [Node]
    /// Every node after its parent; the root is first.
    private(set) var order: [Int] = []

    var root: Int { order[0] }

    /// `edges` must not make a loop, `nodes` not be empty.
    init(nodes: [Node], edges: [Network.Edge]) {
        self.nodes = nodes
        var neighbours = [[(node: Int, table: TransferTable?, feeds: Bool)]](repeating: [], count: nodes.count)
        for edge in edges {
            neighbours[edge.from].append((edge.to, edge.table, true))
            neighbours[edge.to].append((edge.from, edge.table, false))
        }
        let trees = Self.trees(neighbours.map { $0.map(\.node) })
        let roots = trees.map { tree in
            // From the only sink or source all messages flow one way in time, which makes searching for the
            // smallest time limit a matter of two steps.
            let sinks = tree.filter { !neighbours[$0].contains { $0.feeds } }
            let sources = tree.filter { !neighbours[$0].contains { !$0.feeds } }
            return sinks.count > 1 && sources.count == 1 ? sources[0] : sinks.first ?? tree[0]
        }
        if roots.count > 1 {
            let option = Network.Option(cost: 0, time: 0, place: 0, candidate: 0)
            self.nodes.append(Node(options: [option], first: [0, 1], cost: [0], release: [0]))
            neighbours.append(roots.map { ($0, nil, true) })
        }
        hang(from: roots.count > 1 ? nodes.count : roots[0], neighbours)
    }

    private mutating func hang(from root: Int, _ neighbours: [[(node: Int, table: TransferTable?, feeds: Bool)]]) {
        order = [root]
        var next = 0
        while next < order.count {
            let v = order[next]
            next += 1
            for link in neighbours[v] where link.node != nodes[v].parent {
                nodes[link.node].parent = v
                nodes[link.node].parentTable = link.table
                nodes[link.node].feedsParent = !link.feeds
                nodes[v].children.append(link.node)
                order.append(link.node)
            }
        }
    }

    private static func trees(_ neighbours: [[Int]]) -> [[Int]] {
        var seen = [Bool](repeating: false, count: neighbours.count)
        var result: [[Int]] = []
        for start in neighbours.indices where !seen[start] {
            var tree = [start]
            seen[start] = true
            var next = 0
            while next < tree.count {
                for other in neighbours[tree[next]] where !seen[other] {
                    seen[other] = true
                    tree.append(other)
                }
                next += 1
            }
            result.append(tree.sorted())
        }
        return result
    }
}
