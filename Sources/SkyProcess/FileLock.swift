import Glibc

/// An exclusive lock on a file, held by this process until it is released or the process ends, however it ends.
public final class FileLock: Sendable {
    private let descriptor: Int32

    /// Nil when another process holds the lock. The file is made if missing; its contents do not matter.
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

    /// Released when the last reference goes.
    deinit { close(descriptor) }

    /// True when some process holds the lock at `path` now. It is not taken, and the file is not made.
    public static func isHeld(_ path: String) throws(SystemError) -> Bool {
        let descriptor: Int32
        do { descriptor = try Descriptor.open(path, O_RDWR) } catch {
            if error.code == ENOENT || error.code == ENOTDIR { return false }
            throw error
        }
        defer { close(descriptor) }
        // A shared lock is refused only by an exclusive one: two that look at the same time do not see each other.
        while flock(descriptor, LOCK_SH | LOCK_NB) != 0 {
            let failure = SystemError.last("lock \(path)")
            if failure.code == EWOULDBLOCK { return true }
            if failure.code != EINTR { throw failure }
        }
        return false
    }
}
