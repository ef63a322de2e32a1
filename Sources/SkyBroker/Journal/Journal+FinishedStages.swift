import GRDB

extension Journal {
    /// Remembers what a stage made, under the digest of all that could have changed it.
    func remember(_ result: Reuse, under key: StageKey) throws(JournalError) {
        try write { try Self.remember(result, under: key, in: $0) }
    }

    static func remember(_ result: Reuse, under key: StageKey, in db: Database) throws {
        try db.execute(
            sql: "INSERT OR REPLACE INTO finished_stage (key, body) VALUES (?, ?)",
            arguments: [key.hex, try JournalCoding.encode(result)])
    }

    func finishedStage(under key: StageKey) throws(JournalError) -> Reuse? {
        try read { db in
            let body = try String.fetchOne(
                db, sql: "SELECT body FROM finished_stage WHERE key = ?", arguments: [key.hex])
            return try body.map { try JournalCoding.decode(Reuse.self, from: $0) }
        }
    }
}
