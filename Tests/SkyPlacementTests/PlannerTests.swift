import SkyCatalog
import SkyCore
import SkySpec
import SkyTestSupport
import Testing

@testable import SkyPlacement

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("Plans")
struct PlannerTests {
    private let planner = Planner()

    @Test(
        "a plan says where each stage runs, and why",
        arguments: [
            ("cost", Objective.cost), ("time", .time), ("deadline", .costWithin(deadline: .seconds(25_000))),
            ("budget", .timeWithin(budget: usd("100"))),
        ])
    func explains(name: String, objective: Objective) throws {
        let plan = try planner.plan(SupportTickets.pipeline(objective), offers: Tariffed())
        try expectGolden(described(plan), "support-tickets-\(name).txt")
    }

    @Test("confidential machine, TPU and Inferentia can be on three clouds")
    func crossesClouds() throws {
        let blocked = [BlockedPlace(provider: "gcp", instanceType: "n2d-standard-8")]
        let plan = try planner.plan(SupportTickets.pipeline(), offers: Tariffed(), blocked: blocked)
        #expect(plan.stages.map(\.offer.provider) == ["azure", "gcp", "aws"])
        try expectGolden(described(plan), "support-tickets-three-clouds.txt")
    }

    @Test("the JSON of a plan keeps its shape")
    func writesJSON() throws {
        let plan = try planner.plan(
            SupportTickets.pipeline(.costWithin(deadline: .seconds(30_000))), offers: Tariffed())
        try expectGolden(PlanJSON(plan).text(), "support-tickets.json")
    }

    @Test("the total is the sum of its parts to the last digit, in the plan and in its JSON")
    func addsUp() throws {
        for seed in 0..<60 {
            let shape: RandomInstance.Shape = seed % 2 == 0 ? .polytree : .anyGraph
            let instance = RandomInstance(shape, seed: 30_000 + seed)
            let plan = try planner.plan(instance.pipeline, offers: instance.market)
            let parts = plan.stages.map(\.cost) + plan.transfers.map(\.cost)
            #expect(plan.totalCost == parts.reduce(.zero, +), "\(seed)")
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            let json = try decoder.decode(PlanJSON.self, from: Data(PlanJSON(plan).text().utf8))
            #expect(json == PlanJSON(plan), "\(seed)")
            let written = json.stages.map(\.costUsd) + json.transfers.map(\.costUsd)
            #expect(written.map(usd).reduce(.zero, +).exactDecimal == json.totalCostUsd, "\(seed)")
            for stage in plan.stages {
                #expect(stage.cost == stage.pricePerHour.perHour(for: stage.duration))
                #expect(stage.pricePerHour == stage.offer.pricePerHour * (stage.numNodes * stage.replicas))
            }
            #expect(plan.proof.isOptimal && plan.proof.costLowerBound == plan.totalCost, "\(seed)")
        }
    }

    @Test("the same offers in any order give the same plan")
    func isDeterministic() throws {
        for seed in 0..<60 {
            var instance = RandomInstance(.anyGraph, seed: 40_000 + seed)
            var random = SeededGenerator(seed: UInt64(seed))
            let plan = try planner.plan(instance.pipeline, offers: instance.market)
            instance.market.shelves = instance.market.shelves.mapValues { $0.shuffled(using: &random) }
            let again = try planner.plan(instance.pipeline, offers: instance.market)
            #expect(plan == again, "\(seed)")
        }
    }

    @Test("a runner-up is the best plan with that stage in another region or of another type")
    func findsRunnersUp() throws {
        for seed in 0..<60 {
            let instance = RandomInstance(seed % 2 == 0 ? .polytree : .anyGraph, seed: 50_000 + seed)
            for stage in try planner.plan(instance.pipeline, offers: instance.market).stages {
                var without = instance
                without.market.shelves[stage.stage]?.removeAll {
                    $0.location == stage.offer.location && $0.instanceType == stage.offer.instanceType
                }
                let best = BruteForce(without).front.first
                #expect(stage.runnerUp?.totalCost == best?.cost, "\(seed) \(stage.stage)")
                #expect(stage.runnerUp?.totalTime == best?.time, "\(seed) \(stage.stage)")
            }
        }
    }

