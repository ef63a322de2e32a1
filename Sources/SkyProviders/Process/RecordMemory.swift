import Glibc
import SkyProcess
import Synchronization

/// The records of groups as they were last read, so that those who only look, a dozen times in a stage's life, need not
/// read and decode them again. A record is replaced, never changed: another file, or another moment, is another record.
final class RecordMemory: Sendable {
    private struct Stamp: Hashable {
        var file: UInt
        var size: Int
        var seconds: Int
        var nanoseconds: Int

        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            (file, size) = (UInt(status.st_ino), Int(status.st_size))
            (seconds, nanoseconds) = (status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
        }
    }

    private struct Memory {
        var stamp: Stamp
        var record: GroupRecord
    }

    private let known = Mutex<[String: Memory]>([:])
    private let roots = Mutex<[String: String]>([:])

    /// The folder without links; nil while it is not there. Where it is does not change while somebody works in it.
    func resolve(_ root: String) -> String? {
        if let resolved = roots.withLock({ $0[root] }) { return resolved }
        guard let resolved = Files.absolutePath(root) else { return nil }
        roots.withLock { $0[root] = resolved }
        return resolved
    }

    func load(_ folder: GroupFolder) throws(SystemError) -> GroupFolder.Contents {
        // Before it is read: one that is replaced meanwhile is found to be another next time.
        guard let stamp = Stamp(folder.record) else {
            known.withLock { $0[folder.token] = nil }
            return try folder.load()
        }
        let remembered = known.withLock { $0[folder.token].flatMap { $0.stamp == stamp ? $0.record : nil } }
        if let remembered { return .group(remembered) }
        let contents = try folder.load()
        if case .group(let record) = contents {
            known.withLock { $0[folder.token] = Memory(stamp: stamp, record: record) }
        }
        return contents
    }

    func forget(_ folder: GroupFolder) { known.withLock { $0[folder.token] = nil } }
}
