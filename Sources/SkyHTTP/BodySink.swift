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
    private let offset: Int64
    private let progress: @Sendable (HTTPProgress) -> Void
    /// Open since the first byte of a success.
    private var file: BodyFile
    private var resumedAt: Int64 = 0
    private var size: Int64 = 0
    private var complaint = Complaint()

    init(path: String, offset: Int64, progress: @escaping @Sendable (HTTPProgress) -> Void) {
        file = BodyFile(path: path)
        self.offset = offset
        self.progress = progress
    }

    func take(_ bytes: UnsafeRawBufferPointer, of head: ResponseHead) throws(SinkError) {
        guard head.isSuccess else { return complaint.append(bytes) }
        if !file.isOpen { try open(head) }
        try file.write(bytes, at: size)
        size += Int64(bytes.count)
        let total = head.contentRange.total ?? head.contentLength
        progress(HTTPProgress(received: DataSize(bytes: size), total: total.map { DataSize(bytes: $0) }))
    }

    func finish(_ head: ResponseHead) throws(SinkError) -> Outcome {
        if head.isSuccess, !file.isOpen { try open(head) }
        let response = HTTPResponse(status: head.status, headers: head.headers, body: complaint.bytes)
        return Outcome(response: response, resumedAt: resumedAt, size: head.isSuccess ? size : offset)
    }

    private func open(_ head: ResponseHead) throws(SinkError) {
        if head.status == 206 {
            guard head.contentRange.start == offset else {
                throw SinkError(kind: .badResponse, reason: "the server sent another part than the one asked for")
            }
            resumedAt = offset
        }
        try file.open(O_WRONLY | O_CREAT)
        guard lseek(file.descriptor, 0, SEEK_END) >= resumedAt else {
            throw SinkError(kind: .file, reason: "\(file.path) is shorter than the part that was to be left out")
        }
        guard ftruncate(file.descriptor, off_t(resumedAt)) == 0 else { throw file.failure("write") }
        size = resumedAt
    }
}
