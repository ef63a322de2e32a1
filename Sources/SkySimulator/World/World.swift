import SkyBroker
import SkyCatalog
import SkyCore
import SkyPlacement

/// One world: runs, their brokers, providers, nodes, stores and people, in virtual time. A seed is one course of events.
///
/// Nothing in it reads a clock, starts a thread or depends on the order of a dictionary.
final class World {
    static let begin = Instant(millisecondsSince1970: 1_798_761_600_000)  // 2027-01-01T00:00:00Z
    /// More than this in one world is no life but a loop.
    private static let mostHappenings = 2_000_000

    let scenario: Scenario
    let chance: Chance
    let bug: PlantedBug?
    var gate: FaultGate
    var now = World.begin
    var queue = EventQueue<Happening>()
    var operations = Operations()
    var cloud: SimulatedCloud
    var stores = SimulatedStores()
    var runs: [SimulatedRun?]
    var letters: [RunEvent] = []
    var acts: [PersonAct] = []
    var checks: Checks
    var figures = Figures()
    /// Filled for one stage at a time.
    var wanted = WantedEffects()
    var story: Story?
    var calmFrom: Instant { World.begin + scenario.faults.calmAfter }

    /// - Parameters:
    ///   - keptRuns: the runs that are launched; nil: all.
    ///   - only: the faults that may happen; nil: all that chance wants.
    ///   - watched: the one invariant that is looked at; nil: all.
    init(
        _ scenario: Scenario, seed: UInt64, keptRuns: Set<Int>? = nil, only: Set<Fault>? = nil, bug: PlantedBug? = nil,
        watched: (any Invariant.Type)? = nil
    ) {
        self.scenario = scenario
        self.bug = bug
        chance = Chance(seed: seed)
        gate = FaultGate(
            scenario.faults, chance, only: only, calmFrom: World.begin + scenario.faults.calmAfter)
        cloud = SimulatedCloud(traces: scenario.spotTraces, begin: World.begin)
        runs = Array(repeating: nil, count: scenario.runs)
        checks = Checks(watched: watched)
        for run in 0..<scenario.runs where keptRuns?.contains(run) ?? true {
            let spread = run == 0 ? 0 : chance.unit(Decision(Matter.launch, run: run))
            queue.push(.launch(run: run), at: World.begin + TimeSpan(milliseconds: Int64(spread * 7_200_000)))
        }
    }

    /// Until nothing is to happen any more, or an invariant has fallen.
    func live() {
        var happenings = 0
        while checks.fall == nil, let (moment, happening) = queue.pop() {
            now = moment
            happen(happening)
            happenings += 1
            if happenings > Self.mostHappenings {
                return checks.fell(EveryRunEnds.self, "after \(happenings) happenings there is still no end", self)
            }
        }
        guard checks.fall == nil else { return }
        for run in runs { if let run { checks.end(of: run, self) } }
    }

    private func happen(_ happening: Happening) {
        switch happening {
        case .launch(let index): launch(index)
        case .turn(let index, let incarnation):
            if let run = runs[index], run.incarnation == incarnation { takeTurn(run) }
        case .operation(let reference): proceed(reference)
        case .letter(let index, let number):
            guard let run = runs[index], run.isAlive else { break }
            put(letters[number], to: run)
        case .kill(let index):
            if let run = runs[index], run.isAlive { kill(run, .kill) }
        case .restart(let index):
            if let run = runs[index], !run.isAlive, !run.isOver { start(run) }
        case .person(let index, let number): if let run = runs[index] { person(does: acts[number], to: run) }
        case .node(let place, let what): node(place, what)
        }
    }

    /// Evenly between two spans.
    func span(_ what: Decision, _ least: TimeSpan, _ most: TimeSpan) -> TimeSpan {
        let width = UInt64(most.milliseconds - least.milliseconds + 1)
        return TimeSpan(milliseconds: least.milliseconds + Int64(chance.bits(what).multipliedFullWidth(by: width).high))
    }

    /// What a sweep adds up.
    struct Figures {
        var events = 0
        /// Events that were folded again, after deaths and at the end.
        var folded = 0
        var crashes = 0
        var planned = Money.zero
        var metered = Money.zero
    }
}

/// A mistake that is planted in the simulated broker, to see that an invariant catches it.
public enum PlantedBug: String, CaseIterable, Hashable, Sendable {
    /// Says that machines were given back without asking the provider.
    case forgetsRelease
    /// Begins effects before the events that they follow from are in the journal.
    case effectsBeforeJournal
    /// Asks for machines under a new token after it was started again.
    case newTokenAfterRestart
    /// Starts a job that has ended once more after it was started again.
    case startsJobsAgain
    /// Gives a stage whatever it has instead of its inputs.
    case deliversWrongInputs
    /// Does not hear its clocks.
    case deafToClocks
    /// Leaves one kind of event out of the journal.
    case forgetsToWriteDown
    /// Meters from the broker's own clock where the provider said when it held the machines.
    case metersByOwnClock
    /// Rents for the next attempt while the last one's machines are still being given back.
    case doesNotWaitForRelease
    /// Fails without saying why.
    case failsWithoutReason
    /// Takes a job for done whose node it has only just found again.
    case takesSilenceForSuccess
    /// Hears its clocks two hours late.
    case hearsClocksLate
    /// Does not hear the clocks of its budgets.
    case deafToBudgets
    /// Lets a job that has ended well go on working.
    case leavesJobsBehind
    /// Says that machines are stopped without asking the provider.
    case stopsNothing
    /// Rolls dice of its own.
    case rollsItsOwnDice
}
