import Glibc
import SkyProcess

/// Room in SQLite's write-ahead log, made in large steps before it is needed.
///
/// A commit that makes the log's file longer has the file system write down the new length, which takes about as long
/// as the commit itself; one that overwrites zeros does not. SQLite reads the log up to the first frame that is not
/// one, so zeros behind the last are nothing to it.
struct LogRoom {
    private let path: String
    /// The file's size when last looked at.
    private var size: Int64 = 0
    private var commits = 0

    /// Commits from one look to the next. After a look at a file's times the system writes them down exactly with the next
    /// write, and the flush then has one more block to bring to the disk: to look after each commit costs a third of its
    /// time.
    private static let pause = 8
    /// What is to be free after a look: more than that many commits of a few pages each take.
    private static let reserve: Int64 = 128 << 10
    private static let firstStep: Int64 = 256 << 10
    private static let longestStep: Int64 = 1 << 20
    /// About where a checkpoint lets the log begin anew.
    private static let most: Int64 = 4 << 20

    /// - Parameter path: of the log.
    init(path: String) { self.path = path }

    /// Makes more room if little is left; does nothing when that fails, as on a full disk. Called after a commit, while
    /// nobody else writes.
    mutating func grow() {
        defer { commits += 1 }
        guard size < Self.most, commits % Self.pause == 0 else { return }
        var status = stat()
        guard stat(path, &status) == 0 else { return }
        size = Int64(status.st_size)
        guard size > 0, size < Self.most else { return }
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        guard Self.isRunningOut(descriptor, size) else { return }
        let step = min(max(size, Self.firstStep), Self.longestStep)
        let zeros = [UInt8](repeating: 0, count: Int(step))
        if pwrite(descriptor, zeros, zeros.count, off_t(size)) == zeros.count {
            size += step
        } else {
            ftruncate(descriptor, off_t(size))
        }
    }

    /// True when something is written where the reserve begins. A frame of the log is shorter than what is looked at.
    private static func isRunningOut(_ descriptor: Int32, _ size: Int64) -> Bool {
        guard size > reserve else { return true }
        var bytes = [UInt8](repeating: 0, count: 5000)
        guard pread(descriptor, &bytes, bytes.count, off_t(size - reserve)) == bytes.count else { return false }
        return bytes.contains { $0 != 0 }
    }
}
