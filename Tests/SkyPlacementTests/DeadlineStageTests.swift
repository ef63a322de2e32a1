import SkyCatalog
import SkyCore
import SkySpec
import SkyTestSupport
import Testing

@testable import SkyPlacement

@Suite("Stages with a deadline of their own")
struct DeadlineStageTests {
    private func offer(
        _ region: String, _ price: String, zone: String? = nil, _ market: Offer.Market = .onDemand,
        interruptions: Double? = nil, type: String = "m"
    ) -> Offer {
        Offer(
            provider: "x", region: region, zone: zone, instanceType: type, cpus: 8, memoryGiB: 32,
            pricePerHour: usd(price), market: market, interruptionsPerMonth: interruptions)
    }

    private var market: Market {
        var market = Market(
            shelves: ["a": [offer("r", "1"), offer("s", "0.9")]],
            spot: [
                "a": [offer("r", "0.3", .spot, interruptions: 0.1), offer("lone", "0.1", .spot, interruptions: 0.1)]
            ])
        market.terms = RentalTerms(bootTime: .seconds(60))
        return market
    }

    private func stage(_ change: (inout SkySpec.Stage) -> Void = { _ in }) -> SkySpec.Stage {
        var stage = SkySpec.Stage.named("a")
        stage.resources.useSpot = true
        stage.estimate.general = Estimate(.seconds(10 * 3600))
        stage.deadline = .seconds(16 * 3600)
        stage.checkpointInterval = .seconds(600)
        change(&stage)
        return stage
    }

    private func pipeline(_ stage: SkySpec.Stage, _ objective: Objective = .cost) -> Pipeline {
        Pipeline(name: "p", objective: objective, stages: [stage], directory: "/")
    }

