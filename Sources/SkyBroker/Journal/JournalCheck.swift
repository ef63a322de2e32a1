import FoundationEssentials
import GRDB
import Glibc
public import SkyCore
import SkyProcess

/// What can be read of a journal, whatever state it is in. Nothing is changed by looking.
public struct JournalReport: Hashable, Sendable {
    public struct Damage: Hashable, Sendable {
        public let run: RunID
        /// Events before the first that cannot be read.
        public let readable: Int
        public let reason: String
    }

    public let path: String
    /// What SQLite finds wrong with the file; empty when it is whole.
    public internal(set) var problems: [String] = []
    public internal(set) var runs = 0
    public internal(set) var unfinished: [RunID] = []
    public internal(set) var events = 0
    public internal(set) var damaged: [Damage] = []

    public var isSound: Bool { problems.isEmpty && damaged.isEmpty }

    init(path: String) { self.path = path }
}

extension Journal {
    /// Looks at every page and every event of the journal at `path`. Never throws for what it finds: that is in the
    /// report.
    public static func check(_ path: String) -> JournalReport {
        let place = JournalPlace(path: path)
        var report = JournalReport(path: path)
        guard Files.exists(path) else {
            report.problems.append("there is no such file")
            return report
        }
        do { try examine(place, &report) } catch let error as DatabaseError
            where [.SQLITE_CANTOPEN, .SQLITE_READONLY].contains(error.resultCode)
        {
            // Where nothing at all may be written, SQLite cannot make the files that it reads with: a copy is read.
            do { try examineCopy(of: place, &report) } catch {
                report.problems.append(place.failure(error, doing: "read").description)
            }
        } catch { report.problems.append(place.failure(error, doing: "read").description) }
        return report
    }

    private static func examineCopy(of place: JournalPlace, _ report: inout JournalReport) throws {
        let folder =
            FileManager.default.temporaryDirectory.path + "/sky-check-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        try Files.makeFolder(folder, mode: 0o700)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let copy = JournalPlace(path: "\(folder)/journal.sqlite")
        for end in ["", "-wal"] where Files.exists(place.path + end) {
            try FileManager.default.copyItem(atPath: place.path + end, toPath: copy.path + end)
        }
        try examine(copy, &report)
    }

    private static func examine(_ place: JournalPlace, _ report: inout JournalReport) throws {
        try place.connect(readingOnly: true).inDatabase { db in
            // The first look finds out whether it can be read at all.
            _ = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master")
            attempt(at: place, &report) { report in
                let lines = try String.fetchAll(db, sql: "PRAGMA integrity_check(20)")
                report.problems += lines.filter { $0 != "ok" }
            }
            attempt(at: place, &report) { _ in
                if try !isCurrent(db, at: place) {
                    throw JournalError("it is of an earlier version; any other command brings it up to date")
                }
            }
            attempt(at: place, &report) { try examineRuns(in: db, &$0) }
        }
    }

    private static func attempt(
        at place: JournalPlace, _ report: inout JournalReport, _ look: (inout JournalReport) throws -> Void
    ) {
        do { try look(&report) } catch {
            let words = place.failure(error, doing: "read").description
            if !report.problems.contains(words) { report.problems.append(words) }
        }
    }

    private static func examineRuns(in db: Database, _ report: inout JournalReport) throws {
        let rows = try Row.fetchCursor(db, sql: "SELECT id, ended FROM run ORDER BY number")
        while let row = try rows.next() {
            let id: String = row[0]
            guard let run = RunID(id) else { continue }
            report.runs += 1
            if row[1] == 0 { report.unfinished.append(run) }
            do {
                report.events += try EventChain(of: run, in: db)?.texts().count ?? 0
            } catch {
                let readable = readableEvents(of: run, in: db)
                report.events += readable
                let reason = (error as? JournalDamage).map { "event \($0.sequence) \($0.reason)" } ?? "\(error)"
                report.damaged.append(.init(run: run, readable: readable, reason: reason))
            }
        }
    }

    /// From the first one on, without following the chain.
    private static func readableEvents(of run: RunID, in db: Database) -> Int {
        var count = 0
        let rows = try? Row.fetchCursor(
            db,
            sql: """
                SELECT seq, sum, body FROM event WHERE run = (SELECT number FROM run WHERE id = ?) ORDER BY id
                """, arguments: [run.text])
        while let row = try? rows?.next() {
            let (sequence, sum): (Int, Int64?) = (row[0], row[1])
            let expected = JournalCoding.checksum(run: run.text, sequence: sequence, body: row[2])
            guard sequence == count, sum == nil || sum == expected else { break }
            count += 1
        }
        return count
    }

    /// Makes the journal at `path` this machine's own, for those who know that the one that has it is gone.
    ///
    /// - Returns: the name of the machine that had it; nil when none had.
    public static func claim(_ path: String) throws(JournalError) -> String? {
        try JournalUse.claim(JournalPlace(path: path), for: .current)?.host
    }
}
