import SkyCore
import SkyTestSupport
import Testing

@testable import SkyPlacement

@Suite("Deadlines are kept")
struct DeadlineSafetyTests {
    /// Wants the worst at every tick; only the rule holds it back.
    private struct Reckless: DeadlinePolicy {
        let name = "reckless"
        let wish: @Sendable (SpotMoment) -> SpotChoice

        func decide(_ moment: SpotMoment, _ setting: SpotSetting, memory: inout Void) -> SpotChoice {
            let wish = wish(moment)
            return DeadlineRule.allows(wish, moment, setting) ? wish : .onDemand
        }
    }

    @Test("whatever is wished and however spot behaves: all of 256 markets", arguments: [0, 3, 10, 13])
    func exhaustive(start: Int64) throws {
        let policies = [
            Reckless { _ in .idle }, Reckless { $0.isSpotAvailable ? .spot : .idle },
            Reckless { $0.isSpotAvailable && $0.holding == .onDemand ? .spot : .idle },
        ]
        for work in [Int64(25), 40] {
            // From no slack to as much as a few starts.
            for deadline in stride(from: (work + start + 9) / 10 * 10, through: 80, by: 20) {
                let job = DeadlineJob.minutes(work, by: deadline, start: start)
                for market in 0..<256 {
                    let pattern = (0..<8).map { market >> $0 & 1 == 1 ? "1" : "0" }.joined()
                    for policy in policies {
                        let outcome = try #require(SpotSimulation.run(job, on: SpotTrace(pattern), policy: policy))
                        #expect(!outcome.isLate, "\(job) on \(pattern)")
                    }
                }
            }
        }
    }

    @Test("expected cost is never late", arguments: 0..<10)
    func random(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let start = Int64.random(in: 0...30, using: &random)
        let work = Int64.random(in: 100...400, using: &random)
        let deadline = (work + start + 9) / 10 * 10 + Int64.random(in: 0...12, using: &random) * 10
        let job = DeadlineJob.minutes(work, by: deadline, start: start)
        let scale = random.pick([0.05, 0.3, 2])
        let law = RunLengths(shape: 1.2, scale: scale, horizon: 20)
        let trace = SpotTrace.random(SpotModel(up: law, down: law), ticks: 200, seed: UInt64(seed))
        for begin in stride(from: 0, to: 140, by: 20) {
            let outcome = try #require(
                SpotSimulation.run(job, on: trace, from: begin, policy: ExpectedCostPolicy.quick))
            #expect(!outcome.isLate)
        }
    }

    @Test("expected cost is not late when spot always goes at the worst moment", arguments: [1, 12, 25])
    func adversary(start: Int64) {
        // Takes spot away as soon as it is used, at every possible moment of its start.
        let job = DeadlineJob.minutes(200, by: 330, start: start)
        for patience in 0..<5 {
            let setting = SpotSetting(job: job, tick: .seconds(600))
            var memory = ExpectedCostPolicy.quick.begin(setting)
            var state = SpotJobState(setting)
            var held = 0
            while !state.isDone {
                let isAvailable = held <= patience
                let moment = state.moment(isAvailable, nil)
                let choice = ExpectedCostPolicy.quick.decide(moment, setting, memory: &memory)
                state.run(choice, from: moment.holding)
                held = choice == .spot ? held + 1 : 0
            }
            #expect(state.end <= setting.deadline)
        }
    }

    @Test("a job that cannot keep its deadline runs on demand at once")
    func hopeless() throws {
        let job = DeadlineJob.minutes(100, by: 100, start: 10)
        #expect(!job.canKeepDeadline(tick: .seconds(600)))
        let outcome = try #require(
            SpotSimulation.run(job, on: SpotTrace("11111111111111"), policy: ExpectedCostPolicy.quick))
        #expect(outcome.spotTicks == 0)
        #expect(outcome.end == .seconds(110 * 60))
    }
}
