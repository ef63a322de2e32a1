import SkyCatalog
import SkyCore
import SkySpec
import SkyTestSupport
import Testing

@testable import SkyPlacement

/// A catalog whose offers are all made before anybody looks at them.
private struct Eager: OfferSource {
    let own: CatalogOffers

    func offers(for request: ResourceRequest) -> [Offer] { own.offers(for: request) }
    func explainNoOffer(for request: ResourceRequest) -> String { own.explainNoOffer(for: request) }
    func terms(of provider: String) -> RentalTerms { own.terms(of: provider) }
    func egress(from: Location, to: Location) -> EgressPrice { own.egress(from: from, to: to) }
    func pricePerGigabyte(from: Location, to: Location) -> Money { own.pricePerGigabyte(from: from, to: to) }
    func gigabitsPerSecond(from: Location, to: Location) -> Double { own.gigabitsPerSecond(from: from, to: to) }
}

@Suite("Candidates that are made when somebody looks at them")
struct ListedCandidatesTests {
    /// A few regions that sell many machines, at prices that are often the same.
    private static func catalog(_ seed: Int) -> CatalogOffers {
        var random = SeededGenerator(seed: UInt64(seed))
        var offers: [Offer] = []
        let gpus = [nil, nil, AcceleratorCount(name: "T4", count: 1), AcceleratorCount(name: "A100", count: 1)]
        for type in 0..<12 {
            let accelerator = random.pick(gpus)
            for (provider, region) in [("a", "east"), ("a", "west"), ("b", "north")] where random.chance(80) {
                let price = usd("\(Int.random(in: 1...4, using: &random))")
                for market in [Offer.Market.onDemand, .spot] {
                    offers.append(
                        Offer(
                            provider: provider, region: region, instanceType: "m\(type)", accelerator: accelerator,
                            cpus: Double(1 << (type % 4)), memoryGiB: 8, pricePerHour: price, market: market,
                            interruptionsPerMonth: market == .spot && random.chance(50)
                                ? random.pick([0.05, 0.2]) : nil))
                }
            }
        }
        return CatalogOffers(catalog: Catalog(offers: offers))
    }

    private static func pipeline(_ seed: Int, _ objective: Objective, stages count: Int = 3) -> Pipeline {
        var random = SeededGenerator(seed: UInt64(seed + 1))
        let stages = (0..<count).map { index in
            var stage = SkySpec.Stage(name: "s\(index)")
            stage.resources.cpus = .atLeast(random.pick([1, 2, 4]))
            stage.resources.useSpot = random.chance(30)
            if random.chance(40) { stage.resources.acceleratorCount = .atLeast(1) }
            stage.estimate = DurationEstimate(
                general: Estimate(.hour),
                perAccelerator: [.init(accelerator: AcceleratorCount(name: "A100", count: 1), duration: .seconds(900))])
            stage.outputs = [StageOutput(name: "out", size: DataSize(bytes: 10_000_000_000))]
            if index > 0 {
                stage.inputs = [StageInput(name: "in", source: .output(stage: "s\(index - 1)", artifact: "out"))]
            }
            return stage
        }
        return Pipeline(name: "p", objective: objective, stages: stages, directory: "/")
    }

    /// The first stage ran on `m0` and on `m3` before.
    private static let history = PlacementHistory(runs: [
        "s0": [
            .init(provider: "a", region: "east", instanceType: "m0", duration: .seconds(60)),
            .init(provider: "b", region: "north", instanceType: "m3", duration: .seconds(7200)),
        ]
    ])

    @Test(
        "make the plan that making them all beforehand makes, with its runners-up and reasons",
        arguments: [Objective.cost, .time, .weighted(perHour: usd("2")), .costWithin(deadline: .seconds(9000))])
    func samePlans(objective: Objective) throws {
        for seed in 0..<40 {
            let offers = Self.catalog(seed)
            let pipeline = Self.pipeline(seed, objective)
            for history in [PlacementHistory(), Self.history] {
                let lazy = Result { try Planner().plan(pipeline, offers: offers, history: history) }
                let eager = Result { try Planner().plan(pipeline, offers: Eager(own: offers), history: history) }
                switch (lazy, eager) {
                case (.success(let lazy), .success(let eager)): #expect(lazy == eager, "seed \(seed)")
                case (.failure(let lazy), .failure(let eager)): #expect("\(lazy)" == "\(eager)", "seed \(seed)")
                default: Issue.record("seed \(seed): one of both found no plan")
                }
            }
        }
    }

    @Test("are all there for whoever goes through them, in the catalog's order")
    func showsAll() throws {
        let offers = Self.catalog(7)
        let pipeline = Self.pipeline(7, .cost)
        let (lazy, eager) = (
            try PlacementProblem(pipeline: pipeline, offers: offers),
            try PlacementProblem(pipeline: pipeline, offers: Eager(own: offers))
        )
        for (lazy, eager) in zip(lazy.stages, eager.stages) {
            #expect(lazy.candidates.count == eager.candidates.count)
            #expect(Array(lazy.candidates) == Array(eager.candidates))
            #expect(lazy.candidates.indices.map { lazy.candidates[$0] } == Array(eager.candidates))
            let shortlist = lazy.candidates.shortlist
            #expect(shortlist.allSatisfy { $0.candidate == eager.candidates[$0.position] })
            let others = lazy.candidates.others(than: eager.candidates[0])
            #expect(Array(others) == Array(eager.candidates.others(than: eager.candidates[0])))
            #expect(others.allSatisfy(others.holds) && !others.holds(eager.candidates[0]))
        }
    }

    @Test("have runners-up in long pipelines, found all at once, that are as cheap as those found one by one")
    func longPipelines() throws {
        for seed in 0..<4 {
            let (offers, pipeline) = (Self.catalog(seed), Self.pipeline(seed, .cost, stages: 15))
            let atOnce = try Planner().plan(pipeline, offers: offers)
            let oneByOne = try Planner().plan(
                pipeline, offers: offers, policy: CheapestPolicy().filter { _, _ in true })
            #expect(atOnce.totalCost == oneByOne.totalCost)
            #expect(
                atOnce.stages.map { $0.runnerUp?.totalCost } == oneByOne.stages.map { $0.runnerUp?.totalCost },
                "seed \(seed)")
        }
    }

    @Test("can be repriced by a policy, whatever was not worth looking at before")
    func repricing() throws {
        let problem = try PlacementProblem(pipeline: Self.pipeline(3, .cost), offers: Self.catalog(3))
        for wanted in 0..<problem.stages[0].candidates.count {
            let shaped = problem.penalising { stage, candidate in
                stage.name == "s0" && candidate.index != wanted ? usd("1000") : .zero
            }
            #expect(try shaped.best()["s0"]?.index == wanted)
        }
    }
}
