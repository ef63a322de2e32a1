import SkyCore
import Testing

@testable import SkySimulator

/// Invariants that could not fall would prove nothing.
@Suite struct PlantedBugTests {
    private let scenario = Scenario(pipelines: MadeUpPipelines.all, runs: 4)

    private static let cases: [(PlantedBug, any Invariant.Type)] = [
        (.newTokenAfterRestart, OneGroupPerAttempt.self), (.doesNotWaitForRelease, OneAttemptPerStage.self),
        (.effectsBeforeJournal, NothingUnintended.self), (.forgetsRelease, ReleasedIsGone.self),
        (.forgetsRelease, NothingLeft.self), (.metersByOwnClock, MoneyIsTrue.self),
        (.startsJobsAgain, OneJobPerStage.self), (.takesSilenceForSuccess, RanAsRecorded.self),
        (.deliversWrongInputs, DigestsStay.self), (.deafToClocks, EveryRunEnds.self),
        (.failsWithoutReason, FailuresSayWhy.self), (.hearsClocksLate, WithinLimits.self),
        (.forgetsToWriteDown, FoldIsState.self), (.deafToBudgets, BudgetHolds.self),
        (.leavesJobsBehind, OneStagePerGroup.self), (.hearsClocksLate, HeldAsAsked.self),
        (.stopsNothing, StoppedIsStopped.self),
    ]

    @Test("each invariant catches the bug that is planted for it, and tells it in a short history", arguments: cases)
    func caught(bug: PlantedBug, invariant: any Invariant.Type) throws {
        var found: SeedRun?
        for seed in UInt64(1)...400 where found == nil {
            let run = SeedRun(scenario, seed: seed, bug: bug, watched: invariant)
            if run.outcome().fall != nil { found = run }
        }
        let run = try #require(found, "no seed shows it")
        let history = try #require(ShrunkHistory(run) { false })
        #expect(history.fall.invariant == invariant.name)
        #expect(history.faults.count <= 5, "\(history.faults)")
        #expect(history.events <= 60)
        #expect(history.run.keptRuns?.count == 1)

        let named = Set(history.faults.compactMap { Fault($0.description) })
        #expect(named.count == history.faults.count)
        let again = SeedRun(
            scenario, seed: run.seed, keptRuns: history.run.keptRuns, keptStages: history.run.keptStages, only: named,
            bug: bug, watched: invariant)
        #expect(again.outcome().fall == history.fall)
    }

    @Test(
        "the usual set of invariants catches every bug, whichever of them falls first", arguments: PlantedBug.allCases)
    func caughtByAny(bug: PlantedBug) {
        var sweep = Sweep()
        let falls = (UInt64(1)...400).lazy.compactMap { sweep.run(SeedRun(scenario, seed: $0, bug: bug)) }
        #expect(falls.first != nil)
    }

    @Test("every invariant has a bug that makes it fall, and a sentence that says what holds")
    func complete() {
        let caught = Set(Self.cases.map { $0.1.name } + [SameSeedSameJournal.name])
        #expect(Set(Invariants.all.map { $0.name }) == caught)
        #expect(Invariants.all.allSatisfy { !$0.sentence.isEmpty && $0.sentence.last != "." })
    }
}
