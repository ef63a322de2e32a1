import Glibc
import SkyCore
import SkyProcess

/// Writes down what a job prints: both streams in one file, in the order in which it came, with marks beside it that tell
/// them apart. Only for the job's supervisor.
final class LogWriter {
    /// Of a job that does not say how much of its log is to be kept.
    static let usualLength: Int64 = 1 << 30
    private static let marksKept: Int64 = 64 << 20
    /// A stream that goes on gets another mark after so long.
    private static let markInterval: Int64 = 1000

    private let log: Int32
    /// Opened when there is something to mark: many jobs print nothing.
    private var marks: Int32?
    private let marksPath: String
    private let keep: Int64
    private var size: Int64
    private var marksSize: Int64 = 0
    private var last: LogMark?
    /// Bytes that found no room on the disk and are lost.
    private var lost = 0

    init(_ folder: JobFolder, keep: DataSize?) throws(SystemError) {
        log = try Descriptor.open(folder.log, O_WRONLY | O_CREAT | O_APPEND)
        marksPath = folder.marks
        self.keep = max(keep?.bytes ?? Self.usualLength, 0)
        size = LogFile.size(log)
    }

    deinit {
        close(log)
        if let marks { close(marks) }
    }

    /// Never waits and never fails: a job is not held up by a disk that has no room for what it says.
    func write(_ bytes: UnsafeRawBufferPointer, to stream: LogStream) {
        if lost > 0 {
            let note = Array("sky-agent: \(lost) bytes of what was printed are lost: the disk was full\n".utf8)
            guard note.withUnsafeBytes({ append($0, to: .errors) }) == note.count else { return lost += bytes.count }
            lost = 0
        }
        lost += bytes.count - append(bytes, to: stream)
    }

    func write(_ text: String, to stream: LogStream) {
        Array(text.utf8).withUnsafeBytes { write($0, to: stream) }
    }

    /// - Returns: how many bytes are in the log now.
    private func append(_ bytes: UnsafeRawBufferPointer, to stream: LogStream) -> Int {
        mark(stream)
        var written = 0
        while written < bytes.count {
            let count = Glibc.write(log, bytes.baseAddress.map { $0 + written }, bytes.count - written)
            if count > 0 { written += count }
            if count < 0, errno != EINTR { break }
        }
        size += Int64(written)
        LogFile.trim(log, size: size, keep: keep)
        return written
    }

    /// Before the bytes, so that whoever sees these sees the mark.
    private func mark(_ stream: LogStream) {
        let now = Self.now()
        if let last, last.stream == stream, now - last.at.millisecondsSince1970 < Self.markInterval { return }
        guard let marks = openMarks() else { return }
        let mark = LogMark(offset: size, stream: stream, at: Instant(millisecondsSince1970: now))
        let bytes = LogMarks.encode([mark])
        guard Glibc.write(marks, bytes, bytes.count) == bytes.count else {
            // Half of one would shift all that follow.
            ftruncate(marks, off_t(marksSize))
            return
        }
        last = mark
        marksSize += Int64(bytes.count)
        LogFile.trim(marks, size: marksSize, keep: Self.marksKept)
    }

    private func openMarks() -> Int32? {
        if let marks { return marks }
        guard let opened = try? Descriptor.open(marksPath, O_WRONLY | O_CREAT | O_APPEND) else { return nil }
        marksSize = LogFile.size(opened)
        marks = opened
        return opened
    }

    private static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME_COARSE, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
