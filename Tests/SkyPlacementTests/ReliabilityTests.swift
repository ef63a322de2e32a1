import Glibc
import SkyCatalog
import SkyCore
import SkySpec
import SkyTestSupport
import Testing

@testable import SkyPlacement

@Suite("Reliability as a part of what is made small")
struct ReliabilityTests {
    /// A random chain or fork of three stages, each on spot machines of random prices, times and fates, or on demand.
    private func problem(_ seed: UInt64) throws -> PlacementProblem {
        var random = SeededGenerator(seed: seed)
        var market = Market()
        let reads: [[Int]] = random.pick([[[], [0], [1]], [[], [0], [0]], [[], [], [0, 1]]])
        let stages = (0..<3).map { index -> SkySpec.Stage in
            var times: [String: TimeSpan] = [:]
            market.shelves["s\(index)"] = (0..<4).map { number in
                let type = "t\(number)"
                times[type] = .seconds(Int64.random(in: 1...40, using: &random) * 900)
                let isSpot = random.chance(60)
                return Offer(
                    provider: random.pick(["a", "b"]), region: "r", instanceType: type,
                    accelerator: AcceleratorCount(name: type, count: 1), cpus: 8, memoryGiB: 32,
                    pricePerHour: Money(nanodollars: Int64.random(in: 1...9, using: &random) * 500_000_000),
                    market: isSpot ? .spot : .onDemand,
                    interruptionsPerMonth: isSpot ? random.pick([0.025, 0.25, 0.9, nil]) : nil)
            }
            var stage = SkySpec.Stage.named(
                "s\(index)", reads: reads[index].map { "s\($0)" }, writes: DataSize(bytes: 10_000_000_000),
                times: times)
            stage.numNodes = random.pick([1, 1, 4])
            return stage
        }
        market.usualPrice = usd("0.02")
        market.terms = RentalTerms(bootTime: .seconds(60))
        let pipeline = Pipeline(name: "p", stages: stages, directory: "/")
        return try PlacementProblem(pipeline: pipeline, offers: market)
    }

    /// What the objective makes small, of one placement: added up by hand.
    private func value(
        _ candidates: [Candidate], _ problem: PlacementProblem, _ perHour: Money, _ perInterruption: Money
    ) throws -> Double {
        let named = zip(problem.stages.map(\.name), candidates)
        let totals = try problem.totals(
            of: Placement(Dictionary(uniqueKeysWithValues: named.map { ($0.0, $0.1) })))
        let risk = candidates.reduce(0.0) { sum, candidate in
            guard candidate.offer.market == .spot else { return sum }
            let share = candidate.offer.interruptionsPerMonth ?? 0.125
            let hours = (candidate.duration + .seconds(60)).hours
            return sum - log(pow(1 - share, hours / 730 * Double(candidate.numNodes)))
        }
        return Double(totals.cost.nanodollars) + Double(perHour.nanodollars) * totals.time.hours
            + Double(perInterruption.nanodollars) * risk
    }

    @Test("the placement is the best that counting everything out finds, whatever time and risk are worth")
    func bruteForce() throws {
        for seed in 0..<60 {
            let problem = try problem(UInt64(seed))
            var all: [[Candidate]] = [[]]
            for stage in problem.stages { all = all.flatMap { head in stage.candidates.map { head + [$0] } } }
            for (hour, interruption) in [("0", "1"), ("0", "40"), ("2", "40"), ("3", "1000"), ("0.5", "0.01")] {
                let policy = WeightedPolicy(perHour: usd(hour), perInterruption: usd(interruption))
                let placement = try policy.place(problem)
                let chosen = problem.stages.compactMap { placement[$0.name] }
                let found = try value(chosen, problem, policy.perHour, policy.perInterruption)
                let least = try #require(
                    try all.map { try value($0, problem, policy.perHour, policy.perInterruption) }.min())
                #expect(found <= least + 10, "seed \(seed), $\(hour) an hour, $\(interruption) an interruption")
                let proof = try #require(placement.proof)
                #expect(proof.isOptimal)
                #expect(proof.costLowerBound <= (try problem.totals(of: placement).cost))
            }
        }
    }

    @Test("what is worth nothing changes nothing")
    func nothing() throws {
        for seed in 0..<20 {
            let problem = try problem(UInt64(seed))
            #expect(
                try problem.leastWeighted(perHour: usd("2"), perInterruption: .zero).candidates
                    == problem.leastWeighted(perHour: usd("2")).candidates)
        }
    }

    @Test("a plan says how probable it is that nothing interrupts it")
    func reliability() throws {
        var market = Market()
        market.shelves["s"] = [
            Offer(
                provider: "a", region: "r", instanceType: "t", cpus: 8, memoryGiB: 32, pricePerHour: usd("1"),
                market: .spot, interruptionsPerMonth: 0.19)
        ]
        var stage = SkySpec.Stage.named("s")
        stage.estimate = DurationEstimate(general: Estimate(.seconds(365 * 3600)))
        stage.numNodes = 2
        let pipeline = Pipeline(name: "p", stages: [stage], directory: "/")
        let plan = try Planner().plan(pipeline, offers: market)
        // Two machines for half a month.
        #expect(abs(plan.reliability - 0.81) < 1e-9)
        #expect(plan.stages[0].reliability == plan.reliability)
    }
}
