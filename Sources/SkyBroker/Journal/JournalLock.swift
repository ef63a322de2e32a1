import Dispatch
import Glibc
import SkyCore
import SkyProcess
import Synchronization

/// Puts the processes that write to one journal in a row, so that SQLite never finds two of them at once.
///
/// Whoever wants to write first takes the *turn*, then waits for the *pen*, then hands the turn on. A writer that comes
/// back at once, as a busy driver does, therefore finds somebody else holding the turn and lines up like all others:
/// nobody starves. The system lets go of both when a process dies.
///
/// Acquired and released by one thread at a time: the journal's writer is serial.
final class JournalLock: Sendable {
    private let path: String
    private let patience: TimeSpan
    private let held = Mutex<Int32?>(nil)
    /// Opened once; the way when nobody else is there.
    private let own = Mutex<(turn: Int32, pen: Int32)?>(nil)

    /// - Parameter patience: how long nobody else may get it before `.busy` is thrown, and a tenth of how long a wait may
    ///   last while others come and go: a machine with hundreds of writers and two cores is slow, not stuck.
    init(path: String, patience: TimeSpan) {
        self.path = path
        self.patience = patience
    }

    deinit {
        for descriptor in own.withLock({ $0.map { [$0.turn, $0.pen] } ?? [] }) { close(descriptor) }
    }

    /// Runs `body` while no other process writes.
    func hold<Result>(_ body: () throws -> Result) throws -> Result {
        try acquire()
        defer { release() }
        return try body()
    }

    /// The same where nobody is in the way; else nil, and nothing is done.
    func holdIfFree<Result>(_ body: () throws -> Result) throws -> Result? {
        guard try acquireIfFree() else { return nil }
        defer { release() }
        return try body()
    }

    private func acquireIfFree() throws -> Bool {
        let (turn, pen) = try descriptors()
        guard flock(turn, LOCK_EX | LOCK_NB) == 0 else { return false }
        let isFree = flock(pen, LOCK_EX | LOCK_NB) == 0
        flock(turn, LOCK_UN)
        if isFree { take(pen) }
        return isFree
    }

    private func acquire() throws {
        if try acquireIfFree() { return }
        var line = WaitingLine(path, patience: patience)
        let found = try LockQueue.wait(turn: turnPath, pen: path, lookingEvery: line.interval) { line.isStuck }
        guard let found else { throw busy }
        take(found)
    }

    private func take(_ pen: Int32) {
        LockStamp.now.write(to: pen)
        held.withLock { $0 = pen }
    }

    private func release() {
        guard let descriptor = held.withLock({ $0.take() }) else { return }
        flock(descriptor, LOCK_UN)
        if own.withLock({ $0?.pen }) != descriptor { close(descriptor) }
    }

    private func descriptors() throws(SystemError) -> (turn: Int32, pen: Int32) {
        try own.withLock { (known) throws(SystemError) in
            if let known { return known }
            let turn = try Descriptor.open(turnPath, O_RDWR | O_CREAT)
            do throws(SystemError) {
                let opened = (turn: turn, pen: try Descriptor.open(path, O_RDWR | O_CREAT))
                known = opened
                return opened
            } catch {
                close(turn)
                throw error
            }
        }
    }

    private var turnPath: String { "\(path).turn" }

    private var busy: JournalError {
        let holder = LockHolder.find(of: path)
        return JournalError(
            .busy,
            "\(holder.map { "process \($0)" } ?? "another process") has been writing to the journal for \(patience) "
                + "and holds \(path)",
            advice: holder.map { ["ps -fp \($0.pid)"] } ?? [])
    }
}

/// Who took the pen last and when, in the lock's own file. The kernel's list of locks says it too, but to read that stops all
/// locking of the machine for a moment: hundreds of waiting processes that looked there would wait for each other.
private struct LockStamp: Equatable {
    private let pid: Int64
    private let nanoseconds: UInt64

    static var now: LockStamp {
        LockStamp(pid: Int64(getpid()), nanoseconds: DispatchTime.now().uptimeNanoseconds)
    }

    /// A disk without room for it makes the row look as if it stood still; no more.
    func write(to pen: Int32) {
        _ = withUnsafeBytes(of: self) { pwrite(pen, $0.baseAddress, $0.count, 0) }
    }

