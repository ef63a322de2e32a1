import Glibc
import SkyCore

/// Where a body goes. Lives on the loop's thread.
protocol BodySink: AnyObject {
    func take(_ bytes: UnsafeRawBufferPointer, of head: ResponseHead) throws(SinkError)
    /// The answer is complete.
    func finish(_ head: ResponseHead) throws(SinkError) -> Outcome
}

struct SinkError: Error {
    let kind: HTTPError.Kind
    let reason: String
}

/// Keeps the body, up to a limit.
final class MemorySink: BodySink {
    private let limit: Int64
    private var body: [UInt8] = []

    init(limit: Int64) { self.limit = limit }

    func take(_ bytes: UnsafeRawBufferPointer, of head: ResponseHead) throws(SinkError) {
        let announced = head.contentLength ?? 0
        guard Int64(body.count) + Int64(bytes.count) <= limit, announced <= limit else {
            throw SinkError(kind: .tooLarge, reason: "the answer is longer than \(DataSize(bytes: limit))")
        }
        if body.isEmpty { body.reserveCapacity(Int(announced)) }
        body.append(contentsOf: bytes)
    }

    func finish(_ head: ResponseHead) -> Outcome {
        let response = HTTPResponse(status: head.status, headers: head.headers, body: body)
        return Outcome(response: response, resumedAt: 0, size: Int64(body.count))
    }
}

/// Writes a successful body into a file, and keeps the beginning of any other in memory.
final class FileSink: BodySink {
    private let path: String
    private let offset: Int64
    private let progress: @Sendable (HTTPProgress) -> Void
    /// Open since the first byte of a success.
    private var descriptor: Int32 = -1
    private var resumedAt: Int64 = 0
    private var size: Int64 = 0
    private var complaint: [UInt8] = []

    private static let complaintLimit = 64 << 10

    init(path: String, offset: Int64, progress: @escaping @Sendable (HTTPProgress) -> Void) {
        self.path = path
        self.offset = offset
        self.progress = progress
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func take(_ bytes: UnsafeRawBufferPointer, of head: ResponseHead) throws(SinkError) {
        guard head.isSuccess else {
            complaint.append(contentsOf: bytes.prefix(Self.complaintLimit - complaint.count))
            return
        }
        if descriptor < 0 { try open(head) }
        var rest = bytes
        while !rest.isEmpty {
            let count = write(descriptor, rest.baseAddress, rest.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw failure("write")
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
        size += Int64(bytes.count)
        let total = head.contentRange.total ?? head.contentLength
        progress(HTTPProgress(received: DataSize(bytes: size), total: total.map { DataSize(bytes: $0) }))
    }

    func finish(_ head: ResponseHead) throws(SinkError) -> Outcome {
        if head.isSuccess, descriptor < 0 { try open(head) }
        let response = HTTPResponse(status: head.status, headers: head.headers, body: complaint)
        return Outcome(response: response, resumedAt: resumedAt, size: head.isSuccess ? size : offset)
    }

    private func open(_ head: ResponseHead) throws(SinkError) {
        if head.status == 206 {
            guard head.contentRange.start == offset else {
                throw SinkError(kind: .badResponse, reason: "the server sent another part than the one asked for")
            }
            resumedAt = offset
        }
        descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw failure("open") }
        guard lseek(descriptor, 0, SEEK_END) >= resumedAt else {
            throw SinkError(kind: .file, reason: "\(path) is shorter than the part that was to be left out")
        }
        guard ftruncate(descriptor, off_t(resumedAt)) == 0, lseek(descriptor, off_t(resumedAt), SEEK_SET) >= 0 else {
            throw failure("write")
        }
        size = resumedAt
    }

    private func failure(_ action: String) -> SinkError {
        SinkError(kind: .file, reason: "cannot \(action) \(path): \(String(cString: strerror(errno)))")
    }
}
