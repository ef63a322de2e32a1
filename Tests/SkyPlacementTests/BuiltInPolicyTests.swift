import SkyCatalog
import SkyCore
import SkyPlacement
import SkySpec
import Testing

@Suite("Built-in policies")
struct BuiltInPolicyTests {
    typealias World = PolicyMarket

    private func plan(
        _ notation: String, objective: Objective = .cost, history: PlacementHistory = PlacementHistory()
    ) throws -> Plan {
        let policy = try BuiltInPolicies.policy(notation) { World.carbon }
        return try World.plan(policy, objective: objective, history: history)
    }

    @Test(
        "each policy changes the placement, or keeps it, for its own reason",
        arguments: [
            // $1 and $80, and $1 of egress between them.
            ("cheapest", "prepare in virginia, train in oregon: $82.00, 11h 02m"),
            // Nothing to move: two minutes less.
            ("fastest", "prepare in oregon, train in oregon: $83.00, 11h"),
            // A dollar for two minutes: worth it if an hour is worth more than $36.
            ("balanced:35/h", "prepare in virginia, train in oregon: $82.00, 11h 02m"),
            ("balanced:37/h", "prepare in oregon, train in oregon: $83.00, 11h"),
            ("within-deadline:11h1m", "prepare in oregon, train in oregon: $83.00, 11h"),
            ("within-budget:$82.50", "prepare in virginia, train in oregon: $82.00, 11h 02m"),
            ("within-budget:$100", "prepare in oregon, train in oregon: $83.00, 11h"),
            ("spot-first", "prepare in poland, train in poland as spot: $41.50, 21h"),
            ("data-gravity", "prepare in oregon, train in oregon: $83.00, 11h"),
            ("data-gravity:$0.005/GB", "prepare in virginia, train in oregon: $82.00, 11h 02m"),
            ("data-gravity:$0.02/GB", "prepare in oregon, train in oregon: $83.00, 11h"),
            ("fewest-providers", "prepare in oregon, train in oregon: $83.00, 11h"),
            ("residency:eu", "prepare in sweden, train in sweden: $112.00, 11h"),
            ("residency:pl", "prepare in poland, train in poland: $181.50, 21h"),
            ("residency:areas=us", "prepare in virginia, train in oregon: $82.00, 11h 02m"),
            ("residency:de,eu", "prepare in sweden, train in sweden: $112.00, 11h"),
            ("carbon", "prepare in sweden, train in sweden: $112.00, 11h"),
            ("carbon:$100/t", "prepare in virginia, train in oregon: $82.00, 11h 02m"),
            ("carbon:$10000/t", "prepare in sweden, train in oregon: $83.00, 11h 02m"),
            ("carbon:$200000/t", "prepare in sweden, train in sweden: $112.00, 11h"),
            ("sticky", "prepare in virginia, train in oregon: $82.00, 11h 02m"),
        ])
    func placements(notation: String, expected: String) throws {
        #expect(World.story(of: try plan(notation)) == expected)
    }

    @Test(
        "the pipeline's own deadline and budget hold under every policy that has none of its own",
        arguments: [
            // Poland's spot machine takes 21 hours.
            ("spot-first", Objective.costWithin(deadline: .seconds(12 * 3600)), "virginia, train in oregon: $82.00"),
            ("carbon", .costWithin(deadline: .seconds(12 * 3600)), "sweden, train in sweden: $112.00"),
            ("carbon", .timeWithin(budget: usd("100")), "sweden, train in oregon: $83.00"),
            ("carbon", .timeWithin(budget: usd("82")), "virginia, train in oregon: $82.00"),
            ("residency:eu", .time, "sweden, train in sweden: $112.00"),
            ("fewest-providers", .timeWithin(budget: usd("82")), "virginia, train in oregon: $82.00"),
            ("cheapest", .timeWithin(budget: usd("82")), "virginia, train in oregon: $82.00"),
            ("fastest", .costWithin(deadline: .seconds(3600)), "oregon, train in oregon: $83.00"),
        ])
    func limits(notation: String, objective: Objective, expected: String) throws {
        let story = World.story(of: try plan(notation, objective: objective))
        #expect(story.hasPrefix("prepare in \(expected)"), "\(story)")
    }

