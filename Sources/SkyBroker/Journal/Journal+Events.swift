import GRDB
public import SkyCore

extension Journal {
    /// Writes a run's first event. False, and nothing written, when the id is taken.
    public func begin(_ launch: RecordedEvent, run: RunID) throws(JournalError) -> Bool {
        try write { db in
            if try Row.fetchOne(db, sql: "SELECT 1 FROM run WHERE id = ?", arguments: [run.text]) != nil {
                return false
            }
            try db.execute(
                sql: "INSERT INTO run (id, launched_at) VALUES (?, ?)",
                arguments: [run.text, launch.at.millisecondsSince1970])
            try Self.insert(launch, run: run, sequence: 0, in: db)
            return true
        }
    }

    /// Adds events behind the first `count` ones, all or none. Throws when the run has grown in the meantime: two
    /// drivers at one run is what the driver's lock rules out.
    public func append(
        _ events: [RecordedEvent], to run: RunID, after count: Int, runEnded: Bool
    ) throws(JournalError) {
        try write { db in
            for (offset, event) in events.enumerated() {
                try Self.insert(event, run: run, sequence: count + offset, in: db)
            }
            if runEnded { try db.execute(sql: "UPDATE run SET ended = 1 WHERE id = ?", arguments: [run.text]) }
        }
    }

    /// A run's events from the `start`th on, in order; empty for a run that is not known.
    public func events(of run: RunID, from start: Int = 0) throws(JournalError) -> [RecordedEvent] {
        try read { db in
            let bodies = try String.fetchAll(
                db, sql: "SELECT body FROM event WHERE run = ? AND seq >= ? ORDER BY seq", arguments: [run.text, start])
            return try bodies.map { try JournalCoding.decode(RecordedEvent.self, from: $0) }
        }
    }

    public func state(of run: RunID) throws(JournalError) -> RunState? {
        RunState(folding: try events(of: run))
    }

    /// All runs, latest first.
    public func runs() throws(JournalError) -> [RunID] {
        try read { db in
            try String.fetchAll(db, sql: "SELECT id FROM run ORDER BY launched_at DESC, id").compactMap(RunID.init)
        }
    }

    /// Runs that have not come to their end: each should have a driver.
    public func unfinishedRuns() throws(JournalError) -> [RunID] {
        try read { db in
            try String.fetchAll(db, sql: "SELECT id FROM run WHERE ended = 0 ORDER BY launched_at").compactMap(
                RunID.init)
        }
    }

    /// Changes whenever another process has written to the journal; costs next to nothing to ask.
    public func version() throws(JournalError) -> Int64 {
        try read { db in try Int64.fetchOne(db, sql: "PRAGMA data_version") ?? 0 }
    }

    private static func insert(_ event: RecordedEvent, run: RunID, sequence: Int, in db: Database) throws {
        try db.execute(
            sql: "INSERT INTO event (run, seq, body) VALUES (?, ?, ?)",
            arguments: [run.text, sequence, try JournalCoding.encode(event)])
    }
}
