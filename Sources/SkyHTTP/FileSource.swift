import Glibc

/// A part of a file on its way out. Lives on the loop's thread, and keeps it waiting where the disk does.
final class FileSource {
    let count: Int64
    private let path: String
    private let offset: Int64
    /// From `offset` on.
    private var position: Int64 = 0
    /// Open since the first byte was asked for.
    private var descriptor: Int32 = -1

    init(path: String, offset: Int64, count: Int64) {
        self.path = path
        self.offset = offset
        self.count = count
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func seek(to position: Int64) { self.position = position }

    /// How many bytes are in the buffer now; none at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(SinkError) -> Int {
        let wanted = Int(min(Int64(buffer.count), count - position))
        guard wanted > 0 else { return 0 }
        if descriptor < 0 {
            descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw failure("open") }
        }
        while true {
            let got = pread(descriptor, buffer.baseAddress, wanted, off_t(offset + position))
            if got < 0 {
                if errno == EINTR { continue }
                throw failure("read")
            }
            guard got > 0 else {
                throw SinkError(kind: .file, reason: "\(path) has become shorter than what is to be sent")
            }
            position += Int64(got)
            return got
        }
    }

    private func failure(_ action: String) -> SinkError {
        SinkError(kind: .file, reason: "cannot \(action) \(path): \(String(cString: strerror(errno)))")
    }
}
