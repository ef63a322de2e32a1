import GRDB
public import SkyCore
import SkySpec

extension Journal {
    /// Writes a run's first event. False, and nothing written, when the id is taken.
    public func begin(_ launch: RecordedEvent, run: RunID) throws(JournalError) -> Bool {
        let text = try encoded(launch)
        let summary = RunState(launch).map { RunSummary($0, at: launch.at) }
        return try write { db in
            if try Row.fetchOne(db, sql: "SELECT 1 FROM run WHERE id = ?", arguments: [run.text]) != nil {
                return false
            }
            try db.execute(
                sql: "INSERT INTO run (id, launched_at) VALUES (?, ?)",
                arguments: [run.text, launch.at.millisecondsSince1970])
            try Self.append([text], to: run, after: 0, in: db)
            try RunSummary.write(summary, of: run, events: 1, in: db)
            return true
        }
    }

    /// Adds events behind the first `count` ones, all or none; returns when they are on the disk, at once if there are
    /// none. Appends that come at the same time share one flush, and one that is refused does not hold up the others.
    ///
    /// - Parameters:
    ///   - summary: the run's line in lists, after these events. Without one, lists fold the run's events.
    ///   - notes: what else is learnt from these events; in the journal when they are, and not before.
    /// - Throws: `JournalError` of kind `.overtaken` when the run has not just `count` events: two drivers at one run is
    ///   what the driver's lock rules out.
    public func append(
        _ events: [RecordedEvent], to run: RunID, after count: Int, runEnded: Bool, summary: RunSummary? = nil,
        notes: [JournalNote] = []
    ) async throws(JournalError) {
        try await writer.write(
            for: run, try addition(of: events, to: run, after: count, ended: runEnded, summary: summary, notes: notes))
    }

    /// The same for callers that cannot wait otherwise; a commit of its own.
    public func append(
        _ events: [RecordedEvent], to run: RunID, after count: Int, runEnded: Bool, summary: RunSummary? = nil,
        notes: [JournalNote] = []
    ) throws(JournalError) {
        try writer.writeNow(
            try addition(of: events, to: run, after: count, ended: runEnded, summary: summary, notes: notes))
    }

    /// Encoded here, on the caller's thread: the writer's is the one that all have to wait for.
    private func addition(
        of events: [RecordedEvent], to run: RunID, after count: Int, ended: Bool, summary: RunSummary?,
        notes: [JournalNote]
    ) throws(JournalError) -> JournalWriter.Work {
        guard !events.isEmpty else { return { _ in } }
        var texts: [String] = []
        for event in events { texts.append(try encoded(event)) }
        let endedAt = ended ? events.last?.at : nil
        return { [texts] db in
            try Self.append(texts, to: run, after: count, in: db)
            try RunSummary.write(summary, of: run, events: count + texts.count, endedAt: endedAt, in: db)
            for note in notes { try note.write(db) }
        }
    }

    private func encoded(_ event: RecordedEvent) throws(JournalError) -> String {
        do { return try JournalCoding.encode(event) } catch { throw place.failure(error, doing: "write") }
    }

    /// A run's events from the `start`th on, in order; empty for a run that is not known.
    public func events(of run: RunID, from start: Int = 0) throws(JournalError) -> [RecordedEvent] {
        try read { db in try EventChain(of: run, in: db)?.events(from: start) ?? [] }
    }

    public func state(of run: RunID) throws(JournalError) -> RunState? {
        RunState(folding: try events(of: run))
    }

    /// The names of the secrets that stages of any of these runs want.
    func secretNames(of runs: [RunID]) throws(JournalError) -> Set<String> {
        let texts = try read { db in
            let statement = try db.cachedStatement(
                sql: "SELECT body FROM event JOIN run ON event.run = run.number WHERE run.id = ? AND seq = 0")
            return try runs.compactMap { try String.fetchOne(statement, arguments: [$0.text]) }
        }
        return texts.reduce(into: []) { names, text in
            // One that this version cannot read it does not drive either.
            guard let first = try? JournalCoding.decode(RecordedEvent.self, from: text),
                case .launched(let launch) = first.event
            else { return }
            for stage in launch.pipeline.stages { names.formUnion(stage.secretNames) }
        }
    }

    /// The first finds its run only if that has `count` events, so that a refusal leaves nothing behind.
    private static func append(_ texts: [String], to run: RunID, after count: Int, in db: Database) throws {
        var insert = try db.cachedStatement(
            sql: """
                INSERT INTO event (run, seq, previous, sum, body)
                  SELECT number, ?, last_event, ?, ? FROM run WHERE id = ? AND events = ?
                """)
        for (sequence, text) in zip(count..., texts) {
            let sum = JournalCoding.checksum(run: run.text, sequence: sequence, body: text)
            let isFirst = sequence == count
            try insert.execute(arguments: [sequence, sum, text, run.text] + (isFirst ? [count] : []))
            guard isFirst else { continue }
            if db.changesCount == 0 { throw try refusal(of: run, after: count, in: db) }
            if texts.count == 1 { break }
            insert = try db.cachedStatement(
                sql: """
                    INSERT INTO event (run, seq, previous, sum, body)
                      SELECT number, ?, last_insert_rowid(), ?, ? FROM run WHERE id = ?
                    """)
        }
    }

    private static func refusal(of run: RunID, after count: Int, in db: Database) throws -> JournalError {
        guard let events = try Int.fetchOne(db, sql: "SELECT events FROM run WHERE id = ?", arguments: [run.text])
        else { return JournalError(.overtaken, "the journal knows no run \(run)", advice: ["sky status"]) }
        return JournalError(
            .overtaken, "run \(run) has \(events) events and not \(count): another driver has gone on with it",
            advice: ["sky status \(run)"])
    }
}
