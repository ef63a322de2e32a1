import SkyBroker
import SkyCore
import SkySpec

/// Looks at each step for what it can have broken, and keeps the first fall. Only what a step has touched is looked at.
struct Checks {
    private(set) var fall: Fall?
    private let watched: (any Invariant.Type)?

    init(watched: (any Invariant.Type)? = nil) { self.watched = watched }

    mutating func fell<Kind: Invariant>(_ invariant: Kind.Type, _ detail: String, _ world: World) {
        guard fall == nil, watched == nil || watched == Kind.self else { return }
        fall = Fall(invariant: Kind.name, sentence: Kind.sentence, detail: detail, at: world.now)
    }

    // MARK: At providers and on nodes

    /// A group was made.
    mutating func made(_ place: AttemptPlace, in run: SimulatedRun, _ world: World) {
        var name: String { run.name(of: place) }
        if run.attempt(place).liveGroups > 1 { fell(OneGroupPerAttempt.self, "\(name) has a second one", world) }
        // From one machine to another without a gap: only the core may say so.
        let most = run.state.stages[place.stage].isHandingOver ? 2 : 1
        if run.watch[place.stage].liveGroups > most {
            fell(OneAttemptPerStage.self, "\(name) was rented for while an earlier attempt still holds machines", world)
        }
        guard run.watch[place.stage].recordedAttempts >= place.number, !run.isOver else {
            return fell(NothingUnintended.self, "\(name) was rented for, and the journal does not know of it", world)
        }
    }

    /// A job was started.
    mutating func started(_ place: AttemptPlace, in run: SimulatedRun, _ world: World) {
        var name: String { run.name(of: place) }
        if run.attempt(place).jobStarts > 1 { fell(OneJobPerStage.self, "\(name) was started again", world) }
        for index in run.attempts[place.stage].indices where index != place.number - 1 {
            if case .working = run.attempts[place.stage][index].job {
                fell(OneJobPerStage.self, "\(name) was started while attempt \(index + 1) works", world)
            }
        }
    }

    /// An attempt took over the machines that another has done with.
    mutating func passedOn(from before: AttemptPlace, to place: AttemptPlace, in run: SimulatedRun, _ world: World) {
        if case .working = run.attempt(before).job {
            fell(
                OneStagePerGroup.self,
                "\(run.name(of: place)) took over machines on which \(run.name(of: before)) works",
                world)
        }
        if run.watch[place.stage].liveGroups > 1 {
            fell(
                OneAttemptPerStage.self,
                "\(run.name(of: place)) took machines over while an earlier attempt still holds some", world)
        }
    }

    // MARK: In the journal

    /// A stage may have changed, and the journal has it.
    mutating func note(_ index: Int, of run: SimulatedRun, _ world: World) {
        run.watch[index].recordedAttempts = run.state.stages[index].attempts.count
        guard run.watch[index].serial != run.state.stages[index].serial || run.state.stages[index].isHandingOver else {
            return
        }
        if let outputs = run.state.stages[index].outputs { compare(outputs, of: index, in: run, world) }
        checkGone(index, run, world)
        let (before, phase) = (run.watch[index], run.state.stages[index].phase)
        guard before.serial != run.state.stages[index].serial else { return }
        checkLimit(before, index, run, world)
        checkHold(before, index, run, world)
        if case .ended(.failed(let reason)) = phase, !reason.isActionable {
            fell(FailuresSayWhy.self, "\(run.launch.run) \(run.stageNames[index]) says only '\(reason)'", world)
        }
        run.watch[index].phase = phase
        run.watch[index].serial = run.state.stages[index].serial
        run.watch[index].since = world.now
        run.watch[index].excusedBefore = run.excusedTime
    }

    /// The run says that it stands still.
    mutating func rests(_ run: SimulatedRun, _ world: World) {
        guard run.liveGroups > run.stoppedGroups else { return }
        fell(
            StoppedIsStopped.self,
            "\(run.launch.run) runs \(run.liveGroups - run.stoppedGroups) groups although it is stopped", world)
    }

    private mutating func checkLimit(
        _ before: SimulatedRun.StageWatch, _ index: Int, _ run: SimulatedRun, _ world: World
    ) {
        guard let limit = PhaseLimits.limit(of: before.phase) else { return }
        let (took, excused) = (world.now - before.since, run.excusedTime - before.excusedBefore)
        guard took > limit + excused + .seconds(60) else { return }
        let name = "\(run.launch.run) \(run.stageNames[index])"
        fell(WithinLimits.self, "\(name) was \(before.phase) for \(took), and \(limit) is the most", world)
    }

