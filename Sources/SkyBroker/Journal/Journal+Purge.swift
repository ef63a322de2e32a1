import GRDB
public import SkyCore
public import SkyStorage

extension Journal {
    /// Runs that had ended by `moment`, the oldest first.
    public func runsEnded(by moment: Instant) throws(JournalError) -> [RunID] {
        try read { db in
            try String.fetchAll(
                db,
                sql: """
                    SELECT id FROM run WHERE ended = 1 AND coalesce(ended_at, launched_at) <= ?
                    ORDER BY coalesce(ended_at, launched_at), id
                    """, arguments: [moment.millisecondsSince1970]
            ).compactMap(RunID.init)
        }
    }

    /// Takes ended runs out of the journal; one that has not ended stays. What later plans have learnt from them stays.
    ///
    /// - Parameter withResults: their stages are no longer found by key either, and run again the next time.
    public func remove(_ runs: [RunID], withResults: Bool = false) throws(JournalError) {
        try write { db in
            var numbers: [Int64] = []
            for run in runs {
                let number = try Int64.fetchOne(
                    db, sql: "SELECT number FROM run WHERE id = ? AND ended = 1", arguments: [run.text])
                guard let number else { continue }
                numbers.append(number)
                try db.execute(sql: "DELETE FROM request WHERE run = ?", arguments: [run.text])
            }
            let list = numbers.map(String.init).joined(separator: ",")
            if withResults {
                try db.execute(
                    sql: """
                        DELETE FROM finished_stage WHERE json_extract(body, '$.run') IN
                          (SELECT id FROM run WHERE number IN (\(list)))
                        """)
            }
            try db.execute(
                sql: """
                    DELETE FROM event WHERE run IN (\(list));
                    DELETE FROM ended_run WHERE number IN (\(list));
                    DELETE FROM run WHERE number IN (\(list));
                    """)
        }
    }

    /// Gives the space of removed runs back to the file system.
    func shrink() throws(JournalError) {
        try writer.maintain { db in try db.execute(sql: "VACUUM; PRAGMA wal_checkpoint(TRUNCATE)") }
    }

    /// Every artifact that some run or some finished stage in the journal names. Rather one too many: whatever looks
    /// like a digest counts as one, so that an event of another version cannot lose its artifacts.
    public func namedArtifacts() throws(JournalError) -> Set<ArtifactDigest> {
        try read { db in
            var found: Set<ArtifactDigest> = []
            for table in ["event", "finished_stage"] {
                let bodies = try String.fetchCursor(db, sql: "SELECT body FROM \(table)")
                while let body = try bodies.next() { found.formUnion(Self.digests(in: body)) }
            }
            return found
        }
    }

    /// Words of exactly 64 hexadecimal digits.
    static func digests(in text: String) -> [ArtifactDigest] {
        text.utf8.split { !(0x30...0x39 ~= $0 || 0x61...0x66 ~= $0) }
            .compactMap { $0.count == 64 ? ArtifactDigest(hex: String(decoding: $0, as: UTF8.self)) : nil }
    }
}
