import Glibc
import SkyProcess

/// The bytes of a file that somebody else appends to, read from where the last look ended.
struct GrowingBytes: Sendable {
    let path: String
    /// Of the next byte that is read.
    private(set) var offset = 0

    init(path: String) { self.path = path }

    /// At most `limit` bytes that are new; empty when there are none, or there is no file.
    mutating func new(limit: Int = 1 << 20) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        // What is kept no more is a hole.
        offset = Int(LogFile.firstByte(descriptor, from: Int64(offset)))
        let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            let read = pread(descriptor, buffer.baseAddress, limit, off_t(offset))
            count = max(0, read)
        }
        offset += bytes.count
        return bytes
    }

    /// All that is new, but for the beginning of a piece that is not whole yet.
    mutating func newPieces(of size: Int) -> [UInt8] {
        var all: [UInt8] = []
        while case let bytes = new(), !bytes.isEmpty { all += bytes }
        let rest = all.count % size
        all.removeLast(rest)
        offset -= rest
        return all
    }
}
