import Testing

@testable import SkyPlacement

@Suite("How networks come apart")
struct DecompositionTests {
    private func network(_ count: Int, _ edges: [(Int, Int)], entryTimes: [Int: Int64] = [:]) -> Network {
        let option = Network.Option(cost: 1, time: 10, place: 0, candidate: 0)
        let nodes = (0..<count).map { v in
            Network.Node(options: [option], first: [0, 1], entryCost: [0], entryTime: [entryTimes[v] ?? 0])
        }
        return Network(
            nodes: nodes, edges: edges.map { Network.Edge(from: $0, to: $1, table: nil) }, order: Array(0..<count))
    }

    @Test(
        "chains, trees, diamonds, what hangs on them, and unconnected ones do",
        arguments: [
            [(0, 1), (1, 2), (2, 3)], [(0, 1), (0, 2), (1, 3)], [(0, 3), (1, 3), (2, 3)], [(0, 2), (1, 2), (1, 3)],
            [(0, 1), (0, 2), (1, 3), (2, 3)], [(0, 1), (0, 2), (1, 2), (2, 3)], [(0, 1)], [],
        ])
    func comeApart(edges: [(Int, Int)]) throws {
        let plan = try #require(Decomposition(network(4, edges)))
        let root = try #require(plan.parts.last)
        #expect(root.from == plan.start && root.to == plan.end)
        // Every node is taken out once, and every edge is in a part.
        let nodes = plan.parts.compactMap { part -> Int? in
            switch part.made {
            case .series(_, let node, _), .sided(_, let node, _, _, _): node
            default: nil
            }
        }
        #expect(nodes.sorted() == [0, 1, 2, 3])
        #expect(plan.parts.count { if case .edge = $0.made { true } else { false } } == edges.count)
    }

    @Test("a bridge between the two ways of a diamond does not")
    func bridgesStay() {
        #expect(Decomposition(network(4, [(0, 1), (0, 2), (1, 2), (1, 3), (2, 3)])) == nil)
    }

    @Test("what comes from outside counts only where it may be late")
    func entriesCount() {
        let diamond = [(0, 1), (0, 2), (1, 3), (2, 3)]
        #expect(Decomposition(network(4, diamond, entryTimes: [1: 10])) != nil)
        #expect(Decomposition(network(4, diamond, entryTimes: [1: 11])) == nil)
    }
}
