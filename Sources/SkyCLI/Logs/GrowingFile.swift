import Glibc

/// A file that somebody else appends to, read from where the last look ended.
struct GrowingFile: Sendable {
    let path: String
    private var offset = 0
    /// The beginning of a line whose end has not been written yet.
    private var pending: [UInt8] = []

    init(path: String) { self.path = path }

    /// At most `limit` bytes that are new; empty when there are none, or there is no file.
    mutating func newBytes(limit: Int = 1 << 20) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            let read = pread(descriptor, buffer.baseAddress, limit, offset)
            count = max(0, read)
        }
        offset += bytes.count
        return bytes
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
