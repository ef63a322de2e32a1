/// A network without loops, hung up at one root: what can be solved exactly by passing messages along the edges.
///
/// Several trees are tied together by a root that costs nothing, takes no time and is first.
struct Forest: Sendable {
    /// What hangs it up: the node that it hangs from, and the way between the two.
    struct Hook: Sendable {
        var parent = -1
        var table: TransferTable?
        /// The edge goes from the node to its parent rather than the other way.
        var feedsParent = false
        var children: [Int] = []
    }

    /// A class, so that looking at one does not count a reference per column.
    final class Node: Sendable {
        let options: [Network.Option]
        /// As in `Network.Node`.
        let first: [Int]
        /// Per place: what being there costs beside the option itself.
        let cost: [Int64]
        /// Per place: the earliest start.
        let release: [Int64]
        let parent: Int
        let parentTable: TransferTable?
        let feedsParent: Bool
        let children: [Int]
        /// How far apart in the parent's table neighbouring places of this node and of its parent are.
        let strides: (own: Int, parents: Int)

        var placeCount: Int { cost.count }

        fileprivate init(_ node: Network.Node, _ hook: Hook) {
            (options, first, cost, release) = (node.options, node.first, node.entryCost, node.entryTime)
            (parent, parentTable, feedsParent, children) = (hook.parent, hook.table, hook.feedsParent, hook.children)
            let columns = hook.table?.columns
            strides = columns.map { hook.feedsParent ? ($0, 1) : (1, $0) } ?? (0, 0)
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
    }

    let nodes: [Node]
    /// Every node after its parent; the root is first.
    let order: [Int]

    var root: Int { order[0] }

    /// `edges` must not make a loop, `nodes` not be empty.
    init(nodes: [Network.Node], edges: [Network.Edge]) {
        var nodes = nodes
        var neighbours = [[Link]](repeating: [], count: nodes.count)
        for edge in edges {
            neighbours[edge.from].append(Link(node: edge.to, table: edge.table, isOutward: true))
            neighbours[edge.to].append(Link(node: edge.from, table: edge.table, isOutward: false))
        }
        let trees = Self.trees(neighbours.map { $0.map(\.node) })
        let roots = trees.map { tree in
            // From the only sink or source all messages flow one way in time, which makes searching for the
            // smallest time limit a matter of two steps.
            let sinks = tree.filter { !neighbours[$0].contains { $0.isOutward } }
            let sources = tree.filter { !neighbours[$0].contains { !$0.isOutward } }
            return sinks.count > 1 && sources.count == 1 ? sources[0] : sinks.first ?? tree[0]
        }
        if roots.count > 1 {
            let option = Network.Option(cost: 0, time: 0, place: 0, candidate: 0)
            nodes.append(Network.Node(options: [option], first: [0, 1], entryCost: [0], entryTime: [0]))
            neighbours.append(roots.map { Link(node: $0, table: nil, isOutward: true) })
        }
        let (order, hooks) = Self.hung(from: roots.count > 1 ? nodes.count - 1 : roots[0], neighbours)
        self.order = order
        self.nodes = zip(nodes, hooks).map(Node.init)
    }

    private struct Link {
        var node: Int
        var table: TransferTable?
        /// The edge goes to `node`.
        var isOutward: Bool
    }

    private static func hung(from root: Int, _ neighbours: [[Link]]) -> (order: [Int], hooks: [Hook]) {
        var hooks = [Hook](repeating: Hook(), count: neighbours.count)
        var order = [root]
        var next = 0
        while next < order.count {
            let v = order[next]
            next += 1
            for link in neighbours[v] where link.node != hooks[v].parent {
                hooks[link.node].parent = v
                hooks[link.node].table = link.table
                hooks[link.node].feedsParent = !link.isOutward
                hooks[v].children.append(link.node)
                order.append(link.node)
            }
        }
        return (order, hooks)
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
