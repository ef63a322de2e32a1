import Glibc
import SkyCatalog
import SkyCore
import SkySpec
import SkyTestSupport
import Testing

@testable import SkyPlacement

@Suite("What a stage costs and how long it takes")
struct CostModelTests {
    private func problem(
        _ change: (inout SkySpec.Stage) -> Void = { _ in }, shelf: [Offer], terms: RentalTerms = .plain,
        speeds: [String: Double] = [:], past: [PlacementHistory.PastRun] = []
    ) throws -> PlacementProblem {
        var stage = SkySpec.Stage.named("a")
        stage.estimate.general = Estimate(.hour)
        change(&stage)
        var market = Market(shelves: ["a": shelf])
        market.terms = terms
        market.speeds = speeds
        return try PlacementProblem(
            pipeline: Pipeline(name: "p", stages: [stage], directory: "/"), offers: market,
            history: PlacementHistory(runs: ["a": past]))
    }

    private func candidate(of problem: PlacementProblem) throws -> Candidate {
        try #require(problem.stages.first?.candidates.first)
    }

    @Test(
        "time is billed as the provider bills it, starting included",
        arguments: [
            // Worked, billed by, at least, start, to pay at $60 an hour, that is a dollar a minute.
            (TimeSpan.seconds(90), TimeSpan.seconds(1), TimeSpan.seconds(60), TimeSpan.zero, "1.5"),
            (.seconds(90), .seconds(60), .zero, .zero, "2"), (.seconds(90), .hour, .zero, .zero, "60"),
            (.seconds(10), .seconds(1), .seconds(60), .zero, "1"),
            (.seconds(90), .seconds(1), .zero, .seconds(30), "2"),
            (.seconds(90), .seconds(60), .zero, .seconds(31), "3"),
        ])
    func billing(work: TimeSpan, increment: TimeSpan, minimum: TimeSpan, boot: TimeSpan, cost: String) throws {
        let terms = RentalTerms(billingIncrement: increment, minimumBilled: minimum, bootTime: boot)
        let problem = try problem(
            { $0.estimate.general = Estimate(work) }, shelf: [.at("x", "r", "m", usd("60"))], terms: terms)
        let candidate = try candidate(of: problem)
        #expect(candidate.cost == usd(cost) && candidate.heldTime == work + boot && candidate.pathTime == work + boot)
    }

    @Test("disks are paid for on every machine, and addresses where something listens")
    func extras() throws {
        let terms = RentalTerms(diskPricePerGBHour: usd("0.0001"), addressPricePerHour: usd("0.005"))
        let shelf = [Offer.at("x", "r", "m", usd("1"))]
        let plain = try candidate(of: problem({ $0.resources.diskSize = 500 }, shelf: shelf, terms: terms))
        #expect(plain.costParts == CostParts(machines: usd("1"), disks: usd("0.05")))
        let open = try candidate(
            of: problem(
                {
                    $0.resources.ports = [80]
                    $0.numNodes = 2
                }, shelf: shelf, terms: terms))
        #expect(open.costParts == CostParts(machines: usd("2"), disks: usd("0.02"), addresses: usd("0.01")))
        #expect(open.cost == usd("2.03"))
    }

    @Test("a service is up once its machine has started, and is paid for its planned time")
    func services() throws {
        let candidate = try candidate(
            of: problem(
                { $0.service = ServiceSpec(port: 80) }, shelf: [.at("x", "r", "m", usd("1"))],
                terms: RentalTerms(bootTime: .seconds(120))))
        #expect(candidate.pathTime == .seconds(120) && candidate.heldTime == .hour + .seconds(120))
    }

    @Test("what is only known of other accelerators is scaled by their speeds, and called a guess")
    func scaling() throws {
        func durations(_ per: [(String, Double, TimeSpan)], on name: String, _ count: Double) throws -> Candidate {
            let offer = Offer(
                provider: "x", region: "r", instanceType: "m", accelerator: AcceleratorCount(name: name, count: count),
                cpus: 1, memoryGiB: 1, pricePerHour: usd("1"))
            return try candidate(
                of: problem(
                    { stage in
                        let entries = per.map {
                            DurationEstimate.PerAccelerator(
                                accelerator: AcceleratorCount(name: $0.0, count: $0.1), duration: $0.2)
                        }
                        stage.estimate = DurationEstimate(perAccelerator: entries)
                        stage.resources.accelerators = [AcceleratorCount(name: name, count: count)]
                    }, shelf: [offer], speeds: ["A100": 312, "T4": 65]))
        }
        let other = try durations([("A100", 8, .hour)], on: "T4", 8)
        #expect(other.duration == TimeSpan(milliseconds: 17_280_000))
        #expect(other.durationSource == .scaled(from: AcceleratorCount(name: "A100", count: 8)))
        let fewer = try durations([("T4", 1, .seconds(1)), ("a100", 8, .hour)], on: "A100", 4)
        #expect(fewer.duration == .seconds(7200), "the same model in another number comes first")
        let unknown = try durations([("B300", 1, .hour)], on: "T4", 1)
        #expect(unknown.duration == .hour && unknown.durationSource == .assumed)
    }

