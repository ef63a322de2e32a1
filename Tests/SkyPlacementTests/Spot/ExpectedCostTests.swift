import SkyCore
import SkyTestSupport
import Testing

@testable import SkyPlacement

@Suite("The policy of least expected cost")
struct ExpectedCostTests {
    @Test("is cheaper on the mean than uniform progress where spot comes and goes as it does in clouds")
    func cheaper() throws {
        let job = DeadlineJob.minutes(600, by: 840, start: 12)
        var (ours, theirs) = (Money.zero, Money.zero)
        for seed in 0..<12 {
            let trace = SpotTrace.random(.typical, ticks: 100, seed: UInt64(seed))
            ours += try #require(SpotSimulation.run(job, on: trace, policy: ExpectedCostPolicy.quick)).cost
            theirs += try #require(SpotSimulation.run(job, on: trace, policy: UniformProgressPolicy())).cost
        }
        #expect(ours < theirs)
    }

    @Test("spot that costs as much as on demand is left alone")
    func noGain() throws {
        let job = DeadlineJob.minutes(100, by: 400, start: 5, spotPrice: Money(nanodollars: 3_060_000_000))
        let outcome = try #require(
            SpotSimulation.run(
                job, on: SpotTrace(String(repeating: "1", count: 40)), policy: ExpectedCostPolicy.quick))
        #expect((outcome.spotTicks, outcome.onDemandTicks) == (0, 11))
    }

    @Test("spot that never goes is all that is used")
    func allSpot() throws {
        let outcome = try #require(
            SpotSimulation.run(
                .minutes(100, by: 200, start: 5), on: SpotTrace(String(repeating: "1", count: 20)),
                policy: ExpectedCostPolicy.quick))
        #expect((outcome.spotTicks, outcome.onDemandTicks) == (11, 0))
    }

    @Test("what was seen before the start makes it wait longer where spot soon comes back")
    func learning() {
        let short = RunLengths(shape: 1.2, scale: 0.1, horizon: 30)
        let long = RunLengths(shape: 1.2, scale: 2.7, horizon: 100)
        func history(_ law: RunLengths) -> SpotHistory {
            var history = SpotHistory()
            for answer in SpotTrace.random(SpotModel(up: law, down: law), ticks: 600, minutes: 6, seed: 3).isAvailable {
                history.observe(answer, for: .seconds(360))
            }
            return history
        }
        let (quick, slow) = (history(short).weights().down, history(long).weights().down)
        #expect(quick[0] > slow[0])
        #expect(quick[3] < slow[3])
        #expect(abs(quick.reduce(0, +) - 1) < 1e-5)
    }

    @Test("a run is as old as the time since it was first seen")
    func age() {
        var history = SpotHistory()
        for answer in [true, true, false, true] { history.observe(answer, for: .seconds(600)) }
        #expect(history.age == 0)
        history.observe(true, for: .seconds(60))
        #expect(history.age == 1.0 / 6)
    }

    @Test("age classes end as many runs as the law does", arguments: [0.1, 0.9, 2.7])
    func ages(scale: Double) {
        let law = SpotModel.up(scale: scale)
        var alive = 1.0
        for index in 0..<AgeClass.count - 1 {
            let rates = AgeClass.rates(of: index, law)
            alive *= rates.growth / (rates.end + rates.growth)
            #expect(abs(alive - law.survival(AgeClass.edges[index])) < 1e-9)
        }
        #expect(abs(RunLengths.memoryless(mean: 2).survival(of: 2, at: 7) - 0.367_879) < 1e-6)
    }

    @Test("slack has fine steps where there is little of it, and ends where it should")
    func grid() throws {
        let grid = SlackGrid(work: 48, workCount: 24, slack: 44, slackCount: 32, finest: 0.01)
        #expect(grid.slacks[1] == 0.01)
        #expect(abs(try #require(grid.slacks.last) - 44) < 0.01)
        let place = grid.place(ofSlack: 10)
        let found = grid.slacks[place.index] + place.part * (grid.slacks[place.index + 1] - grid.slacks[place.index])
        #expect(abs(found - 10) < 1e-4)
        let even = SlackGrid(work: 1, workCount: 4, slack: 0.08, slackCount: 8, finest: 5)
        #expect(abs(try #require(even.slacks.last) - 0.08) < 1e-6)
    }
}
