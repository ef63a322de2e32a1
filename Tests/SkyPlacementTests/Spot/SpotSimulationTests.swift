import SkyCore
import Testing

@testable import SkyPlacement

@Suite("The model of one job on spot and on demand")
struct SpotSimulationTests {
    private func run(
        _ choices: [SpotChoice], _ pattern: String, _ job: DeadlineJob
    ) throws -> SpotOutcome {
        try #require(SpotSimulation.run(job, on: SpotTrace(pattern), policy: ScriptedPolicy(choices: choices)))
    }

    @Test("on demand costs the whole ticks that the work and one start take")
    func onDemand() throws {
        let job = DeadlineJob.minutes(35, by: 60, start: 6)
        let outcome = try #require(SpotSimulation.run(job, on: SpotTrace("00000000"), policy: OnDemandPolicy()))
        #expect(outcome.onDemandTicks == 5)
        #expect(outcome.cost == Money("2.55"))
        #expect(outcome.cost == job.onDemandCost(tick: .seconds(600)))
        #expect(outcome.end == .seconds(41 * 60))
        #expect(outcome.changeovers == 1)
        #expect(!outcome.isLate)
    }

    @Test("a start that takes longer than a tick does no work in it")
    func longStart() throws {
        let outcome = try run([.onDemand, .onDemand, .onDemand], "000000", .minutes(10, by: 60, start: 15))
        #expect(outcome.onDemandTicks == 3)
        #expect(outcome.end == .seconds(25 * 60))
    }

    @Test("a preemption loses no work, but the next start costs its delay again")
    func preemption() throws {
        let outcome = try run([.spot, .idle, .spot, .spot], "1011", .minutes(20, by: 60, start: 4))
        #expect((outcome.spotTicks, outcome.changeovers) == (4 - 1, 2))
        // 6 minutes in the first tick, 6 in the third, 8 in the fourth.
        #expect(outcome.end == .seconds(38 * 60))
    }

    @Test("a start that is broken off begins anew")
    func brokenStart() throws {
        let outcome = try run([.spot, .onDemand, .onDemand, .onDemand], "1000", .minutes(10, by: 90, start: 15))
        #expect((outcome.spotTicks, outcome.onDemandTicks, outcome.changeovers) == (1, 3, 2))
        #expect(outcome.end == .seconds(35 * 60))
    }

    @Test("spot that is not there cannot be had")
    func noSpot() throws {
        let outcome = try run([.spot, .spot, .onDemand], "0000", .minutes(10, by: 60))
        #expect((outcome.spotTicks, outcome.onDemandTicks) == (0, 1))
        #expect(outcome.end == .seconds(30 * 60))
    }

    @Test("a run that ends after its deadline is late, and one the trace is too short for has no outcome")
    func ends() throws {
        #expect(try run([.idle, .idle], "0000", .minutes(20, by: 30)).isLate)
        #expect(SpotSimulation.run(.minutes(50, by: 90), on: SpotTrace("111"), policy: GreedyPolicy()) == nil)
        #expect(SpotSimulation.run(.minutes(5, by: 90), on: SpotTrace("111"), from: 3, policy: GreedyPolicy()) == nil)
    }

    @Test("policies that look ahead are told how long spot stays, or when it comes and for how long then")
    func foresight() {
        let trace = SpotTrace("110010")
        #expect(SpotForesight(trace, at: 0) == SpotForesight(wait: 0, length: 1200))
        #expect(SpotForesight(trace, at: 1) == SpotForesight(wait: 0, length: 600))
        #expect(SpotForesight(trace, at: 2) == SpotForesight(wait: 1200, length: 600))
        #expect(SpotForesight(trace, at: 5) == SpotForesight(wait: 600, length: 0))
    }

    @Test("uniform progress runs on demand when behind the line, and stays until two starts ahead of it")
    func uniformProgress() throws {
        // Work is half of the deadline: behind the line from the second tick on, ahead again after the third.
        let job = DeadlineJob.minutes(60, by: 240, start: 1)
        let outcome = try #require(
            SpotSimulation.run(job, on: SpotTrace("000000000000000000111111"), policy: UniformProgressPolicy()))
        #expect(outcome.spotTicks == 0)
        #expect(outcome.changeovers == 1)
        let spot = try #require(
            SpotSimulation.run(job, on: SpotTrace("111111111111111111111111"), policy: UniformProgressPolicy()))
        #expect((spot.spotTicks, spot.onDemandTicks) == (7, 0))
    }

    @Test("figures over starts are the mean, the interpolated ninth decile, and the highest")
    func figures() {
        let costs = (1...11).map { Money(nanodollars: Int64($0) * 1_000_000_000) }
        let figures = SpotFigures(costs: costs, lateRuns: 0, onDemand: Money(nanodollars: 10_000_000_000))
        #expect(figures.mean == 0.6)
        #expect(figures.ninetiethPercentile == 1.0)
        #expect(figures.highest == 1.1)
        #expect(figures.meanCost == Money("6"))
    }

    @Test("starts are spread from a trace's beginning to the last that fits")
    func starts() throws {
        let trace = SpotTrace(String(repeating: "1", count: 50))
        let evaluation = try #require(SpotEvaluation(trace, starts: 4, longestDeadline: .seconds(100 * 60)))
        #expect(evaluation.starts == [0, 13, 26, 39])
        #expect(SpotEvaluation(trace, starts: 4, longestDeadline: .seconds(500 * 60)) == nil)
    }
}
