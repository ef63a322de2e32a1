import Glibc
import Synchronization

/// A file that nobody else holds, kept open across calls that wait. Given up with `letGo`, with the last reference, or with the
/// process.
final class HeldFile: Sendable {
    let path: String
    private let descriptor: Mutex<Int32>

    /// Makes the file if there is none, and waits for whoever holds it.
    init(_ path: String, mode: mode_t = 0o600, cancellation: CancellationFlag) throws(StorageError) {
        self.path = path
        while true {
            let file = try OpenFile(path, O_RDWR | O_CREAT, mode: mode, to: "write")
            try file.lockExclusively(cancellation: cancellation)
            // Removed or replaced while we waited: look again.
            guard try file.isStillAtPath() else { continue }
            let copy = fcntl(file.descriptor, F_DUPFD_CLOEXEC, 0)
            guard copy >= 0 else { throw .system(action: "lock", path: path, errno: errno) }
            descriptor = Mutex(copy)
            return
        }
    }

    deinit { letGo() }

    func letGo() {
        descriptor.withLock { descriptor in
            if descriptor >= 0 { close(descriptor) }
            descriptor = -1
        }
    }
}
