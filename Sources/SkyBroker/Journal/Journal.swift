import Glibc
import GRDB
public import SkyCore
import SkyProcess

/// What happened, durable: every run's events in order, what people asked of running drivers, which stages were done
/// before, and which places refused. SQLite in WAL mode; a write returns when it would survive the machine's power
/// going.
///
/// Any number of processes of one machine may use one journal: writers line up at a lock of its own, and readers never
/// wait for them. Within one process, writers that come at the same time share one commit.
public struct Journal: Sendable {
    let place: JournalPlace
    let writer: JournalWriter
    private let reader: DatabaseQueue
    private let use: JournalUse

    /// Opens the journal at `path`, making or migrating it. Its folder must exist.
    ///
    /// - Parameters:
    ///   - patience: how long a write waits for those of other processes.
    ///   - replacingLost: makes a new journal even where runs say that there was one before.
    /// - Throws: `JournalError`, with what to do about it. A journal that is damaged, gone or newer than this program
    ///   is never overwritten.
    public init(
        path: String, patience: TimeSpan = TimeSpan.seconds(60), replacingLost: Bool = false
    ) throws(JournalError) {
        try self.init(path: path, patience: patience, replacingLost: replacingLost, machine: .current)
    }

    init(
        path: String, patience: TimeSpan = TimeSpan.seconds(60), replacingLost: Bool = false, machine: MachineIdentity
    ) throws(JournalError) {
        let place = JournalPlace(path: path)
        let lock = JournalLock(path: place.lock, patience: patience)
        do {
            use = try JournalUse.begin(at: place, by: machine, lock: lock)
            if place.size == 0 { try lock.hold { try Self.create(at: place, replacingLost: replacingLost) } }
            reader = try place.connect()
            try reader.inDatabase { db in
                // At one moment: another process may be making it just now.
                var isCurrent = false
                try db.inTransaction(.deferred) {
                    isCurrent = try Self.isCurrent(db, at: place)
                    return .commit
                }
                if !isCurrent {
                    try lock.hold { try JournalSchema.migrator.migrate(place.connect()) }
                }
                try db.execute(sql: "PRAGMA query_only = 1")
            }
        } catch { throw place.failure(error, doing: "open") }
        self.place = place
        writer = JournalWriter(place: place, lock: lock)
    }

    private static func create(at place: JournalPlace, replacingLost: Bool) throws {
        guard place.size == 0 else { return }
        if !replacingLost, let run = Files.names(in: place.runs).first {
            let what = Files.exists(place.path) ? "is empty" : "is gone"
            throw JournalError(
                .lost, "the journal \(place.path) \(what), but there have been runs here, such as \(run)",
                advice: [
                    "put a copy of the journal back, if there is one",
                    "sky state rebuild   makes it again from what the providers still list",
                ])
        }
        // SQLite would make it readable for others; the files beside it get the same mode.
        close(try Descriptor.open(place.path, O_RDWR | O_CREAT, mode: 0o600))
        let queue = try place.connect()
        try queue.inDatabase { try $0.execute(sql: "PRAGMA journal_mode = WAL") }
        try JournalSchema.migrator.migrate(queue)
    }

    /// False when it is of an earlier version; throws when it is of a later one, or of no version at all.
    static func isCurrent(_ db: Database, at place: JournalPlace) throws -> Bool {
        let known = JournalSchema.migrator.migrations
        guard try db.tableExists("grdb_migrations") else {
            let isEmpty = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") == 0
            if isEmpty { return false }
            throw place.damaged("it is a database, but no journal")
        }
        let applied = try String.fetchAll(db, sql: "SELECT identifier FROM grdb_migrations")
        if let later = applied.first(where: { !known.contains($0) }) {
            throw JournalError(
                .newer,
                "the journal \(place.path) was written by a newer sky: its form is \(later), and this one knows "
                    + "\(known.last ?? "none")",
                advice: ["update sky", "SKY_HOME=/some/folder sky …   keeps everything elsewhere"])
        }
        return applied.count == known.count
    }

    func write<Result: Sendable>(_ body: (Database) throws -> Result) throws(JournalError) -> Result {
        try writer.writeNow(body)
    }

    /// Sees the journal as it is at one moment.
    func read<Result: Sendable>(_ body: (Database) throws -> Result) throws(JournalError) -> Result {
        do {
            return try reader.inDatabase { db in
                var result: Result?
                try db.inTransaction(.deferred) {
                    result = try body(db)
                    return .commit
                }
                guard let result else { throw JournalError("a look at the journal ended without a result") }
                return result
            }
        } catch { throw place.failure(error, doing: "read") }
    }

    /// Changes whenever something was written to the journal since the last look; costs next to nothing to ask.
    public func version() throws(JournalError) -> Int64 {
        do {
            return try reader.inDatabase { db in
                try db.cachedStatement(sql: "PRAGMA data_version").fetchVersion()
            }
        } catch { throw place.failure(error, doing: "read") }
    }
}

extension Statement {
    fileprivate func fetchVersion() throws -> Int64 { try Int64.fetchOne(self) ?? 0 }
}