    /// The stage has left the phase that it was in before.
    private mutating func checkHold(
        _ before: SimulatedRun.StageWatch, _ index: Int, _ run: SimulatedRun, _ world: World
    ) {
        guard case .held = before.phase else { return }
        let name = "\(run.launch.run) \(run.stageNames[index])"
        let (took, excused) = (world.now - before.since, run.excusedTime - before.excusedBefore)
        let most = run.launch.options?.keepOnFailure ?? .zero
        if took > most + excused + .seconds(60) {
            fell(HeldAsAsked.self, "\(name) kept its machines for \(took), and \(most) was asked for", world)
        }
        let stop = run.journal.first { if case .stopRequested = $0.event { true } else { false } }
        guard let stop, world.now + run.clockOffset > stop.at + .seconds(60) else { return }
        fell(HeldAsAsked.self, "\(name) kept its machines although the run was to stop", world)
    }

    private mutating func checkGone(_ index: Int, _ run: SimulatedRun, _ world: World) {
        guard run.watch[index].liveGroups > 0 else { return }
        let recorded = run.state.stages[index].attempts.count
        for number in run.attempts[index].indices.suffix(3)
        where number < recorded && run.state.stages[index].attempts[number].releasedAt != nil
            && run.state.stages[index].attempts[number].heir == nil
            && run.machines(of: AttemptPlace(run: run.index, stage: index, number: number + 1)).machines.isThere
        {
            let name = run.state.stages[index].attempts[number].id
            fell(ReleasedIsGone.self, "\(name) still holds its machines", world)
        }
    }

    private mutating func compare(
        _ outputs: [StoredArtifact], of index: Int, in run: SimulatedRun, _ world: World
    ) {
        // The same array, mostly, which is then told at once.
        if run.watch[index].outputs == outputs { return }
        run.watch[index].outputs = outputs
        let digests = outputs.map { world.stores.number(of: $0) }
        if run.watch[index].digests.isEmpty { run.watch[index].digests = digests }
        guard run.watch[index].digests != digests else { return }
        fell(DigestsStay.self, "\(run.launch.run) \(run.state.stages[index].name) made something else", world)
    }

    mutating func foldIsState(_ run: SimulatedRun, _ world: World) {
        if let launched = RunState(run.journal[0]),
            RunState(launched, followedBy: run.journal.dropFirst()) == run.state
        {
            return
        }
        fell(FoldIsState.self, "of \(run.launch.run) after \(run.journal.count) events", world)
    }

    // MARK: At the end

    /// The run says that it has ended.
    mutating func ended(_ run: SimulatedRun, _ world: World) {
        if run.liveGroups != 0 { fell(NothingLeft.self, "\(run.launch.run) still has \(run.liveGroups) groups", world) }
        foldIsState(run, world)
        compareJobs(run, world)
        let booked = Money(nanodollars: Int64(clamping: run.booked / 3_600_000))
        checkBudget(run, booked, world)
        let difference = run.metered - booked
        if difference.nanodollars.magnitude >= 10_000_000 {
            fell(
                MoneyIsTrue.self,
                "\(run.launch.run) metered \(run.metered.exactDecimal), and \(booked.exactDecimal) was held", world)
        }
    }

    /// Machines that are asked for and not here yet cost money that only their release tells of; so do those that are given
    /// back slowly, and those of a run whose broker is dead.
    private static let unseenFor = TimeSpan.seconds(9000)

    private mutating func checkBudget(_ run: SimulatedRun, _ booked: Money, _ world: World) {
        guard let budget = run.launch.pipeline.budget, budget.atLimit == .stop else { return }
        let most = budget.limit + run.peakRate.perHour(for: Self.unseenFor + run.excusedTime)
        guard booked > most else { return }
        fell(
            BudgetHolds.self,
            "\(run.launch.run) held machines for \(booked.exactDecimal), and may spend \(budget.limit.exactDecimal)",
            world)
    }

    private mutating func compareJobs(_ run: SimulatedRun, _ world: World) {
        for (index, stage) in run.state.stages.enumerated() {
            for (number, attempt) in stage.attempts.enumerated() where attempt.exitCode == 0 {
                let known = run.attempts[index].indices.contains(number) ? run.attempts[index][number].successes : 0
                if known != 1 {
                    fell(RanAsRecorded.self, "\(attempt.id) ran to its end \(known) times, and is recorded once", world)
                }
            }
        }
    }

    /// Nothing is to happen any more.
    mutating func end(of run: SimulatedRun, _ world: World) {
        guard run.isOver else {
            let phases = run.state.stages.map { "\($0.name) \($0.phase)" }.joined(separator: ", ")
            return fell(EveryRunEnds.self, "\(run.launch.run) stands still: \(phases)", world)
        }
        if run.liveGroups != 0 {
            fell(NothingLeft.self, "\(run.launch.run) rents \(run.liveGroups) groups after its end", world)
        }
    }
}

extension SimulatedRun {
    /// What the journal says that machines cost.
    var metered: Money {
        let end = state.endedAt ?? launchedAt
        return state.stages.reduce(.zero) { sum, stage in
            stage.attempts.reduce(sum) { $0 + $1.nodeCost(until: end) }
        }
    }
}

extension String {
    /// A sentence about something: some words, and none missing at its end.
    fileprivate var isActionable: Bool {
        split(separator: " ").count >= 3 && last != ":" && last != " " && !contains("Optional(")
    }
}
