/// A log that somebody else appends to, read from where the last look ended.
struct GrowingFile: Sendable {
    private var bytes: GrowingBytes
    /// Nil where all of it is wanted.
    private var filter: StreamFilter?
    /// The beginning of a line whose end has not been written yet.
    private var pending: [UInt8] = []

    /// - Parameter filter: takes what is wanted of it.
    init(path: String, filter: StreamFilter? = nil) {
        bytes = GrowingBytes(path: path)
        self.filter = filter
    }

    /// Some of what is new; empty when nothing is, or there is no file.
    mutating func newBytes() -> [UInt8] {
        while true {
            let new = bytes.new()
            guard !new.isEmpty, filter != nil else { return new }
            let wanted = filter?.wanted(of: new, at: bytes.offset - new.count) ?? []
            if !wanted.isEmpty { return wanted }
        }
    }

    /// The whole lines that are new, without their ends. At the end of the file's life `isLast` gives also the line
    /// that was never ended.
    mutating func newLines(isLast: Bool = false) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        while true {
            let bytes = newBytes()
            guard !bytes.isEmpty else { break }
            pending += bytes
            var rest = pending[...]
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                lines.append(Array(rest[..<end]))
                rest = rest[(end + 1)...]
            }
            pending = Array(rest)
        }
        if isLast, !pending.isEmpty {
            lines.append(pending)
            pending = []
        }
        return lines
    }
}
