import SkyTestSupport
import Testing

@testable import SkyPlacement

@Suite("Searching through ever finer grids of time and place")
struct TimeGridTests {
    /// Two nodes after two nodes, each waiting for both before; quick is dear.
    private func ladder(_ random: inout SeededGenerator) -> Network {
        let count = 6
        let places = Int.random(in: 2...3, using: &random)
        let nodes = (0..<count).map { _ in
            var options: [Network.Option] = []
            var first = [0]
            for place in 0..<places {
                for time in Set((0..<2).map { _ in Int64.random(in: 1...200_000, using: &random) }).sorted() {
                    let cost = (200_000 - time) * 3 + Int64.random(in: 0...150_000, using: &random)
                    guard options.count == first[place] || cost < options[options.count - 1].cost else { continue }
                    options.append(.init(cost: cost, time: time, place: place, candidate: options.count))
                }
                first.append(options.count)
            }
            return Network.Node(
                options: options, first: first, entryCost: [Int64](repeating: 0, count: places),
                entryTime: [Int64](repeating: 0, count: places), locations: Array(0..<Int32(places)))
        }
        var edges: [Network.Edge] = []
        for v in 2..<count {
            for u in [v - v % 2 - 2, v - v % 2 - 1] { edges.append(edge(u, v, places, &random)) }
        }
        return Network(
            nodes: nodes, edges: edges, order: Array(0..<count),
            providerOfLocation: (0..<Int32(places)).map { $0 / 2 })
    }

    private func edge(_ from: Int, _ to: Int, _ places: Int, _ random: inout SeededGenerator) -> Network.Edge {
        guard Int.random(in: 0..<8, using: &random) > 0 else { return Network.Edge(from: from, to: to, table: nil) }
        let figures = (0..<places * places).map { cell in
            cell / places == cell % places ? 0 : Int64.random(in: 0...100_000, using: &random)
        }
        let table = TransferTable(columns: places, cost: figures, time: figures.map { $0 / 3 })
        return Network.Edge(from: from, to: to, table: table)
    }

    private func everyPlan(_ network: Network) -> [Assignment] {
        var all: [[Int]] = [[]]
        for node in network.nodes { all = all.flatMap { plan in node.options.indices.map { plan + [$0] } } }
        return all.map(network.assignment)
    }

    /// A search that has only just begun: next to nothing is ruled out, and no plan is known.
    private func search(_ network: Network, limit: Int64, cap: Int64) -> (
        best: Assignment?, bound: Int64, isOver: Bool
    )? {
        var search = TimeSearch(
            network, goal: .cheapest, limit: limit, cap: cap, meter: Meter(.steps(2_000_000_000)))
        guard let windows = TimeWindows(network, limit: limit) else { return nil }
        let start = network.restricted(to: windows.kept)
        var sweep = CostSweep(start, CostUnits(start, cap: min(cap, Network.none - 1)), isTimed: true)
        let paths = PathPrices()
        paths.apply(to: &sweep, limit: limit)
        sweep.pass()
        let branch = TimeSearch.Branch(sweep: sweep, paths: paths, names: windows.kept)
        guard search.isNarrow(branch) else { return nil }
        let bound = search.searchGrids(branch)
        return (search.best, bound, search.isExhausted)
    }

    @Test("finds the cheapest plan of all that end in time, and proves it", arguments: 0..<40)
    func agreesWithCountingOut(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let network = ladder(&random)
        guard Decomposition(network) == nil else { return }
        let plans = everyPlan(network)
        let times = plans.map(\.time).sorted()
        for _ in 0..<3 {
            let limit = times[Int.random(in: 0..<times.count / 3, using: &random)]
            let cheapest = try #require(plans.filter { $0.time <= limit }.map(\.cost).min())
            let found = try #require(search(network, limit: limit, cap: Network.none - 1))
            #expect(found.best?.cost == cheapest)
            #expect(found.bound >= cheapest && !found.isOver)
            #expect(found.best.map { network.assignment($0.options).time <= limit } == true)
            // Nothing is cheaper than the cheapest.
            let none = try #require(search(network, limit: limit, cap: cheapest))
            #expect(none.best == nil && none.bound >= cheapest)
        }
    }
}
