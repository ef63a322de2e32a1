import Glibc

/// The file that a body goes into, or comes from. Open from the first use on.
struct BodyFile: ~Copyable {
    let path: String
    private(set) var descriptor: Int32 = -1

    init(path: String) { self.path = path }

    deinit { if descriptor >= 0 { close(descriptor) } }

    var isOpen: Bool { descriptor >= 0 }

    mutating func open(_ flags: Int32) throws(SinkError) {
        descriptor = Glibc.open(path, flags | O_CLOEXEC, 0o666)
        guard isOpen else { throw failure("open") }
    }

    func write(_ bytes: UnsafeRawBufferPointer, at position: Int64) throws(SinkError) {
        var (rest, position) = (bytes, position)
        while !rest.isEmpty {
            let count = pwrite(descriptor, rest.baseAddress, rest.count, off_t(position))
            if count < 0 {
                if errno == EINTR { continue }
                throw failure("write")
            }
            position += Int64(count)
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    /// How many bytes are in the buffer now; none at the end of the file.
    func read(into buffer: UnsafeMutableRawBufferPointer, at position: Int64) throws(SinkError) -> Int {
        while true {
            let count = pread(descriptor, buffer.baseAddress, buffer.count, off_t(position))
            if count >= 0 { return count }
            guard errno == EINTR else { throw failure("read") }
        }
    }

    /// Of the last system call.
    func failure(_ action: String) -> SinkError {
        SinkError(kind: .file, reason: "cannot \(action) \(path): \(String(cString: strerror(errno)))")
    }
}

/// The beginning of a refusal's body, which says what was wrong.
struct Complaint {
    private(set) var bytes: [UInt8] = []

    private static let limit = 64 << 10

    mutating func append(_ more: UnsafeRawBufferPointer) {
        bytes.append(contentsOf: more.prefix(Self.limit - bytes.count))
    }
}