    @Test(
        "limits that nothing keeps are refused with what would be possible",
        arguments: [
            ("carbon", Objective.costWithin(deadline: .hour), "no plan is done within 1h: the fastest plan takes 11h"),
            (
                "carbon", .timeWithin(budget: usd("10")),
                "no plan costs $10.00 or less: the cheapest plan found costs $82.00"
            ),
            ("fewest-providers", .costWithin(deadline: .hour), "no plan is done within 1h: the fastest plan takes 11h"),
            ("within-budget:$5", .cost, "no plan costs $5.00 or less: the cheapest plan costs $82.00"),
        ])
    func impossible(notation: String, objective: Objective, message: String) {
        let error = #expect(throws: PlacementError.self) { try plan(notation, objective: objective) }
        #expect(error?.description == message)
    }

    @Test("policies say what they have to say below the plan")
    func remarks() throws {
        #expect(
            try plan("carbon").caveats == [
                "about 111 g of CO2e, all machines at full load (docs/policies.md)"
            ])
        #expect(try plan("sticky").caveats == ["no earlier run of this pipeline is known: there is nowhere to stay"])
        #expect(
            try plan("spot-first").caveats == ["on demand, for want of a spot machine that fits: prepare"])
        var figures = World.carbon
        figures.gramsPerKWh["se"] = nil
        let blind = try World.plan(CarbonPolicy(figures: figures))
        #expect(World.story(of: blind) == "prepare in oregon, train in oregon: $83.00, 11h")
        figures = CarbonFigures(gramsPerKWh: ["world": 500])
        let world = try World.plan(CarbonPolicy(figures: figures))
        #expect(
            world.caveats.last == "the grid of east/virginia, west/oregon is not known: counted as the world's average")
    }

    @Test("sticky stays where the last run was, unless moving saves enough")
    func sticky() throws {
        func past(_ provider: String, _ region: String, _ type: String) -> PlacementHistory.PastRun {
            .init(provider: provider, region: region, instanceType: type, duration: .hour)
        }
        let history = PlacementHistory(runs: [
            "prepare": [past("north", "sweden", "small"), past("east", "virginia", "small")],
            "train": [past("north", "sweden", "big")],
        ])
        let sweden = "prepare in sweden, train in sweden: $112.00, 11h"
        #expect(World.story(of: try plan("sticky", history: history)) == sweden)
        // Moving saves $30 of $112: 26.8 %.
        #expect(World.story(of: try plan("sticky:27%", history: history)) == sweden)
        let moved = try plan("sticky:unless-saving=26%", history: history)
        #expect(World.story(of: moved) == "prepare in virginia, train in oregon: $82.00, 11h 02m")
        #expect(
            moved.caveats == ["moved from where the last run was: staying would cost $112.00 instead of $82.00"])
        // A stage without a past goes where it is cheapest, the other one stays.
        let half = PlacementHistory(runs: ["prepare": [past("north", "poland", "small")]])
        #expect(
            World.story(of: try plan("sticky", history: half)) == "prepare in poland, train in oregon: $82.50, 11h 02m")
    }

    @Test("residency says where the offers are instead")
    func residencyRefuses() {
        let error = #expect(throws: PlacementError.self) { try plan("residency:jp") }
        #expect(
            error?.description.split(separator: "\n").first
                == """
                stage 'prepare' can run nowhere: none of its 4 offers is in jp: they are in eu, europe, north-america, pl, \
                se, us
                """)
    }

    @Test("plans of policies with prices of their own report true costs and are not called optimal")
    func trueCosts() throws {
        let plan = try plan("carbon")
        #expect(plan.totalCost == usd("112"))
        #expect(!plan.proof.isOptimal && plan.proof.costLowerBound == usd("82"))
        #expect(plan.stages.allSatisfy { $0.runnerUp != nil })
    }
}
