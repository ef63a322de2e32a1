import SkyCatalog
import SkyCore
import SkyPlacement
import SkySpec
import SkyTestSupport
import Testing

/// What a policy tells the solver, against every placement there is.
@Suite("Shaping a problem")
struct ShapingTests {
    /// All placements of a small problem.
    private func everyPlacement(_ problem: PlacementProblem) -> [Placement] {
        problem.stages.reduce([[:]]) { partial, stage in
            partial.flatMap { known in
                stage.candidates.map { known.merging([stage.name: $0]) { $1 } }
            }
        }.map { Placement($0) }
    }

    private func problem(_ seed: Int) throws -> PlacementProblem {
        let instance = RandomInstance(.anyGraph, seed: seed)
        return try PlacementProblem(pipeline: instance.pipeline, offers: instance.market)
    }

    @Test("ranks come before prices, and prices decide between equal ranks", arguments: 0..<20)
    func ranking(seed: Int) throws {
        let problem = try problem(seed)
        func rank(_ candidate: Candidate) -> Int { (candidate.index * 7 + seed) % 3 }
        func value(_ placement: Placement) throws -> Value {
            let ranks = placement.candidates.values.reduce(0) { $0 + rank($1) }
            return Value(first: Int64(ranks), then: try problem.totals(of: placement).cost.nanodollars)
        }
        let best = try everyPlacement(problem).map(value).min()
        #expect(try value(try problem.ranking { rank($1) }.cheapest()) == best)
    }

    @Test("ranks of transfers count before prices too", arguments: 0..<20)
    func rankingTransfers(seed: Int) throws {
        let problem = try problem(100 + seed)
        func rank(_ size: DataSize, _ from: Location, _ to: Location) -> Int {
            from == to ? 0 : Int(size.bytes / 1_000_000_000)
        }
        func value(_ placement: Placement) throws -> Value {
            let places = problem.stages.map { placement[$0.name]?.location ?? .here }
            let moved = problem.flows.reduce(0) { sum, flow in
                let source =
                    switch flow.source {
                    case .stage(let index): places[index]
                    case .place(let location): location
                    }
                return sum + rank(flow.size, source, places[flow.reader])
            }
            return Value(first: Int64(moved), then: try problem.totals(of: placement).cost.nanodollars)
        }
        let best = try everyPlacement(problem).map(value).min()
        #expect(try value(try problem.rankingTransfers { rank($0.size, $1, $2) }.cheapest()) == best)
    }

    @Test("the smallest set of providers is really the smallest, and its plan the cheapest", arguments: 0..<20)
    func fewestProviders(seed: Int) throws {
        let problem = try problem(200 + seed)
        func value(_ placement: Placement) throws -> Value {
            let providers = Set(placement.candidates.values.map(\.offer.provider))
            return Value(first: Int64(providers.count), then: try problem.totals(of: placement).cost.nanodollars)
        }
        let best = try everyPlacement(problem).map(value).min()
        #expect(try value(try FewestProvidersPolicy().place(problem)) == best)
    }

    private struct Value: Comparable {
        var first: Int64
        var then: Int64

        static func < (a: Value, b: Value) -> Bool { (a.first, a.then) < (b.first, b.then) }
    }

    @Test("what is repriced twice has the second price, and true costs throughout")
    func repricing() throws {
        let problem = try PlacementProblem(pipeline: PolicyMarket.pipeline, offers: PolicyMarket.market)
        let dear = problem.repricing { _, _ in usd("5") }.penalising { _, candidate in
            candidate.offer.region == "poland" ? .zero - usd("1") : .zero
        }
        #expect(dear.isRepriced)
        #expect(!problem.isRepriced)
        let placement = try dear.cheapest()
        #expect(placement["train"]?.offer.region == "poland")
        #expect(try dear.totals(of: placement).cost == usd("181.50"))
        #expect(dear.price(of: dear.stages[0].candidates[3], ofStage: 0) == usd("4"))
        #expect(try dear.keeping { $1.offer.region != "poland" }.isRepriced)
    }
}
