import Glibc

/// Writes a part of a resource into its place in a file, and keeps the beginning of a refusal in memory.
final class PartSink: BodySink {
    private let path: String
    private let part: Range<Int64>
    private var position: Int64
    /// Open since the first byte of a success.
    private var descriptor: Int32 = -1
    private var complaint: [UInt8] = []

    private static let complaintLimit = 64 << 10

    init(path: String, part: Range<Int64>) {
        self.path = path
        self.part = part
        position = part.lowerBound
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func take(_ bytes: UnsafeRawBufferPointer, of head: ResponseHead) throws(SinkError) {
        guard head.isSuccess else {
            complaint.append(contentsOf: bytes.prefix(Self.complaintLimit - complaint.count))
            return
        }
        if descriptor < 0 { try open(head) }
        guard position + Int64(bytes.count) <= part.upperBound else { throw otherPart }
        var rest = bytes
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

    func finish(_ head: ResponseHead) throws(SinkError) -> Outcome {
        guard !head.isSuccess || position == part.upperBound else { throw otherPart }
        let response = HTTPResponse(status: head.status, headers: head.headers, body: complaint)
        return Outcome(response: response, resumedAt: part.lowerBound, size: position)
    }

    /// A server that knows no ranges sends everything, which is just as good where everything was asked for.
    private func open(_ head: ResponseHead) throws(SinkError) {
        let start = head.status == 206 ? head.contentRange.start : 0
        guard start == part.lowerBound else { throw otherPart }
        descriptor = Glibc.open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open") }
    }

    private var otherPart: SinkError {
        SinkError(kind: .badResponse, reason: "the server sent another part than the one asked for")
    }

    private func failure(_ action: String) -> SinkError {
        SinkError(kind: .file, reason: "cannot \(action) \(path): \(String(cString: strerror(errno)))")
    }
}
