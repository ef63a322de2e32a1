import FoundationEssentials
import Glibc
import GRDB
import SkyCore
import SkyProcess

/// That this process has the journal open, known to all that could share it.
///
/// SQLite's shared memory ends at the machine: two machines that write to one journal on a shared file system would
/// destroy it. So a journal belongs to one machine, named in `journal.owner`. Another may take it over when nobody has
/// it open and no run in it is under way; else it is refused.
final class JournalUse: Sendable {
    private let descriptor: Int32

    private init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit {
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    /// - Throws: `JournalError` of kind `.elsewhere`, naming the machine that has it.
    static func begin(at place: JournalPlace, by machine: MachineIdentity, lock: JournalLock) throws -> JournalUse {
        let descriptor = try Descriptor.open(place.users, O_RDWR | O_CREAT)
        let use = JournalUse(descriptor)
        while true {
            // First counted among the users, then looked: whoever takes over in between is seen.
            try use.lock(LOCK_SH)
            if try owner(at: place) == machine { return use }
            try lock.hold { try use.settleOwner(at: place, machine) }
        }
    }

    /// Makes this machine the owner, whatever is under way: for those who know that the other one is gone.
    static func claim(_ place: JournalPlace, for machine: MachineIdentity) throws(JournalError) -> MachineIdentity? {
        do {
            let former = try owner(at: place)
            try write(machine, at: place)
            return former
        } catch { throw place.failure(error, doing: "open") }
    }

    private func settleOwner(at place: JournalPlace, _ machine: MachineIdentity) throws {
        guard let owner = try Self.owner(at: place), !owner.isSameMachine(as: machine) else {
            return try Self.write(machine, at: place)
        }
        let isInUse = try !lock(LOCK_EX | LOCK_NB)
        let waiting = isInUse ? 0 : try Self.unfinishedRuns(at: place)
        guard !isInUse, waiting == 0 else {
            let reason = isInUse ? "which has it open" : "where \(waiting) of its runs have not ended"
            throw JournalError(
                .elsewhere,
                "the journal \(place.path) belongs to the machine '\(owner.host)', \(reason); this is '\(machine.host)', "
                    + "and two machines cannot write to one journal",
                advice: [
                    "go on with it on \(owner.host)", "SKY_HOME=/some/folder sky …   keeps this machine's runs apart",
                    "sky state claim   makes it this machine's, if \(owner.host) is gone for good",
                ])
        }
        try Self.write(machine, at: place)
    }

    /// False when `LOCK_NB` is given and others are in the way; the lock held before is gone then.
    @discardableResult
    private func lock(_ operation: Int32) throws(SystemError) -> Bool {
        while flock(descriptor, operation) != 0 {
            let failure = SystemError.last("lock the journal")
            if failure.code == EWOULDBLOCK { return false }
            if failure.code != EINTR { throw failure }
        }
        return true
    }

    private static func unfinishedRuns(at place: JournalPlace) throws -> Int {
        guard place.size > 0 else { return 0 }
        return try place.connect().inDatabase { db in
            guard try db.tableExists("run") else { return 0 }
            return try Int.fetchOne(db, sql: "SELECT count(*) FROM run WHERE ended = 0") ?? 0
        }
    }

    private static func owner(at place: JournalPlace) throws(SystemError) -> MachineIdentity? {
        guard let bytes = try Files.read(place.owner) else { return nil }
        return try? JSONDecoder().decode(MachineIdentity.self, from: Data(bytes))
    }

    private static func write(_ machine: MachineIdentity, at place: JournalPlace) throws {
        try Files.replace(place.owner, with: Array(JournalCoding.encode(machine).utf8), durability: .processes)
    }
}
