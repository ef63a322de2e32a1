public import SkyCore

/// Which of its two streams a job has written to.
public enum LogStream: UInt8, Hashable, Sendable, CaseIterable {
    case output = 0, errors = 1
}

/// From `offset` of a job's log on, until the next mark, it is what the job wrote to `stream`, at about `at` and later.
public struct LogMark: Hashable, Sendable {
    public var offset: Int64
    public var stream: LogStream
    public var at: Instant

    public init(offset: Int64, stream: LogStream, at: Instant) {
        self.offset = offset
        self.stream = stream
        self.at = at
    }
}

/// Marks as files and messages have them: 16 bytes each, least significant first: the offset, and the milliseconds since
/// 1970 times two, plus one of what went to standard error.
public enum LogMarks {
    public static let size = 16

    public static func encode(_ marks: some Sequence<LogMark>) -> [UInt8] {
        var bytes: [UInt8] = []
        for mark in marks {
            let time = UInt64(bitPattern: mark.at.millisecondsSince1970) << 1 | UInt64(mark.stream.rawValue)
            for number in [UInt64(bitPattern: mark.offset), time] {
                withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
            }
        }
        return bytes
    }

    /// Without what is left of a mark that was not written whole, and without the zeros of those that were dropped.
    public static func decode(_ bytes: some Collection<UInt8>) -> [LogMark] {
        let bytes = Array(bytes)
        return stride(from: 0, through: bytes.count - size, by: size).compactMap { start in
            let (offset, time) = (number(bytes[start..<(start + 8)]), number(bytes[(start + 8)..<(start + size)]))
            guard time != 0 else { return nil }
            return LogMark(
                offset: Int64(bitPattern: offset), stream: time & 1 == 1 ? .errors : .output,
                at: Instant(millisecondsSince1970: Int64(bitPattern: time >> 1)))
        }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
