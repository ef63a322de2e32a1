import GRDB
public import SkyCore

extension Journal {
    /// Asks whoever drives the run to stop it. Asking twice is asking once.
    public func request(_ reason: StopReason, of run: RunID) throws(JournalError) {
        try write { db in
            try db.execute(
                sql: "INSERT OR IGNORE INTO request (run, reason) VALUES (?, ?)",
                arguments: [run.text, reason.rawValue])
        }
    }

    public func requests(of run: RunID) throws(JournalError) -> [StopReason] {
        try read { db in
            try String.fetchAll(
                db, sql: "SELECT reason FROM request WHERE run = ? ORDER BY reason", arguments: [run.text]
            )
            .compactMap(StopReason.init)
        }
    }
}
