import SkyCatalog
import SkyCore
import SkySpec
import Testing

@testable import SkyPlacement

@Suite("Placement problems")
struct ProblemTests {
    @Test("without an estimate a stage is taken to last an hour, and the plan says so")
    func assumesAnHour() throws {
        let pipeline = Pipeline(name: "p", stages: [.named("a")], directory: "/")
        let market = Market(shelves: ["a": [.at("aws", "us", "m5", usd("0.25"))]])
        let stage = try #require(try Planner().plan(pipeline, offers: market).stages.first)
        #expect(stage.duration == .hour && stage.durationSource == .assumed && stage.cost == usd("0.25"))
    }

    @Test("an estimate finds its accelerator however the name is spelt")
    func findsEstimates() throws {
        var stage = SkySpec.Stage.named("a", times: ["a100": .seconds(60)])
        stage.estimate.general = Estimate(.seconds(99))
        let pipeline = Pipeline(name: "p", stages: [stage], directory: "/")
        let shelf = [Offer.at("aws", "us", "A100", usd("1")), .at("aws", "us", "T4", usd("1"))]
        let problem = try PlacementProblem(pipeline: pipeline, offers: Market(shelves: ["a": shelf]))
        #expect(problem.stages[0].candidates.map(\.duration) == [.seconds(60), .seconds(99)])
    }

    @Test("a service is paid for, each replica of it, but does not delay the end")
    func countsServices() throws {
        var serve = SkySpec.Stage.named("serve", times: ["inf2": .seconds(7200)])
        serve.service = ServiceSpec(port: 80, replicas: 3)
        let pipeline = Pipeline(name: "p", stages: [serve], directory: "/")
        let plan = try Planner().plan(
            pipeline, offers: Market(shelves: ["serve": [.at("aws", "us", "inf2", usd("0.5"))]]))
        #expect(plan.totalTime == .zero)
        #expect(plan.totalCost == usd("3"))
        #expect(plan.stages[0].replicas == 3 && plan.stages[0].pricePerHour == usd("1.5"))
    }

    @Test("a stage waits for those it comes after, though nothing is moved")
    func keepsOrderings() throws {
        let times = ["m5": TimeSpan.seconds(600)]
        var second = SkySpec.Stage.named("b", times: times)
        second.after = ["a"]
        let pipeline = Pipeline(name: "p", stages: [second, .named("a", times: times)], directory: "/")
        let shelf = [Offer.at("aws", "us", "m5", usd("1"))]
        let plan = try Planner().plan(pipeline, offers: Market(shelves: ["a": shelf, "b": shelf]))
        #expect(plan.totalTime == .seconds(1200) && plan.transfers.isEmpty)
    }

    @Test("any of a stage's alternatives will do, and an offer that meets two is counted once")
    func joinsAlternatives() throws {
        var stage = SkySpec.Stage.named("a")
        stage.alternatives = ["x", "y", "z"].map { shelf in
            var request = ResourceRequest()
            request.instanceType = shelf
            return request
        }
        let both = Offer.at("aws", "us", "m5", usd("2"))
        let market = Market(shelves: ["x": [both], "y": [both, .at("gcp", "us", "n2", usd("1"))]])
        let pipeline = Pipeline(name: "p", stages: [stage], directory: "/")
        let plan = try Planner().plan(pipeline, offers: market)
        #expect(plan.stages[0].offer.instanceType == "n2")
        #expect(plan.stages[0].reason == "cheapest of 2 offers of type x or of type y or of type z")
        #expect(throws: PlacementError.self) { try Planner().plan(pipeline, offers: Market()) }
    }

