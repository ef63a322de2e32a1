import Glibc

/// A lock that one process, and one task in it, holds at a time, and that the kernel gives back when its holder dies.
/// The lock's file is there only while somebody holds the lock or waits for it.
///
/// Whoever gets one gives it back exactly once: `defer { lock.release() }` on the next line.
struct FileLock: Sendable {
    private let path: String
    private let file: Int32

    private init(path: String, file: Int32) {
        self.path = path
        self.file = file
    }

    /// Waits as long as it takes. A wait that would block happens on a thread of its own: blocked threads of Swift's
    /// pool could be the very ones that the holder needs to go on.
    static func acquire(_ path: String) async throws(SystemFailure) -> FileLock {
        while true {
            let file = try open(path)
            if flock(file, LOCK_EX | LOCK_NB) != 0 {
                if errno != EWOULDBLOCK { throw failure(file, path) }
                let code = await onOwnThread { retryingInterrupts { flock(file, LOCK_EX) } == 0 ? 0 : errno }
                if code != 0 { throw failure(file, path, code) }
            }
            if isCurrent(file, path) { return FileLock(path: path, file: file) }
            close(file)
        }
    }

    /// For moments only: blocks the thread.
    static func hold(_ path: String) throws(SystemFailure) -> FileLock {
        while true {
            let file = try open(path)
            guard retryingInterrupts({ flock(file, LOCK_EX) }) == 0 else { throw failure(file, path) }
            if isCurrent(file, path) { return FileLock(path: path, file: file) }
            close(file)
        }
    }

    func release() {
        // Removed while still locked: whoever waits on this very file finds out in `isCurrent` and starts again.
        unlink(path)
        close(file)
    }

    private static func open(_ path: String) throws(SystemFailure) -> Int32 {
        let file = retryingInterrupts { Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600) }
        guard file >= 0 else { throw SystemFailure("lock \(path)") }
        return file
    }

    private static func failure(_ file: Int32, _ path: String, _ code: Int32 = errno) -> SystemFailure {
        close(file)
        return SystemFailure("lock \(path)", code)
    }

    /// True unless the path names another file by now, or none.
    private static func isCurrent(_ file: Int32, _ path: String) -> Bool {
        var (mine, named) = (stat(), stat())
        guard fstat(file, &mine) == 0, stat(path, &named) == 0 else { return false }
        return mine.st_ino == named.st_ino && mine.st_dev == named.st_dev
    }
}
