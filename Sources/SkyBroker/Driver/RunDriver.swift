import SkyCatalog
public import SkyCore
import SkyPlacement
import SkySpec

/// Performs a run's effects and feeds back what happened, until the run has ended.
///
/// Each event is in the journal before anything that follows from it begins. Effects are level-triggered: the state says
/// what should be under way, and the driver keeps exactly that under way, so that picking up a dead driver's run is the
/// same as driving a new one.
public actor RunDriver {
    private let world: DriverWorld
    private let performer: any EffectPerforming
    private let dice: @Sendable () -> UInt32
    private var state: RunState
    private var count: Int
    /// By the stage's position, -1 for the run's own.
    private var underWay: [Int: [Effect.ID: Task<Void, Never>]] = [:]
    private var wanted = WantedEffects()
    private let mailbox = Mailbox()

    /// The caller holds the run's `DriverLock`. From here on the run has a clock of its own (`RunClock`).
    ///
    /// - Throws: when the journal cannot be read or does not know the run.
    public init(
        run: RunID, world: DriverWorld, dice: @escaping @Sendable () -> UInt32 = { .random(in: .min ... .max) }
    ) throws(JournalError) {
        let events = try world.journal.events(of: run)
        guard let state = RunState(folding: events) else { throw JournalError("the journal knows no run \(run)") }
        let clock = RunClock.drive(run, in: world.folder, wall: world.now(), last: events.last?.at)
        var world = world
        world.now = clock.now
        self.init(
            state: state, count: events.count, world: world,
            performer: EffectPerformer(world: world, launch: state.launch), dice: dice)
    }

    /// - Parameter performer: who does what effects say; measurements hand in one that does nothing.
    init(
        state: RunState, count: Int, world: DriverWorld, performer: any EffectPerforming,
        dice: @escaping @Sendable () -> UInt32
    ) {
        self.world = world
        self.dice = dice
        self.state = state
        self.count = count
        self.performer = performer
    }

    /// Every variable whose value the run's stages are not to be without is known here.
    var hasSecrets: Bool {
        state.launch.pipeline.stages.allSatisfy { $0.secretNames.allSatisfy { world.environment[$0] != nil } }
    }

    /// Returns the run's last state. Throws when the journal can no longer be written: nothing is done that it would
    /// not remember, so the run stands still until another driver takes it.
    public func drive(processID: Int32) async throws(JournalError) -> RunState {
        let desk = RequestDesk(world.journal)
        let service = Task { await desk.serve() }
        defer { service.cancel() }
        return try await drive(processID: processID, desk: desk)
    }

    /// - Parameter desk: is served by somebody, for all runs that this process drives.
    func drive(processID: Int32, desk: RequestDesk) async throws(JournalError) -> RunState {
        _ = try await take([.driverStarted(processID: processID)])
        for stage in [-1] + state.stages.indices { keepUnderWay(stage) }
        desk.admit(state.run, mailbox)
        defer { desk.dismiss(state.run) }
        while state.endedAt == nil, try !isAtRest(), let events = await mailbox.next() {
            for stage in try await take(events) { keepUnderWay(stage) }
        }
        for task in underWay.values.joined() { task.value.cancel() }
        return state
    }

    /// The run stands still until somebody starts it again, which may be never: it needs no driver until then.
    private func isAtRest() throws(JournalError) -> Bool {
        guard state.status == .stopped else { return false }
        return try world.journal.isAtRest(state.run)
    }

    /// Takes events into the state and the journal; only then may anything follow from them.
    ///
    /// - Returns: the stages whose effects can have changed.
    private func take(_ events: [RunEvent]) async throws(JournalError) -> Set<Int> {
        var touched: Set<Int> = [-1]
        let now = world.now()
        let recorded = events.map { RecordedEvent($0, at: now, dice: dice()) }
        for event in recorded { touched.formUnion(state.apply(event)) }
        try await record(recorded)
        count += recorded.count
        performer.remember(events, state)
        return touched
    }

    /// A full disk, or a journal that is busy, is waited for: what is under way goes on, and its nodes' leases are renewed,
    /// while nothing new begins.
    private func record(_ events: [RecordedEvent]) async throws(JournalError) {
        let (summary, notes) = (RunSummary(state, at: events[0].at), performer.notes(on: events, state))
        var failures = 0
        while true {
            do {
                return try await world.journal.append(
                    events, to: state.run, after: count, runEnded: state.endedAt != nil, summary: summary, notes: notes)
            } catch  where error.kind == .full || error.kind == .busy {
                failures += 1
                if failures == 1 { world.log("waiting: \(error)") }
                let pause = FailurePolicy.pause(after: failures, dice: .max)
                guard (try? await Task.sleep(for: .milliseconds(pause.milliseconds))) != nil else { throw error }
            }
        }
    }

    private func keepUnderWay(_ stage: Int) {
        var tasks = underWay[stage] ?? [:]
        wanted.begin(beside: Array(tasks.keys))
        state.gatherEffects(of: stage, in: &wanted)
        for (id, task) in tasks where !wanted.ids.contains(id) {
            task.cancel()
            tasks[id] = nil
        }
        for effect in wanted.new {
            let pinned: [String: Offer] = if case .relocate = effect.work { state.pinnedOffers } else { [:] }
            tasks[effect.id] = Task { [performer, mailbox] in
                await performer.perform(effect.work, pinned: pinned) { event in
                    if !Task.isCancelled { mailbox.put(event) }
                }
            }
        }
        underWay[stage] = tasks.isEmpty ? nil : tasks
    }
}

/// Does what effects say.
protocol EffectPerforming: Sendable {
    /// Returns when there is no more to report; reports nothing once its task is cancelled.
    ///
    /// - Parameter pinned: for a relocation, where the run's other stages are.
    func perform(
        _ work: Effect.Work, pinned: [String: Offer], report: @Sendable @escaping (RunEvent) -> Void
    ) async

    /// What else is to be known once these events are durable; `state` holds what follows from them.
    func notes(on events: [RecordedEvent], _ state: RunState) -> [JournalNote]

    /// Called once events are durable.
    func remember(_ events: [RunEvent], _ state: RunState)
}

extension RunState {
    /// Where each stage that has begun is or was: a relocation of one stage leaves the others alone.
    var pinnedOffers: [String: Offer] {
        Dictionary(
            stages.filter { $0.phase != .waiting && $0.phase != .relocating }.map { ($0.name, $0.planned.offer) },
            uniquingKeysWith: { first, _ in first })
    }
}
