import SkyBroker
import SkyCore
import SkyPlacement
import Testing

@testable import SkySimulator

/// Whatever happens, what must hold holds.
@Suite struct SweepTests {
    private let scenario = Scenario(pipelines: MadeUpPipelines.all, runs: 4)

    @Test("through seeds of bad days every invariant holds", arguments: 0..<4)
    func badDays(block: UInt64) {
        var sweep = Sweep()
        for seed in (block * 40 + 1)...(block * 40 + 40) {
            if let fall = sweep.run(SeedRun(scenario, seed: seed)) { Issue.record("seed \(seed): \(fall)") }
        }
        #expect(sweep.runs == 160)
        #expect(sweep.crashes > 40)
        #expect(sweep.faults.count > 20, "faults of many kinds come up")
        #expect(sweep.ends[.succeeded, default: 0] > 40)
    }

    @Test("runs that are stopped and started again in the middle of bad days keep every invariant")
    func stops() {
        var faults = FaultPlan.nasty
        faults[.stop] = 0.7
        let stopping = Scenario(pipelines: MadeUpPipelines.all, runs: 4, faults: faults)
        var (sweep, halted, startedAgain) = (Sweep(), 0, 0)
        for seed in UInt64(1)...40 {
            let run = SeedRun(stopping, seed: seed)
            if let fall = sweep.run(run) { Issue.record("seed \(seed): \(fall)") }
            for journal in run.journals() {
                let stopped = journal.lastIndex { if case .halted = $0.event { true } else { false } }
                guard let stopped else { continue }
                halted += 1
                let rest = journal[stopped...]
                startedAgain += rest.contains { if case .provisioned = $0.event { true } else { false } } ? 1 : 0
            }
        }
        #expect(halted > 20 && startedAgain > 10, "\(halted) \(startedAgain)")
    }

    @Test("on good days every run succeeds, in as many events as there are steps")
    func goodDays() {
        let calm = Scenario(pipelines: MadeUpPipelines.all, runs: 2, faults: .none)
        let outcome = SeedRun(calm, seed: 1).outcome()
        #expect(outcome.fall == nil)
        #expect(outcome.ends == [.succeeded, .succeeded])
        #expect(outcome.crashes == 0)
        #expect(outcome.faults.isEmpty)
    }

    @Test("the same seed gives the same journals byte for byte, another seed others")
    func determinism() throws {
        let text = try SeedRun(scenario, seed: 7).journalText()
        #expect(try SeedRun(scenario, seed: 7).journalText() == text)
        #expect(try SeedRun(scenario, seed: 8).journalText() != text)
    }

    @Test("a spot trace says when spot machines can be had")
    func traces() {
        let never = SpotTrace(name: "never", tick: .seconds(600), isAvailable: [false])
        var traced = Scenario(pipelines: [MadeUpPipelines.chain], runs: 1, faults: .none)
        for location in MadeUpPipelines.chain.spotLocations { traced.spotTraces[location] = never }
        let (lines, fall) = SeedRun(traced, seed: 1).story()
        #expect(fall == nil)
        #expect(lines.contains { $0.contains("train #1 gets no machines: noCapacity") })
        #expect(lines.last?.hasSuffix("has ended: succeeded") == true, "on demand there are some")
    }

    @Test("stages with a deadline are handed over from spot to on demand without a gap, and every invariant holds")
    func deadlines() {
        var handovers = 0
        for seed in UInt64(1)...12 {
            let run = SeedRun(Scenario(pipelines: [MadeUpPipelines.punctual], runs: 1), seed: seed)
            #expect(run.outcome().fall == nil, "seed \(seed)")
            var held: Set<AttemptID> = []
            for recorded in run.journals().joined() {
                switch recorded.event {
                case .provisioned(let id, _):
                    if held.contains(where: { $0.stage == id.stage && $0 != id }) { handovers += 1 }
                    held.insert(id)
                case .released(let id, _): held.remove(id)
                default: break
                }
            }
        }
        #expect(handovers > 0)
    }
}
