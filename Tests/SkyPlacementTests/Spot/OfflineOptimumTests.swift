import SkyCore
import SkyTestSupport
import Testing

@testable import SkyPlacement

@Suite("The offline optimum")
struct OfflineOptimumTests {
    /// Every schedule there is, run by the model itself.
    private func bruteForce(_ job: DeadlineJob, _ trace: SpotTrace, ticks: Int) -> Money? {
        var best: Money?
        var schedule = [SpotChoice](repeating: .idle, count: ticks)
        func fill(_ tick: Int) {
            guard tick < ticks else {
                guard
                    let outcome = SpotSimulation.run(job, on: trace, policy: ScriptedPolicy(choices: schedule)),
                    outcome.end <= trace.tick.times(ticks)
                else { return }
                best = min(best ?? outcome.cost, outcome.cost)
                return
            }
            for choice in [SpotChoice.idle, .spot, .onDemand] where choice != .spot || trace.isAvailable[tick] {
                schedule[tick] = choice
                fill(tick + 1)
            }
        }
        fill(0)
        return best
    }

    @Test("is the cheapest of all schedules", arguments: 0..<12)
    func bruteForce(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let ticks = 6
        let trace = SpotTrace(String((0..<ticks + 8).map { _ in Bool.random(using: &random) ? "1" : "0" }))
        let job = DeadlineJob.minutes(
            Int64.random(in: 5...45, using: &random), by: Int64(ticks * 10),
            start: Int64.random(in: 0...13, using: &random),
            spotPrice: Money(nanodollars: Int64.random(in: 0...3_500_000_000, using: &random)))
        #expect(OfflineOptimum.cost(of: job, on: trace) == bruteForce(job, trace, ticks: ticks))
    }

    @Test("nothing to do costs nothing, and what cannot be done has no cost")
    func edges() {
        #expect(OfflineOptimum.cost(of: .minutes(0, by: 60), on: SpotTrace("000000")) == .zero)
        #expect(OfflineOptimum.cost(of: .minutes(90, by: 60), on: SpotTrace("111111111111")) == nil)
        #expect(OfflineOptimum.cost(of: .minutes(10, by: 60), on: SpotTrace("1"), from: 4) == nil)
    }

    @Test("no policy is below it", arguments: 0..<4)
    func bound(seed: Int) throws {
        let trace = SpotTrace.random(.typical, ticks: 130, seed: UInt64(seed))
        let job = DeadlineJob.minutes(600, by: 900, start: 12)
        let optimum = try #require(OfflineOptimum.cost(of: job, on: trace))
        for policy in DeadlinePolicies.all.filter({ $0.name != "expected-cost" }) + [ExpectedCostPolicy.quick] {
            let outcome = SpotSimulation.run(job, on: trace, policy: policy)
            #expect(try #require(outcome).cost >= optimum)
        }
    }
}
