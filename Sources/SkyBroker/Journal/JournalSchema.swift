import GRDB
import SkyCore

/// The journal's tables, and how those of earlier versions become these.
enum JournalSchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { try $0.execute(sql: first) }
        migrator.registerMigration("2") { try $0.execute(sql: second) }
        migrator.registerMigration("3") { db in
            try db.execute(sql: third)
            try summariseAll(in: db)
        }
        return migrator
    }

    private static let first = """
        CREATE TABLE event (
          run TEXT NOT NULL, seq INTEGER NOT NULL, body TEXT NOT NULL,
          PRIMARY KEY (run, seq)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE run (
          id TEXT PRIMARY KEY, launched_at INTEGER NOT NULL, ended INTEGER NOT NULL DEFAULT 0
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE request (
          run TEXT NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (run, reason)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE finished_stage (
          key TEXT PRIMARY KEY, body TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        """

    private static let second = """
        CREATE TABLE past_run (
          pipeline TEXT NOT NULL, stage TEXT NOT NULL, ended_at INTEGER NOT NULL, run TEXT NOT NULL,
          body TEXT NOT NULL, PRIMARY KEY (pipeline, stage, ended_at, run)
        ) STRICT, WITHOUT ROWID;
        """

    /// Events are written one behind the other, whatever run they are of, each with the number of the one before it in
    /// its run. A commit of a hundred runs then touches a handful of pages; with a key that begins with the run, or an
    /// index of that kind, it would touch a hundred.
    private static let third = """
        ALTER TABLE event RENAME TO event_before;
        CREATE TABLE event (
          id INTEGER PRIMARY KEY, run INTEGER NOT NULL, seq INTEGER NOT NULL, previous INTEGER,
          sum INTEGER, body TEXT NOT NULL
        ) STRICT;
        ALTER TABLE run RENAME TO run_before;
        CREATE TABLE run (
          number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, launched_at INTEGER NOT NULL,
          ended INTEGER NOT NULL DEFAULT 0, events INTEGER NOT NULL DEFAULT 0, last_event INTEGER,
          pipeline TEXT, status TEXT, ended_at INTEGER, stages INTEGER, stages_done INTEGER, cost INTEGER,
          cost_per_hour INTEGER, cost_at INTEGER, planned_cost INTEGER, failure TEXT
        ) STRICT;
        CREATE INDEX unfinished_run ON run (launched_at) WHERE ended = 0;
        CREATE TABLE ended_run (number INTEGER PRIMARY KEY, stages TEXT NOT NULL) STRICT;
        INSERT INTO run (id, launched_at, ended) SELECT id, launched_at, ended FROM run_before ORDER BY launched_at, id;
        INSERT INTO event (run, seq, body)
          SELECT run.number, seq, body FROM event_before JOIN run ON run.id = event_before.run ORDER BY run.number, seq;
        UPDATE event SET previous = id - 1 WHERE seq > 0;
        UPDATE run SET (events, last_event) = (SELECT count(*), max(event.id) FROM event WHERE event.run = run.number);
        DROP TABLE event_before;
        DROP TABLE run_before;

        ALTER TABLE request RENAME TO request_before;
        CREATE TABLE request (
          id INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL, kind TEXT NOT NULL,
          subject TEXT NOT NULL DEFAULT '', note TEXT, UNIQUE (run, kind, subject)
        ) STRICT;
        INSERT INTO request (run, kind) SELECT run, reason FROM request_before ORDER BY run, reason;
        DROP TABLE request_before;

        CREATE TABLE unavailable (
          provider TEXT NOT NULL, region TEXT NOT NULL, zone TEXT NOT NULL, instance_type TEXT NOT NULL,
          market TEXT NOT NULL, kind TEXT NOT NULL, message TEXT NOT NULL, since INTEGER NOT NULL,
          last INTEGER NOT NULL, until INTEGER NOT NULL, repeats INTEGER NOT NULL,
          PRIMARY KEY (provider, region, zone, instance_type, market, kind)
        ) STRICT, WITHOUT ROWID;
        """

    /// Runs of earlier versions get their line in the list; one that this version cannot read goes without.
    private static func summariseAll(in db: Database) throws {
        for id in try String.fetchAll(db, sql: "SELECT id FROM run").compactMap(RunID.init) {
            guard let events = try? EventChain(of: id, in: db)?.events(), let last = events.last,
                let state = RunState(folding: events)
            else { continue }
            try RunSummary(state, at: last.at).write(of: id, in: db)
        }
    }
}
