import Glibc
import SkyProcess

/// A stretch of a job's log with the marks in it.
struct LogStretch {
    /// Beyond what was asked for where that was dropped.
    var offset: Int64
    var bytes: [UInt8] = []
    /// As `LogMarks` has them.
    var marks: [UInt8] = []
}

extension JobFolder {
    /// More would not go into a message.
    private static let mostMarks = 4096

    /// At most `limit` bytes from `offset` on; none at the end, or when nothing was ever written.
    func readLog(from offset: Int64, limit: Int) throws(SystemError) -> LogStretch {
        guard let file = try Self.open(log) else { return LogStretch(offset: offset) }
        defer { close(file) }
        var stretch = LogStretch(offset: LogFile.firstByte(file, from: offset))
        guard lseek(file, off_t(stretch.offset), SEEK_SET) >= 0 else { throw .last("read \(log)") }
        stretch.bytes = try Descriptor.readAll(file, limit: limit)
        if stretch.bytes.isEmpty { stretch.offset = offset } else { try addMarks(to: &stretch, askedFor: offset) }
        return stretch
    }

    private func addMarks(to stretch: inout LogStretch, askedFor offset: Int64) throws(SystemError) {
        guard let file = try Self.open(marks) else { return }
        defer { close(file) }
        let count = LogFile.size(file) / Int64(LogMarks.size)
        var first = Self.index(ofFirstAt: stretch.offset, in: file, count)
        // What was dropped in between may have taken with it the mark that holds here.
        if stretch.offset > offset, first > 0 { first -= 1 }
        let end = stretch.offset + Int64(stretch.bytes.count)
        let last = min(Self.index(ofFirstAt: end, in: file, count), first + Int64(Self.mostMarks))
        if let next = Self.mark(last, in: file), next.offset < end {
            stretch.bytes.removeLast(Int(end - next.offset))
        }
        guard last > first, lseek(file, off_t(first * Int64(LogMarks.size)), SEEK_SET) >= 0 else { return }
        stretch.marks = try Descriptor.readAll(file, limit: Int(last - first) * LogMarks.size)
    }

    /// The first mark whose offset is `offset` or more; `count` if there is none.
    private static func index(ofFirstAt offset: Int64, in file: Int32, _ count: Int64) -> Int64 {
        var (low, high) = (Int64(0), count)
        while low < high {
            let middle = (low + high) / 2
            // Those that were dropped are before all others.
            if let mark = mark(middle, in: file), mark.offset >= offset { high = middle } else { low = middle + 1 }
        }
        return low
    }

    private static func mark(_ index: Int64, in file: Int32) -> LogMark? {
        var bytes = [UInt8](repeating: 0, count: LogMarks.size)
        guard pread(file, &bytes, bytes.count, off_t(index * Int64(LogMarks.size))) == bytes.count else { return nil }
        return LogMarks.decode(bytes).first
    }

    private static func open(_ path: String) throws(SystemError) -> Int32? {
        do { return try Descriptor.open(path, O_RDONLY) } catch {
            if error.code == ENOENT { return nil }
            throw error
        }
    }
}