    @Test("a pinned stage stays where it is, and the others move to it")
    func keepsPins() throws {
        let pipeline = SupportTickets.pipeline()
        let offers = Tariffed().catalog.offers(for: pipeline.stages[1].resources)
        let pin = try #require(offers.first { $0.provider == "azure" })
        let plan = try planner.plan(
            pipeline, offers: Tariffed(), pins: ["train": pin], blocked: [BlockedPlace(provider: "azure", region: "x")])
        #expect(plan.stage(named: "train")?.offer == pin)
        #expect(plan.stage(named: "train")?.reason == "stays where it is")
        #expect(plan.stage(named: "train")?.runnerUp == nil)
        #expect(plan.stage(named: "preprocess")?.offer.location == pin.location)
        let blocked = try planner.plan(
            pipeline, offers: Tariffed(), pins: ["train": pin], blocked: [BlockedPlace(provider: "azure")])
        #expect(blocked.stage(named: "train")?.offer == pin)
        #expect(blocked.stage(named: "preprocess")?.offer.provider == "gcp")
        #expect(throws: PlacementError.unknownPinnedStage("trian", known: ["preprocess", "train", "serve"])) {
            try planner.plan(pipeline, offers: Tariffed(), pins: ["trian": pin])
        }
    }

    @Test(
        "blocked places are not used",
        arguments: [
            (BlockedPlace(provider: "gcp"), "Standard_ND96asr_v4"),
            (BlockedPlace(provider: "gcp", region: "us-central1"), "ct5lp-hightpu-8t"),
            (BlockedPlace(provider: "gcp", instanceType: "ct5lp-hightpu-8t"), "Standard_ND96asr_v4"),
            (BlockedPlace(provider: "gcp", zone: "us-central1-a"), "ct5lp-hightpu-8t"),
            (BlockedPlace(provider: "gcp", market: .spot), "ct5lp-hightpu-8t"),
        ])
    func avoidsBlocked(place: BlockedPlace, expected: String) throws {
        let plan = try planner.plan(SupportTickets.pipeline(), offers: Tariffed(), blocked: [place])
        #expect(plan.stages.allSatisfy { !place.blocks($0.offer) })
        #expect(plan.stage(named: "train")?.offer.instanceType == expected)
    }

    @Test("every stage without an offer is named at once, with its reason")
    func explainsMissingOffers() {
        let pipeline = Pipeline(
            name: "p", stages: [.named("a"), .named("b", reads: ["a"]), .named("c")], directory: "/")
        let market = Market(shelves: ["a": [.at("aws", "us", "m5", .zero)]])
        let error = #expect(throws: PlacementError.self) {
            try planner.plan(pipeline, offers: market, blocked: [BlockedPlace(provider: "aws")])
        }
        #expect(
            error?.description == """
                stage 'a' can run nowhere: its only offer is in blocked places (aws)
                stage 'b' can run nowhere: nothing on the shelf 'b'
                stage 'c' can run nowhere: nothing on the shelf 'c'
                """)
    }

    private func described(_ plan: Plan) -> String {
        var lines = ["\(plan.policy): \(plan.totalCost) in \(plan.totalTime), optimal: \(plan.proof.isOptimal)"]
        for stage in plan.stages {
            lines.append("\(stage.stage): \(stage.offer.location) \(stage.offer.instanceType), \(stage.cost)")
            lines.append("  \(stage.reason)")
            if let other = stage.runnerUp {
                let offer = "\(other.offer.location) \(other.offer.instanceType)"
                lines.append("  else \(offer): \(other.totalCost) in \(other.totalTime)")
            }
        }
        for transfer in plan.transfers {
            let way = "\(transfer.from) to \(transfer.to) for \(transfer.toStage)"
            lines.append("\(transfer.artifact): \(way), \(transfer.size), \(transfer.cost), \(transfer.duration)")
        }
        return (lines + plan.caveats).joined(separator: "\n") + "\n"
    }
}
