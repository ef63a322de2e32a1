import Glibc
import Synchronization

/// How long a file is; 0 when there is none.
func fileSize(_ path: String) -> Int64 {
    var status = stat()
    return stat(path, &status) == 0 ? Int64(status.st_size) : 0
}

func unlinkFile(_ path: String) { unlink(path) }

/// Turns a position that rises into steps.
final class Counter: Sendable {
    private let last = Mutex(Int64(0))

    /// By how much it has risen since the last time.
    func rise(to position: Int64) -> Int64 {
        last.withLock { last in
            defer { last = max(last, position) }
            return max(0, position - last)
        }
    }
}
