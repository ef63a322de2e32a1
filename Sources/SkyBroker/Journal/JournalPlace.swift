import Glibc
import GRDB
import SkyCore
import SkyProcess

/// The files of one journal, and the words for what goes wrong with them.
struct JournalPlace: Hashable, Sendable {
    let path: String

    /// SQLite's write-ahead log.
    var log: String { "\(path)-wal" }
    /// Whoever writes holds this.
    var lock: String { "\(folder)/journal.lock" }
    /// The machine whose journal it is.
    var owner: String { "\(folder)/journal.owner" }
    /// Every process that has the journal open holds this together with the others.
    var users: String { "\(folder)/journal.users" }
    /// A folder per run: where there are runs there has been a journal.
    var runs: String { "\(folder)/runs" }

    var folder: String {
        path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    }

    /// Zero when there is no file. Only looked at from outside: closing any other descriptor of a database drops the
    /// locks that SQLite holds on it.
    var size: Int64 {
        var status = stat()
        return stat(path, &status) == 0 ? Int64(status.st_size) : 0
    }

    /// A connection that waits for others instead of failing, and whose commits survive the machine's power going.
    func connect(readingOnly: Bool = false) throws -> DatabaseQueue {
        var configuration = Configuration()
        // Only opening, closing and recovery can meet each other here: writers are in a row of their own.
        configuration.busyMode = .timeout(60)
        configuration.readonly = readingOnly
        configuration.prepareDatabase { db in
            if !readingOnly { try db.execute(sql: "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 1000") }
        }
        return try DatabaseQueue(path: path, configuration: configuration)
    }

    /// Any error of reading or writing as one that says what to do.
    func failure(_ error: any Error, doing verb: String) -> JournalError {
        switch error {
        case let known as JournalError: return known
        case let error as DatabaseError: return failure(error, doing: verb)
        case let error as SystemError: return failure(error, doing: verb)
        case let damage as JournalDamage: return damage.error(at: self)
        case let error as DecodingError:
            return JournalError(
                .newer, "the journal \(path) holds something that this version cannot read: \(Self.words(for: error))",
                advice: ["sky state check", "a newer sky may know it: update this one"])
        default: return JournalError("cannot \(verb) the journal \(path): \(error)")
        }
    }

    private func failure(_ error: DatabaseError, doing verb: String) -> JournalError {
        let reason = error.message ?? "\(error.resultCode)"
        switch error.resultCode {
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: return damaged(reason)
        case .SQLITE_FULL: return full
        case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH: return notWritable(reason)
        case .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_PROTOCOL:
            return JournalError(
                .busy, "the journal \(path) is kept busy by another program: \(reason)",
                advice: ["fuser -v \(path)"])
        case .SQLITE_IOERR:
            // A full disk is told in several ways, by what was being written at the time.
            if hasNoSpace { return full }
            return JournalError(
                .failed, "cannot \(verb) the journal \(path): \(reason); the disk may be failing",
                advice: ["dmesg | tail"])
        default: return JournalError("cannot \(verb) the journal \(path): \(reason)")
        }
    }

    private func failure(_ error: SystemError, doing verb: String) -> JournalError {
        switch error.code {
        case ENOSPC, EDQUOT: full
        case EACCES, EPERM, EROFS, ENOENT, ENOTDIR: notWritable(error.description)
        default: JournalError("cannot \(verb) the journal \(path): \(error)")
        }
    }

    func damaged(_ reason: String) -> JournalError {
        JournalError(
            .damaged, "the journal \(path) is damaged: \(reason); it is left as it is",
            advice: ["sky state check   says what can still be read", "sky gc            finds what is still rented"])
    }

    private var full: JournalError {
        JournalError(
            .full, "no space is left for the journal \(path); what is in it is safe",
            advice: ["df -h \(folder)", "sky purge --dry-run", "then: sky status   picks up runs that stand still"])
    }

    private func notWritable(_ reason: String) -> JournalError {
        JournalError(
            .notWritable, "the journal \(path) cannot be written: \(reason)",
            advice: [
                "ls -ld \(folder) \(path)", "sky state check   reads it all the same",
                "SKY_HOME=/some/folder sky …   keeps everything elsewhere",
            ])
    }

    private var hasNoSpace: Bool {
        var status = statvfs()
        return statvfs(folder, &status) == 0 && UInt64(status.f_bavail) * UInt64(status.f_frsize) < 65_536
    }

    private static func words(for error: DecodingError) -> String {
        switch error {
        case .dataCorrupted(let context), .keyNotFound(_, let context), .typeMismatch(_, let context),
            .valueNotFound(_, let context):
            let path = context.codingPath.map(\.stringValue).joined(separator: ".")
            return path.isEmpty ? context.debugDescription : "\(context.debugDescription) (at \(path))"
        @unknown default: return "\(error)"
        }
    }
}