    @Test("what earlier runs took there counts more than what the file says")
    func learning() throws {
        let offer = Offer.at("x", "r", "m", usd("1"))
        func past(_ run: String, _ seconds: Int64, on type: String = "m") -> PlacementHistory.PastRun {
            PlacementHistory.PastRun(
                run: run, provider: "x", region: "r", instanceType: type,
                accelerator: AcceleratorCount(name: type, count: 1), duration: .seconds(seconds))
        }
        let runs = [past("r5", 40), past("r4", 50), past("r3", 20), past("r2", 10), past("r1", 30), past("r0", 9_999)]
        let candidate = try candidate(of: problem(shelf: [offer], past: [past("r6", 1, on: "other")] + runs))
        #expect(candidate.duration == .seconds(30))
        #expect(candidate.durationRange == Estimate(low: .seconds(10), expected: .seconds(30), high: .seconds(50)))
        #expect(candidate.durationSource == .learned(runs: 5, latest: "r5"))
    }

    @Test("of ordered alternatives the first that can be had is taken, whatever the others cost")
    func ordered() throws {
        func request(_ shelf: String, _ numNodes: Int? = nil) -> ResourceRequest {
            var request = ResourceRequest()
            request.instanceType = shelf
            request.numNodes = numNodes
            return request
        }
        var stage = SkySpec.Stage.named("a")
        stage.alternatives = [request("none"), request("dear"), request("cheap", 4)]
        let market = Market(shelves: [
            "dear": [.at("x", "r", "dear", usd("9"))], "cheap": [.at("y", "r", "cheap", usd("1"))],
        ])
        let unordered = try Planner().plan(Pipeline(name: "p", stages: [stage], directory: "/"), offers: market)
        #expect(unordered.stages[0].numNodes == 4 && unordered.totalCost == usd("4"))
        stage.alternativesAreOrdered = true
        let pipeline = Pipeline(name: "p", stages: [stage], directory: "/")
        #expect(try Planner().plan(pipeline, offers: market).stages[0].offer.instanceType == "dear")
        let blocked = [BlockedPlace(provider: "x")]
        #expect(try Planner().plan(pipeline, offers: market, blocked: blocked).stages[0].offer.instanceType == "cheap")
    }
}

@Suite("Interruptions")
struct InterruptionTests {
    @Test(
        "the expected time is what a simulation of the same process comes to", arguments: [nil, TimeSpan.seconds(600)])
    func simulated(checkpoint: TimeSpan?) {
        let model = InterruptionModel(perMonth: 0.999, nodes: 40)
        let (work, restart) = (TimeSpan.seconds(3 * 3600), TimeSpan.seconds(300))
        let expected = model.expectedTime(work: work, restart: restart, checkpoint: checkpoint).hours
        var random = SeededGenerator(seed: 7)
        var sum = 0.0
        let rounds = 4000
        for _ in 0..<rounds {
            var (done, elapsed) = (0.0, 0.0)
            let stretch = checkpoint?.hours ?? work.hours
            while done < work.hours - 1e-9 {
                // Up to the next interruption, in stretches that count only when they are whole.
                let run = -(1 / model.rate) * log(Double.random(in: Double.ulpOfOne..<1, using: &random))
                let whole = (run / stretch).rounded(.down) * stretch
                if done + whole >= work.hours - 1e-9 {
                    elapsed += work.hours - done
                    done = work.hours
                } else {
                    done += whole
                    elapsed += run + restart.hours
                }
            }
            sum += elapsed
        }
        let mean = sum / Double(rounds)
        #expect(abs(mean / expected - 1) < 0.05, "\(mean) h simulated, \(expected) h expected")
    }

    @Test("machines that are never taken away cost no time, and nothing runs over")
    func extremes() {
        let never = InterruptionModel(perMonth: 0, nodes: 8)
        #expect(never.expectedTime(work: .hour, restart: .hour, checkpoint: nil) == .hour)
        #expect(never.highCount(during: .hour) == 0)
        let always = InterruptionModel(perMonth: 1, nodes: 10_000)
        #expect(always.expectedTime(work: .seconds(1 << 40), restart: .hour, checkpoint: nil) == DurationModel.longest)
        let rare = InterruptionModel(perMonth: 0.05, nodes: 1)
        #expect(rare.highCount(during: .hour) == 0 && rare.highCount(during: .seconds(365 * 86_400)) >= 2)
    }

    @Test("spot's lost work is in its cost, and on demand wins where it is too much")
    func decides() throws {
        func plan(_ checkpoint: TimeSpan?) throws -> Plan {
            var stage = SkySpec.Stage.named("a")
            stage.numNodes = 32
            stage.estimate.general = Estimate(.seconds(40 * 3600))
            stage.checkpointInterval = checkpoint
            let spot = Offer(
                provider: "x", region: "r", instanceType: "s", cpus: 1, memoryGiB: 1, pricePerHour: usd("0.4"),
                market: .spot, interruptionsPerMonth: 0.7)
            let market = Market(shelves: ["a": [.at("x", "r", "m", usd("1")), spot]])
            return try Planner().plan(Pipeline(name: "p", stages: [stage], directory: "/"), offers: market)
        }
        let lost = try plan(nil)
        #expect(lost.stages[0].offer.market == .onDemand && lost.totalCost == usd("1280"))
        #expect(lost.outlook.cost == Estimate(lost.totalCost))
        let saved = try plan(.seconds(900))
        #expect(saved.stages[0].offer.market == .spot && saved.totalCost < usd("600"))
        #expect(saved.stages[0].costParts.machines == usd("512") && saved.stages[0].costParts.interruptions > .zero)
        #expect(saved.outlook.cost.low == usd("512") && saved.outlook.cost.high > saved.totalCost)
        #expect(saved.stages[0].interruptions > 1)
    }
}