    @Test("spot with the same machine on demand behind it wins, and promises the deadline")
    func mixed() throws {
        let plan = try Planner().plan(pipeline(stage()), offers: market)
        let planned = plan.stages[0]
        let terms = try #require(planned.deadline)
        #expect(planned.offer.region == "r" && planned.offer.market == .spot)
        #expect(terms.spot == planned.offer && terms.onDemand == offer("r", "1"))
        #expect(terms.job.work == .seconds(36_000) && terms.job.deadline == .seconds(57_600))
        #expect(terms.job.changeover == .seconds(120) && terms.checkpoint == .seconds(600))
        #expect(terms.job.spotPrice == usd("0.3") && terms.job.onDemandPrice == usd("1"))
        #expect(terms.expectedCost == planned.cost && planned.cost == planned.costParts.total)
        #expect(planned.cost > usd("3") && planned.cost < usd("3.1"))
        #expect(terms.onDemandCost == usd("10").perHour(for: .seconds(3606)))
        #expect(terms.latestFinish == .seconds(57_600) && plan.totalTime == .seconds(57_600))
        #expect(terms.expectedFinish > .seconds(36_000) && terms.expectedFinish < .seconds(36_500))
        #expect(terms.interval == .seconds(60))
        #expect(plan.outlook.time.low == .seconds(36_060) && plan.outlook.time.high == .seconds(57_600))
        #expect(plan.outlook.time.expected == terms.expectedFinish)
        #expect(plan.outlook.cost.low < planned.cost && plan.outlook.cost.high > terms.onDemandCost)
        #expect(plan.proof.isOptimal)
        #expect(planned.reason == "cheapest of 3 offers of type a that keep its deadline of 16h")
        #expect(
            terms.description
                == "spot while it can wait, on demand when it must (after 5h 58m if spot has brought nothing), "
                + "done after 16h at the latest; on demand throughout would cost $10.02")
    }

    @Test("on demand is taken where time counts, where spot is hardly cheaper, and where there is no time to try")
    func onDemand() throws {
        let fast = try Planner().plan(pipeline(stage(), .costWithin(deadline: .seconds(12 * 3600))), offers: market)
        #expect(fast.stages[0].deadline == nil && fast.stages[0].offer == offer("s", "0.9"))
        var dear = market
        dear.spot["a"] = [offer("r", "0.97", .spot, interruptions: 0.1)]
        #expect(try Planner().plan(pipeline(stage()), offers: dear).stages[0].offer.market == .onDemand)
        let tight = stage { $0.deadline = .seconds(36_000 + 200) }
        #expect(try Planner().plan(pipeline(tight), offers: market).stages[0].offer == offer("s", "0.9"))
    }

    @Test("the most that it may take counts for the promise, what is expected for the cost")
    func ranges() throws {
        let hours = { (count: Int64) in TimeSpan.seconds(count * 3600) }
        let wide = stage {
            $0.estimate.general = Estimate(low: hours(8), expected: hours(10), high: hours(13))
        }
        let terms = try #require(try Planner().plan(pipeline(wide), offers: market).stages[0].deadline)
        #expect(terms.job.work == hours(13) && terms.expectedCost < usd("3.1"))
        let late = stage {
            $0.estimate.general = Estimate(low: hours(8), expected: hours(10), high: hours(17))
        }
        #expect(throws: PlacementError.self) { try Planner().plan(pipeline(late), offers: market) }
    }

    @Test("a stage that saves nothing, and spot that nobody measured, cost more")
    func pessimism() throws {
        func cost(_ checkpoint: TimeSpan?, _ interruptions: Double?) throws -> Money {
            var market = market
            market.spot["a"] = [offer("r", "0.3", .spot, interruptions: interruptions)]
            return try Planner().plan(pipeline(stage { $0.checkpointInterval = checkpoint }), offers: market).totalCost
        }
        let steady = try cost(.seconds(600), 0.1)
        #expect(try cost(.seconds(3600), 0.99) > steady)
        #expect(try cost(.seconds(600), nil) > steady)
        #expect(try cost(nil, 0.1) > steady.scaled(by: 2, over: 1), "there is no time for a second try")
    }

    @Test("the machine that takes over is of the same type in the same region, of any zone or the same one")
    func twins() {
        let spot = offer("r", "0.3", zone: "b", .spot)
        func twin(_ offers: Offer...) -> Offer? {
            var twins = OnDemandTwins(offers)
            return twins.twin(of: spot)
        }
        let (any, same, other) = (offer("r", "3"), offer("r", "2", zone: "b"), offer("r", "1", zone: "c"))
        #expect(twin(other, same, any) == any && twin(other, same) == same && twin(other) == other)
        #expect(twin(offer("s", "1"), offer("r", "1", type: "n"), spot) == nil)
    }

    @Test("a blocked way out on demand is none")
    func blocked() throws {
        let out = [BlockedPlace(provider: "x", region: "r", market: .onDemand)]
        let plan = try Planner().plan(pipeline(stage()), offers: market, blocked: out)
        #expect(plan.stages[0].offer == offer("s", "0.9"))
    }

    @Test("a stage that has begun stays where it is, and keeps its terms if it can")
    func pinned() throws {
        let spot = offer("r", "0.3", .spot, interruptions: 0.1)
        let kept = try Planner().plan(pipeline(stage()), offers: market, pins: ["a": spot])
        #expect(kept.stages[0].offer == spot && kept.stages[0].deadline != nil)
        let lone = offer("lone", "0.1", .spot, interruptions: 0.1)
        let left = try Planner().plan(pipeline(stage()), offers: market, pins: ["a": lone])
        #expect(left.stages[0].offer == lone && left.stages[0].deadline == nil)
    }

    @Test("what cannot be promised is refused with what would be possible")
    func mistakes() {
        func refusal(_ stage: SkySpec.Stage, _ market: Market) -> String? {
            do {
                _ = try Planner().plan(pipeline(stage), offers: market)
                return nil
            } catch { return error.description }
        }
        #expect(
            refusal(stage { $0.deadline = .seconds(9 * 3600) }, market)
                == "stage 'a' can run nowhere: nothing keeps its deadline of 9h: "
                + "the fastest of 2 offers, x/r m, takes 10h 01m with its start")
        var lone = market
        lone.shelves = [:]
        #expect(
            refusal(stage(), lone)
                == "stage 'a' can run nowhere: only spot machines fit, and none of them can promise its deadline of 16h: "
                + "no such machine is to be had on demand in the same region")
        #expect(
            refusal(stage { $0.service = ServiceSpec(port: 80) }, market)
                == "stage 'a' is a service: it has no end, so it can have no 'deadline'")
    }

    @Test("without 'use_spot' a deadline keeps out what is too slow, and the plan says what it might have")
    func withoutSpot() throws {
        var market = market
        market.shelves["a"]?.append(offer("s", "0.1", type: "slow"))
        let slow = stage {
            $0.resources.useSpot = false
            $0.estimate.perAccelerator = []
        }
        let plan = try Planner().plan(pipeline(slow), offers: market)
        #expect(plan.stages[0].deadline == nil)
        #expect(plan.caveats.contains { $0.contains("'use_spot: true'") })
    }

    @Test("prices between those that were worked out are as if they had been")
    func interpolation() {
        let outlooks = DeadlineOutlooks(.init(works: 6, slacks: 12))
        for checkpoint in [0, 0.5, .infinity] {
            let shape = DeadlineOutlooks.Shape(
                model: .typical, work: 4, slack: 9, delay: 0.05, checkpoint: checkpoint)
            for price in [0.05, 0.27, 0.41, 0.6, 0.9] {
                let quick = outlooks.expectations(of: shape, price: price)
                let exact = DeadlineOutlooks.workOut(shape, price: price, .init(works: 6, slacks: 12))
                #expect(abs(quick.cost / exact.cost - 1) < 0.02, "\(checkpoint) \(price): \(quick) \(exact)")
                #expect(checkpoint > 4 || price > 0.5 || abs(quick.time / exact.time - 1) < 0.2)
            }
        }
    }

    @Test("all that is expected adds up")
    func expectations() {
        let model = SpotModel(up: SpotModel.up(scale: 2.7), down: SpotModel.down(scale: 0.4))
        for checkpoint in [0, 0.25, .infinity] {
            let shape = DeadlineOutlooks.Shape(
                model: model, work: 4, slack: 9, delay: 0.05, checkpoint: checkpoint)
            let all = DeadlineOutlooks.workOut(shape, price: 0.3, .init(works: 8, slacks: 16))
            #expect(abs(all.cost - (0.3 * all.onSpot + all.onDemand)) < 0.01)
            #expect(all.onSpot + all.onDemand >= 4 && all.time >= all.onSpot + all.onDemand - 0.01)
            #expect(all.time <= 13.1 && all.interruptions > 0)
        }
    }
}
