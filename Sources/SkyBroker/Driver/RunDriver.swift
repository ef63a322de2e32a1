import SkyCatalog
public import SkyCore
import SkyPlacement

/// Performs a run's effects and feeds back what happened, until the run has ended.
///
/// Each event is in the journal before the state that follows from it has any effect. Effects are level-triggered: the
/// state says what should be under way, and the driver keeps exactly that under way, so that picking up a dead
/// driver's run is the same as driving a new one.
public actor RunDriver {
    private let world: DriverWorld
    private let performer: EffectPerformer
    private let dice: @Sendable () -> UInt32
    private var state: RunState
    private var count: Int
    private var underWay: [Effect: Task<Void, Never>] = [:]
    private let inbox: AsyncStream<RunEvent>
    private let outbox: AsyncStream<RunEvent>.Continuation

    /// Throws when the journal cannot be read or does not know the run.
    public init(
        run: RunID, world: DriverWorld, dice: @escaping @Sendable () -> UInt32 = { .random(in: .min ... .max) }
    ) throws(JournalError) {
        let events = try world.journal.events(of: run)
        guard let state = RunState(folding: events) else { throw JournalError("the journal knows no run \(run)") }
        self.world = world
        self.dice = dice
        self.state = state
        count = events.count
        performer = EffectPerformer(world: world, launch: state.launch)
        (inbox, outbox) = AsyncStream.makeStream()
    }

    /// Returns the run's last state. Throws when the journal can no longer be written: nothing is done that it would
    /// not remember, so the run stands still until another driver takes it.
    public func drive(processID: Int32) async throws(JournalError) -> RunState {
        try take([.driverStarted(processID: processID)])
        keepUnderWay()
        let requests = Task { await self.relayRequests() }
        defer { requests.cancel() }
        for await event in inbox {
            try take([event])
            keepUnderWay()
            if state.endedAt != nil { break }
        }
        for task in underWay.values { task.cancel() }
        return state
    }

    /// Journal first; then the state; effects follow.
    private func take(_ events: [RunEvent]) throws(JournalError) {
        let recorded = events.map { RecordedEvent($0, at: world.now(), dice: dice()) }
        var next = state
        for event in recorded { _ = next.apply(event) }
        let summary = recorded.last.map { RunSummary(next, at: $0.at) }
        try world.journal.append(
            recorded, to: state.run, after: count, runEnded: next.endedAt != nil, summary: summary)
        count += recorded.count
        state = next
        remember(events)
    }

    /// Only now that the journal has them: nobody reuses what no journal knows.
    private func remember(_ events: [RunEvent]) {
        for case .collected(let id, let outputs) in events {
            do { try world.journal.learn(from: id, in: state, isReal: world.isReal) } catch {
                world.log("how long stage \(id.stage) took will not be learnt: \(error)")
            }
            guard let inputs = state.inputs(of: id.stage) else { continue }
            do { try performer.remember(outputs, of: id.stage, inputs: inputs) } catch {
                world.log("stage \(id.stage) will not be found by its digest: \(error)")
            }
        }
    }

    private func keepUnderWay() {
        let wanted = Set(state.effects)
        for (effect, task) in underWay where !wanted.contains(effect) {
            task.cancel()
            underWay[effect] = nil
        }
        for effect in wanted where underWay[effect] == nil {
            let pinned = state.pinnedOffers
            underWay[effect] = Task { [performer, outbox] in
                if let event = await performer.perform(effect, pinned: pinned), !Task.isCancelled {
                    outbox.yield(event)
                }
            }
        }
    }

    /// What other processes ask of this run, as it comes.
    private func relayRequests() async {
        var seen: Set<RunRequest> = []
        while !Task.isCancelled {
            for request in (try? world.journal.requests(of: state.run)) ?? [] where seen.insert(request).inserted {
                if case .stop(let reason) = request { outbox.yield(.stopRequested(reason)) }
            }
            try? await Task.sleep(for: .milliseconds(100))
        }
    }
}

extension RunState {
    /// Where each stage that has begun is or was: a relocation of one stage leaves the others alone.
    var pinnedOffers: [String: Offer] {
        Dictionary(
            stages.filter { $0.phase != .waiting && $0.phase != .relocating }.map { ($0.name, $0.planned.offer) },
            uniquingKeysWith: { first, _ in first })
    }
}
