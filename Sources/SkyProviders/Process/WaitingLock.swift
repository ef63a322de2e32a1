import Glibc
import SkyProcess

/// A lock that one process, and one task in it, holds at a time, and that the kernel gives back when its holder dies.
/// The lock's file is there only while somebody holds the lock or waits for it.
///
/// Whoever gets one gives it back exactly once: `defer { lock.release() }` on the next line.
struct WaitingLock: Sendable {
    private let path: String
    private let file: Int32

    /// Waits as long as it takes. A wait that would block happens on a thread of its own: blocked threads of Swift's
    /// pool could be the very ones that the holder needs to go on.
    static func acquire(_ path: String) async throws(SystemError) -> WaitingLock {
        while true {
            let file = try Descriptor.open(path, O_RDWR | O_CREAT)
            var code = lock(file, LOCK_EX | LOCK_NB)
            if code == EWOULDBLOCK { code = await onOwnThread { lock(file, LOCK_EX) } }
            if let held = try WaitingLock(path, file, code) { return held }
        }
    }

    /// For moments only: blocks the thread.
    static func hold(_ path: String) throws(SystemError) -> WaitingLock {
        while true {
            let file = try Descriptor.open(path, O_RDWR | O_CREAT)
            if let held = try WaitingLock(path, file, lock(file, LOCK_EX)) { return held }
        }
    }

    func release() {
        // Removed while still locked: whoever waits on this very file finds it gone and starts again.
        unlink(path)
        close(file)
    }

    /// Nil when the path names another file by now, or none.
    private init?(_ path: String, _ file: Int32, _ code: Int32) throws(SystemError) {
        var (mine, named) = (stat(), stat())
        if code == 0, fstat(file, &mine) == 0, stat(path, &named) == 0, mine.st_ino == named.st_ino,
            mine.st_dev == named.st_dev
        {
            self.path = path
            self.file = file
            return
        }
        close(file)
        guard code == 0 else { throw SystemError("lock \(path)", code: code) }
        return nil
    }

    private static func lock(_ file: Int32, _ operation: Int32) -> Int32 {
        while flock(file, operation) != 0 {
            if errno != EINTR { return errno }
        }
        return 0
    }
}
