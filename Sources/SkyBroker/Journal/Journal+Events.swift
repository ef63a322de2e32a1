import GRDB
public import SkyCore

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
            try Self.append([text], to: run, after: 0, ended: false, in: db)
            try summary?.write(of: run, in: db)
            return true
        }
    }

    /// Adds events behind the first `count` ones, all or none; returns when they are on the disk. Appends that come at
    /// the same time share one flush, and one that is refused does not hold up the others.
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
            try addition(of: events, to: run, after: count, ended: runEnded, summary: summary, notes: notes))
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
        var texts: [String] = []
        for event in events { texts.append(try encoded(event)) }
        let at = events.last?.at
        return { [texts] db in
            try Self.append(texts, to: run, after: count, ended: ended, in: db)
            try RunSummary.write(summary, of: run, endedAt: ended ? at : nil, in: db)
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

    /// The count is checked before anything is written, so that a refusal leaves nothing behind.
    private static func append(
        _ texts: [String], to run: RunID, after count: Int, ended: Bool, in db: Database
    ) throws {
        let known = try db.cachedStatement(sql: "SELECT number, events, last_event FROM run WHERE id = ?")
        guard let row = try Row.fetchOne(known, arguments: [run.text]) else {
            throw JournalError(.overtaken, "the journal knows no run \(run)", advice: ["sky status"])
        }
        let (number, events): (Int64, Int) = (row[0], row[1])
        var last: Int64? = row[2]
        guard events == count else {
            throw JournalError(
                .overtaken, "run \(run) has \(events) events and not \(count): another driver has gone on with it",
                advice: ["sky status \(run)"])
        }
        let insert = try db.cachedStatement(
            sql: "INSERT INTO event (run, seq, previous, sum, body) VALUES (?, ?, ?, ?, ?)")
        for (sequence, text) in zip(count..., texts) {
            let sum = JournalCoding.checksum(run: run.text, sequence: sequence, body: text)
            try insert.execute(arguments: [number, sequence, last, sum, text])
            last = db.lastInsertedRowID
        }
        let update = try db.cachedStatement(
            sql: "UPDATE run SET events = ?, last_event = ?, ended = max(ended, ?) WHERE number = ?")
        try update.execute(arguments: [count + texts.count, last, ended, number])
    }
}