    @Test("what the figures leave out is said")
    func namesCaveats() throws {
        var stage = SkySpec.Stage.named("a")
        stage.inputs = [
            StageInput(name: "raw", source: .uri("s3://bucket/raw"), size: DataSize(bytes: 1_000_000_000)),
            StageInput(name: "more", source: .path("/more")),
        ]
        stage.outputs = [StageOutput(name: "out")]
        let pipeline = Pipeline(name: "p", stages: [stage, .named("b", reads: ["a"])], directory: "/")
        let shelf = [Offer.at("aws", "us", "m5", usd("1"))]
        let plan = try Planner().plan(
            pipeline, offers: Market(shelves: ["a": shelf, "b": shelf], usualPrice: usd("9")))
        #expect(
            plan.caveats == [
                "where s3://bucket/raw is kept is not known: bringing it to 'a' is not priced or timed",
                "the size of input 'more' of 'a' is not known: bringing it counts as free",
                "the size of 'a.out' is not known: moving it counts as free",
            ])
        #expect(plan.transfers.map(\.artifact) == ["more", "a.out"])
        #expect(plan.totalCost == usd("2"))
    }

    /// A terabyte in aws/us-east-1, read by a stage for which aws asks a dollar an hour and gcp ninety cents.
    private func gravity(_ location: Location?) throws -> Plan {
        var stage = SkySpec.Stage.named("a", times: ["m5": .seconds(3600), "n2": .seconds(3600)])
        stage.inputs = [
            StageInput(
                name: "raw", source: .uri("s3://bucket/raw"), size: DataSize(bytes: 1_000_000_000_000),
                location: location),
            StageInput(name: "code", source: .path("/code"), size: DataSize(bytes: 1_000_000_000)),
        ]
        let market = Market(
            shelves: [
                "a": [.at("aws", "us-east-1", "m5", usd("1")), .at("gcp", "us-central1", "n2", usd("0.9"))]
            ],
            prices: [
                Market.Way(from: .here, to: Location(provider: "aws", region: "us-east-1")): usd("0.01"),
                Market.Way(from: .here, to: Location(provider: "gcp", region: "us-central1")): usd("0.01"),
            ], usualPrice: usd("0.09"))
        return try Planner().plan(Pipeline(name: "p", stages: [stage], directory: "/"), offers: market)
    }

    @Test("a terabyte in a bucket pulls its reader there, away from a cheaper provider")
    func dataPulls() throws {
        let bucket = Location(provider: "aws", region: "us-east-1")
        let blind = try gravity(nil)
        #expect(blind.stages.map(\.offer.provider) == ["gcp"])
        #expect(blind.totalCost == usd("0.91"))
        let plan = try gravity(bucket)
        #expect(plan.stages.map(\.offer.provider) == ["aws"])
        #expect(plan.transfers.map(\.from) == [bucket, .here])
        #expect(plan.totalCost == usd("1.01"))
        // 10¹² bytes at 8 Gbit/s, beside which the gigabyte from here does not count.
        #expect(plan.totalTime == .seconds(3600 + 1000))
        #expect(plan.stages[0].runnerUp?.totalCost == usd("90.91"))
        #expect(plan.caveats.isEmpty)
        #expect(plan.proof.isOptimal)
    }

    @Test("two artifacts on one way are both paid for and travel side by side")
    func movesSeveral() throws {
        var maker = SkySpec.Stage.named("a", times: ["m5": .seconds(10)])
        maker.outputs = [
            StageOutput(name: "x", size: DataSize(bytes: 1_000_000_000)),
            StageOutput(name: "y", size: DataSize(bytes: 3_000_000_000)),
        ]
        var reader = SkySpec.Stage.named("b", times: ["n2": .seconds(10)])
        reader.inputs = ["x", "y"].map { StageInput(name: $0, source: .output(stage: "a", artifact: $0)) }
        let market = Market(
            shelves: ["a": [.at("aws", "us", "m5", .zero)], "b": [.at("gcp", "us", "n2", .zero)]],
            usualPrice: usd("0.01"), usualSpeed: 8)
        let plan = try Planner().plan(Pipeline(name: "p", stages: [maker, reader], directory: "/"), offers: market)
        #expect(plan.totalCost == usd("0.04"))
        #expect(plan.totalTime == .seconds(23))
        #expect(plan.transfers.map(\.duration) == [.seconds(1), .seconds(3)])
    }

    @Test(
        "pipelines that are no graph of stages are refused with words",
        arguments: [
            ([SkySpec.Stage](), "the pipeline 'p' has no stages"),
            ([.named("a"), .named("a")], "there are two stages 'a'"),
            ([.named("a", reads: ["z"])], "stage 'a' reads from 'z', which is not there"),
            (
                [.named("a", reads: ["b"]), .named("b", reads: ["a"]), .named("c")],
                "stages wait for each other in a circle: 'a', 'b'"
            ),
            (
                [SkySpec.Stage(name: "a", after: ["z"])], "'a' comes after 'z', but there is no stage 'z'"
            ),
            ([.named("a", reads: ["a"])], "stages wait for each other in a circle: 'a'"),
        ])
    func refusesMalformed(stages: [SkySpec.Stage], words: String) {
        #expect(throws: PlacementError.malformedPipeline(words)) {
            try PlacementProblem(pipeline: Pipeline(name: "p", stages: stages, directory: "/"), offers: Market())
        }
    }

    @Test("figures beyond all measure neither crash nor make a plan")
    func survivesHugeFigures() {
        let times = ["m5": TimeSpan(milliseconds: .max)]
        let size = DataSize(bytes: .max)
        var first = SkySpec.Stage.named("a", writes: size, times: times)
        first.numNodes = .max
        first.inputs = [StageInput(name: "raw", source: .path("/raw"), size: size)]
        let pipeline = Pipeline(
            name: "p", stages: [first, .named("b", reads: ["a"], writes: size, times: times)], directory: "/")
        let shelf = [Offer.at("aws", "us", "m5", .max), .at("aws", "eu", "m5", .max)]
        let market = Market(shelves: ["a": shelf, "b": shelf], usualPrice: .max, usualSpeed: 1e-12)
        for objective in [Objective.cost, .time, .costWithin(deadline: .hour), .timeWithin(budget: .max)] {
            #expect(throws: PlacementError.beyondCounting) {
                try objective.policy.place(PlacementProblem(pipeline: pipeline, offers: market))
            }
        }
    }

    @Test("negative prices, sizes and times count as nothing")
    func ignoresNegativeFigures() throws {
        let stage = SkySpec.Stage.named("a", writes: DataSize(bytes: -5), times: ["m5": .seconds(-60)])
        let pipeline = Pipeline(name: "p", stages: [stage, .named("b", reads: ["a"])], directory: "/")
        let shelf = [Offer.at("aws", "us", "m5", Money(nanodollars: -7))]
        let market = Market(
            shelves: ["a": shelf, "b": shelf], usualPrice: Money(nanodollars: -1), usualSpeed: -.infinity)
        let plan = try Planner().plan(pipeline, offers: market)
        #expect(plan.totalCost == .zero && plan.totalTime == .hour)
    }

    @Test("when the work runs out the plan is still valid, its bound true, and nothing is called optimal wrongly")
    func isHonestWhenGivenUp() throws {
        var unproven = 0
        for seed in 0..<30 {
            let instance = RandomInstance(.anyGraph, seed: 60_000 + seed, seed % 3 == 0 ? .fine : .coarse)
            let front = BruteForce(instance).front
            let best = try #require(front.first)
            for work in [0, 300] {
                var problem = try PlacementProblem(pipeline: instance.pipeline, offers: instance.market)
                problem.effort = .steps(work)
                let cheap = try problem.cheapest()
                let proof = try #require(cheap.proof)
                let totals = try problem.totals(of: cheap)
                #expect(proof.costLowerBound <= best.cost && best.cost <= totals.cost, "\(seed)")
                #expect(!proof.isOptimal || totals.cost == best.cost, "\(seed)")
                let fast = try problem.fastest()
                let fastest = try #require(front.last)
                let time = try problem.totals(of: fast).time
                #expect(fast.proof?.isOptimal == false || time == fastest.time, "\(seed)")
                unproven += [proof, fast.proof].count { $0?.isOptimal == false }
                if let limited = try? problem.cheapest(within: front[front.count / 2].time) {
                    #expect(try problem.totals(of: limited).time <= front[front.count / 2].time, "\(seed)")
                }
            }
        }
        #expect(unproven > 5)
    }
}

