import SkyCatalog
import SkyCore
import SkyPlacement
import SkySpec
import Testing

@Suite("Combining policies")
struct CombinatorTests {
    typealias World = PolicyMarket

    private func story(_ policy: some PlacementPolicy, objective: Objective = .cost) throws -> String {
        World.story(of: try World.plan(policy, objective: objective))
    }

    @Test("filter hides candidates from any policy")
    func filter() throws {
        let policy = FastestPolicy().filter { _, candidate in candidate.offer.provider != "west" }
        #expect(try story(policy) == "prepare in virginia, train in virginia: $101.00, 11h")
        #expect(policy.name == "fastest")
        #expect(FastestPolicy().filter(as: "not west") { $1.offer.provider != "west" }.name == "not west")
    }

    @Test("a penalty is seen by the policy and not by the bill")
    func penalising() throws {
        let dislike = CheapestPolicy().penalising { _, candidate in
            candidate.offer.provider == "west" ? usd("20") : .zero
        }
        #expect(try story(dislike) == "prepare in virginia, train in virginia: $101.00, 11h")
        let mildly = CheapestPolicy().penalising { $1.offer.provider == "west" ? usd("18.99") : .zero }
        #expect(try story(mildly) == "prepare in virginia, train in oregon: $82.00, 11h 02m")
        let bribed = CheapestPolicy().penalising { $1.offer.provider == "north" ? .zero - usd("1000") : .zero }
        #expect(try story(bribed).hasPrefix("prepare in sweden, train in sweden"))
    }

    @Test("then: the first narrows the choice, the second chooses")
    func then() throws {
        #expect(
            try story(ResidencyPolicy(areas: ["eu"]).then(FastestPolicy()))
                == "prepare in sweden, train in sweden: $112.00, 11h")
        #expect(
            try story(CheapestPolicy(deadline: .seconds(11 * 3600 + 60)).then(CarbonPolicy(figures: World.carbon)))
                == "prepare in sweden, train in sweden: $112.00, 11h")
        // Among the cheapest plans there is only one.
        #expect(
            try story(CheapestPolicy().then(CarbonPolicy(figures: World.carbon)))
                == "prepare in virginia, train in oregon: $82.00, 11h 02m")
        #expect(
            try story(FewestProvidersPolicy().then(CarbonPolicy(figures: World.carbon)))
                == "prepare in oregon, train in oregon: $83.00, 11h")
        #expect(
            try story(SpotFirstPolicy().then(FastestPolicy()))
                == "prepare in poland, train in poland as spot: $41.50, 21h")
        #expect(
            try story(FastestPolicy().then(CheapestPolicy()).then(ResidencyPolicy(areas: ["us"])))
                == "prepare in oregon, train in oregon: $83.00, 11h")
    }

    @Test("a worth of time keeps the limits of what comes before")
    func weighs() throws {
        let worthless = WeightedPolicy(perHour: usd("0.01"))
        #expect(try story(worthless) == "prepare in virginia, train in oregon: $82.00, 11h 02m")
        #expect(
            try story(CheapestPolicy(deadline: .seconds(11 * 3600 + 60)).then(worthless))
                == "prepare in oregon, train in oregon: $83.00, 11h")
        let precious = WeightedPolicy(perHour: usd("1000"))
        #expect(
            try story(FastestPolicy(budget: usd("82.50")).then(precious))
                == "prepare in virginia, train in oregon: $82.00, 11h 02m")
        #expect(throws: PlacementError.self) { try story(CheapestPolicy(deadline: .hour).then(worthless)) }
    }

    @Test("what comes after a policy that makes full placements has nothing left to decide")
    func thenNothing() throws {
        struct InVirginia: PlacementPolicy {
            let name = "in virginia"
            func place(_ problem: PlacementProblem) throws(PlacementError) -> Placement {
                try problem.keeping { $1.offer.region == "virginia" }.best()
            }
        }
        #expect(
            try story(InVirginia().then(CheapestPolicy())) == "prepare in virginia, train in virginia: $101.00, 11h")
    }

    @Test("otherwise: the second has a say only where the first finds nothing")
    func otherwise() throws {
        let policy = ResidencyPolicy(areas: ["jp"]).otherwise(ResidencyPolicy(areas: ["us"]))
        #expect(try story(policy) == "prepare in virginia, train in oregon: $82.00, 11h 02m")
        #expect(policy.name == "residency in jp, otherwise residency in us")
        let late = ResidencyPolicy(areas: ["pl"]).otherwise(ResidencyPolicy(areas: ["eu"]))
        #expect(try story(late) == "prepare in poland, train in poland: $181.50, 21h")
        #expect(
            try story(late, objective: .costWithin(deadline: .seconds(12 * 3600)))
                == "prepare in sweden, train in sweden: $112.00, 11h")
    }

    @Test("a policy in the middle cannot reach past what the one before it left")
    func checked() throws {
        struct Stubborn: PlacementPolicy {
            let name = "stubborn"
            let placement: Placement
            func place(_ problem: PlacementProblem) throws(PlacementError) -> Placement { placement }
        }
        let whole = try PlacementProblem(pipeline: World.pipeline, offers: World.market).cheapest()
        let error = #expect(throws: PlacementError.self) {
            try World.plan(ResidencyPolicy(areas: ["eu"]).then(Stubborn(placement: whole)))
        }
        #expect(
            error?.description == """
                policy 'stubborn' made no valid placement: east/virginia small is no candidate for stage 'prepare'; \
                west/oregon big is no candidate for stage 'train'
                """)
    }

    @Test("a plan beyond the pipeline's limits is refused with the reason")
    func beyondLimits() {
        struct Careless: PlacementPolicy {
            let name = "careless"
            func place(_ problem: PlacementProblem) throws(PlacementError) -> Placement {
                try problem.keeping { $1.offer.region == "poland" }.cheapest()
            }
        }
        let late = #expect(throws: PlacementError.self) {
            try World.plan(Careless(), objective: .costWithin(deadline: .seconds(12 * 3600)))
        }
        #expect(
            late?.description
                == "policy 'careless' made no valid placement: it is done after 21h, and the deadline is 12h")
        let dear = #expect(throws: PlacementError.self) {
            try World.plan(Careless(), objective: .timeWithin(budget: usd("100")))
        }
        #expect(
            dear?.description
                == "policy 'careless' made no valid placement: it costs $181.50, and the budget is $100.00")
    }
}
