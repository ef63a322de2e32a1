import FoundationEssentials
import GRDB
import SkyCore

/// What happened, durable: every run's events in order, what people asked of running drivers, and which stages were
/// done before. SQLite in WAL mode; a write returns when it would survive the machine's power going.
///
/// Any number of processes may use one journal: drivers write their own run's events, commands read and leave requests.
public struct Journal: Sendable {
    let database: any DatabaseWriter

    /// Opens the journal at `path`, making or migrating it. Its folder must exist.
    public init(path: String) throws(JournalError) {
        var configuration = Configuration()
        configuration.busyMode = .timeout(10)
        configuration.prepareDatabase { db in
            try db.execute(sql: "PRAGMA journal_mode = WAL")
            try db.execute(sql: "PRAGMA synchronous = FULL")
        }
        do {
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try JournalSchema.migrator.migrate(queue)
            database = queue
        } catch {
            throw JournalError("cannot open the journal \(path): \(error)")
        }
    }

    func write<Result: Sendable>(_ body: @Sendable (Database) throws -> Result) throws(JournalError) -> Result {
        do { return try database.write(body) } catch { throw JournalError("cannot write the journal: \(error)") }
    }

    func read<Result: Sendable>(_ body: @Sendable (Database) throws -> Result) throws(JournalError) -> Result {
        do { return try database.read(body) } catch { throw JournalError("cannot read the journal: \(error)") }
    }
}

/// The journal could not be read or written. Nothing is started without it.
public struct JournalError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}

enum JournalSchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { db in
            try db.execute(
                sql: """
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
                    """)
        }
        migrator.registerMigration("2") { db in
            try db.execute(
                sql: """
                    CREATE TABLE past_run (
                      pipeline TEXT NOT NULL, stage TEXT NOT NULL, ended_at INTEGER NOT NULL, run TEXT NOT NULL,
                      body TEXT NOT NULL, PRIMARY KEY (pipeline, stage, ended_at, run)
                    ) STRICT, WITHOUT ROWID;
                    """)
        }
        return migrator
    }
}

/// JSON as the journal keeps it: the same value is always the same text.
package enum JournalCoding {
    package static func encode(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    package static func decode<Value: Decodable>(_ type: Value.Type, from text: String) throws -> Value {
        try JSONDecoder().decode(type, from: Data(text.utf8))
    }
}