    static func read(_ path: String) -> LockStamp? {
        guard let bytes = (try? Files.read(path, limit: 16)) ?? nil, bytes.count == 16 else { return nil }
        return bytes.withUnsafeBytes { raw in
            LockStamp(
                pid: raw.loadUnaligned(fromByteOffset: 0, as: Int64.self),
                nanoseconds: raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        }
    }
}

/// Whether a row of waiting processes gets on.
private struct WaitingLine {
    private let path: String
    private let patience: TimeSpan
    private let begun = ContinuousClock.now
    private var stamp: LockStamp?
    private var seenSince = ContinuousClock.now

    init(_ path: String, patience: TimeSpan) {
        self.path = path
        self.patience = patience
        stamp = .read(path)
    }

    /// Between two looks.
    var interval: TimeSpan { TimeSpan(milliseconds: max(1, patience.milliseconds / 8)) }

    /// Nobody has got the pen for all of the patience, or the row is too long.
    var isStuck: Bool {
        mutating get {
            let (now, current) = (ContinuousClock.now, LockStamp.read(path))
            if current != stamp { (stamp, seenSince) = (current, now) }
            let limit = Duration.milliseconds(patience.milliseconds)
            return now - seenSince >= limit || now - begun >= limit * 10
        }
    }
}

/// Waiting in the row, on a thread of its own: `flock` knows no deadline.
private enum LockQueue {
    private enum Ticket {
        case waiting
        case granted(Result<Int32, SystemError>)
        case givenUp
    }

    private final class Place: Sendable {
        let ticket = Mutex(Ticket.waiting)
        let isSettled = DispatchSemaphore(value: 0)
    }

    /// The locked pen, through a descriptor that belongs to the caller; nil when `isHopeless` said so before. Has
    /// descriptors of its own, because a wait that nobody waits for any more must not meet the next one's lock.
    static func wait(
        turn: String, pen: String, lookingEvery interval: TimeSpan, until isHopeless: () -> Bool
    ) throws(SystemError) -> Int32? {
        let place = Place()
        DispatchQueue(label: "sky.journal.lock").async {
            let outcome = Result { () throws(SystemError) in try lock(turn: turn, pen: pen) }
            let isWanted = place.ticket.withLock { ticket in
                if case .givenUp = ticket { return false }
                ticket = .granted(outcome)
                return true
            }
            if !isWanted, let descriptor = try? outcome.get() {
                flock(descriptor, LOCK_UN)
                close(descriptor)
            }
            place.isSettled.signal()
        }
        let pause = DispatchTimeInterval.milliseconds(Int(clamping: interval.milliseconds))
        while place.isSettled.wait(timeout: .now() + pause) == .timedOut, !isHopeless() {}
        let outcome: Result<Int32, SystemError>? = place.ticket.withLock { ticket in
            if case .granted(let outcome) = ticket { return outcome }
            ticket = .givenUp
            return nil
        }
        return try outcome?.get()
    }

    private static func lock(turn: String, pen: String) throws(SystemError) -> Int32 {
        let first = try Descriptor.open(turn, O_RDWR | O_CREAT)
        defer { close(first) }
        try lock(first, turn)
        defer { flock(first, LOCK_UN) }
        let second = try Descriptor.open(pen, O_RDWR | O_CREAT)
        do throws(SystemError) {
            try lock(second, pen)
            return second
        } catch {
            close(second)
            throw error
        }
    }

    private static func lock(_ descriptor: Int32, _ path: String) throws(SystemError) {
        while flock(descriptor, LOCK_EX) != 0 {
            let failure = SystemError.last("lock \(path)")
            if failure.code != EINTR { throw failure }
        }
    }
}

/// The process that holds a lock, as the kernel's list of locks tells it; other machines' are not in it.
struct LockHolder: CustomStringConvertible {
    let pid: Int32
    let command: String

    var description: String { command.isEmpty ? "\(pid)" : "\(pid) (\(command))" }

    static func find(of path: String) -> LockHolder? {
        var status = stat()
        guard stat(path, &status) == 0, let bytes = (try? Files.read("/proc/locks")) ?? nil else { return nil }
        // 1: FLOCK  ADVISORY  WRITE 1234 fe:00:5678 0 EOF
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count >= 6, words[1] == "FLOCK", let pid = Int32(words[4]), pid > 0,
                words[5].hasSuffix(":\(status.st_ino)")
            else { continue }
            let command = ((try? Files.read("/proc/\(pid)/cmdline")) ?? nil) ?? []
            let text = String(decoding: command.map { $0 == 0 ? UInt8(ascii: " ") : $0 }, as: UTF8.self)
            return LockHolder(pid: pid, command: String(text.prefix(80).drop { $0 == " " }))
        }
        return nil
    }
}
