import CShims
import Glibc

/// An exclusive lock on a file, held by this process until it is released or the process ends, however it ends.
public final class FileLock: Sendable {
    private let descriptor: Int32

    /// Nil when another process holds the lock. The file is made if missing; its contents do not matter. Of a named
    /// pipe, the holder is also a writer: its readers see the end just after the lock is free, never before.
    public init?(_ path: String) throws(SystemError) {
        let descriptor = try Descriptor.open(path, O_RDWR | O_CREAT)
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let failure = SystemError.last("lock \(path)")
            if failure.code == EINTR { continue }
            close(descriptor)
            if failure.code == EWOULDBLOCK { return nil }
            throw failure
        }
        self.descriptor = descriptor
    }

    /// Released when the last reference goes. Unlocked by name, because closing is not enough while a process that is
    /// just being started still has a copy of the descriptor.
    deinit {
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    /// True when some process holds the lock at `path` now. The file is not made.
    ///
    /// Whoever tries to take the lock just then may find it held.
    public static func isHeld(_ path: String) throws(SystemError) -> Bool {
        let descriptor: Int32
        do { descriptor = try Descriptor.open(path, O_RDONLY | O_NONBLOCK) } catch {
            if error.code == ENOENT || error.code == ENOTDIR { return false }
            throw error
        }
        defer { close(descriptor) }
        return try isHeld(descriptor)
    }

    /// The same of an open file, which must not be locked through this descriptor.
    public static func isHeld(_ descriptor: Int32) throws(SystemError) -> Bool {
        // A shared lock is refused only by an exclusive one: two that look at the same time do not see each other.
        while flock(descriptor, LOCK_SH | LOCK_NB) != 0 {
            let failure = SystemError.last("look at a lock")
            if failure.code == EWOULDBLOCK { return true }
            if failure.code != EINTR { throw failure }
        }
        _ = flock(descriptor, LOCK_UN)
        return false
    }
}

extension Descriptor {
    /// Locks one byte of an open file, which need not be there, for this opening of it until it is closed.
    ///
    /// - Returns: 0; `EAGAIN` when another opening has it and `waits` is false; another `errno`.
    public static func lockByte(_ descriptor: Int32, at offset: Int64, waits: Bool) -> Int32 {
        sky_lock_byte(descriptor, off_t(offset), waits ? 1 : 0)
    }
}