@Suite("Where data must stay")
struct ResidencyTests {
    private func requests(
        of stage: String, areas: [String] = [], makerKeepsIn: [String] = [], ownOutputIn: [String] = []
    ) -> [ResourceRequest?] {
        var maker = SkySpec.Stage.named("maker")
        maker.outputs = [StageOutput(name: "out", size: nil, areas: makerKeepsIn)]
        var reader = SkySpec.Stage.named("reader", reads: ["maker"])
        reader.resources.areas = areas
        reader.outputs = [StageOutput(name: "model", size: nil, areas: ownOutputIn)]
        let pipeline = Pipeline(name: "p", stages: [maker, reader], directory: "/")
        return Residency(pipeline).requests(of: stage == "maker" ? maker : reader)
    }

    @Test("an artifact keeps its maker and its readers where it must stay")
    func binds() {
        #expect(requests(of: "maker", makerKeepsIn: ["eu"]).map(\.?.areas) == [["eu"]])
        #expect(requests(of: "reader", makerKeepsIn: ["eu"]).map(\.?.areas) == [["eu"]])
        #expect(requests(of: "reader").map(\.?.areas) == [[]])
    }

    @Test("several bounds hold together: the smallest area that is in all of them, by its name where it has one")
    func intersects() {
        #expect(requests(of: "reader", areas: ["de", "us"], makerKeepsIn: ["eu"]).map(\.?.areas) == [["de"]])
        #expect(requests(of: "reader", areas: ["europe"], makerKeepsIn: ["eu"]).map(\.?.areas) == [["eu"]])
        #expect(
            requests(of: "reader", makerKeepsIn: ["de", "fr", "us"], ownOutputIn: ["eu"]).map(\.?.areas) == [
                ["de", "fr"]
            ])
    }

    @Test("bounds that no country meets leave no place, and the plan says why")
    func contradicts() {
        #expect(requests(of: "reader", areas: ["us"], makerKeepsIn: ["eu"]) == [nil])
        var maker = SkySpec.Stage.named("maker")
        maker.outputs = [StageOutput(name: "out", size: nil, areas: ["eu"])]
        maker.resources.areas = ["us"]
        let pipeline = Pipeline(name: "p", stages: [maker], directory: "/")
        let error = #expect(throws: PlacementError.self) {
            try Planner().plan(pipeline, offers: Market(shelves: ["maker": [.at("aws", "us", "m5", usd("1"))]]))
        }
        #expect(
            error?.description
                == "stage 'maker' can run nowhere: no country is in eu, where its data must stay, and in what it asks for"
        )
    }
}
