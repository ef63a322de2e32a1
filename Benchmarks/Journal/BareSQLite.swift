import GRDBSQLite

/// SQLite with nothing around it: one table, WAL, every commit flushed to the disk.
final class BareSQLite {
    struct Failure: Error { let message: String }

    private var database: OpaquePointer?
    private var begin: OpaquePointer?
    private var insert: OpaquePointer?
    private var commit: OpaquePointer?
    private static let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    init(path: String) throws {
        try check(sqlite3_open(path, &database))
        try execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
        try execute(
            "CREATE TABLE event (run TEXT NOT NULL, seq INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (run, seq)) "
                + "STRICT, WITHOUT ROWID")
        begin = try prepare("BEGIN IMMEDIATE")
        insert = try prepare("INSERT INTO event VALUES (?, ?, ?)")
        commit = try prepare("COMMIT")
    }

    deinit {
        for statement in [begin, insert, commit] { sqlite3_finalize(statement) }
        sqlite3_close(database)
    }

    /// One event in a transaction of its own; returns when it is on the disk.
    func append(_ body: String, to run: String, at sequence: Int) throws {
        try step(begin)
        sqlite3_bind_text(insert, 1, run, -1, Self.transient)
        sqlite3_bind_int64(insert, 2, Int64(sequence))
        sqlite3_bind_text(insert, 3, body, -1, Self.transient)
        try step(insert)
        try step(commit)
    }

    private func step(_ statement: OpaquePointer?) throws {
        guard sqlite3_step(statement) == SQLITE_DONE else { throw failure }
        sqlite3_reset(statement)
    }

    private func prepare(_ sql: String) throws -> OpaquePointer? {
        var statement: OpaquePointer?
        try check(sqlite3_prepare_v2(database, sql, -1, &statement, nil))
        return statement
    }

    private func execute(_ sql: String) throws { try check(sqlite3_exec(database, sql, nil, nil, nil)) }

    private func check(_ result: Int32) throws { guard result == SQLITE_OK else { throw failure } }

    private var failure: Failure { Failure(message: String(cString: sqlite3_errmsg(database))) }
}
