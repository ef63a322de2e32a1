import SkyBroker
import SkyCore
import SkyProviders

/// One run, looked at again and again: only what the journal has got since the last look is read.
struct RunLook {
    let run: RunID
    private let broker: Broker
    private var state: RunState
    private var count: Int
    private var version: Int64
    private let standIns: Set<String>

    /// - Throws: `CommandFailure` for a run that the journal does not know.
    init(_ run: RunID, broker: Broker, standIns: Set<String>) throws {
        self.run = run
        self.broker = broker
        self.standIns = standIns
        // Asked first: what is written in between is read twice rather than missed.
        version = try broker.journal.version()
        let events = try broker.journal.events(of: run)
        guard let state = RunState(folding: events) else {
            throw CommandFailure(.wrongRequest, "no run '\(run)'", hints: ["sky status"])
        }
        self.state = state
        count = events.count
    }

    /// The run as it is now.
    mutating func row(at now: Instant) throws -> RunRow {
        let current = try broker.journal.version()
        if current != version {
            version = current
            for event in try broker.journal.events(of: run, from: count) {
                _ = state.apply(event)
                count += 1
            }
        }
        var row = RunRow(state, at: now, standIns: standIns)
        for index in row.stages.indices where row.stages[index].note == nil {
            row.stages[index].note = reasonToWait(row.stages[index])
        }
        return row
    }

    /// Why a stage that has asked for machines has none yet, where its provider says so.
    private func reasonToWait(_ stage: StageRow) -> String? {
        guard stage.state.text == StageView.State.provisioning.rawValue, let place = stage.place else { return nil }
        let id = AttemptID(run: run, stage: stage.name, number: max(stage.attempts, 1))
        return WaitingNotes(nodes: broker.folder.nodes, provider: place.provider).reason(id.token)
    }
}
