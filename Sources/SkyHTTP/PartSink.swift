import Glibc

/// Writes a part of a resource into its place in a file, and keeps the beginning of a refusal in memory.
final class PartSink: BodySink {
    private let part: Range<Int64>
    private var position: Int64
    /// Open since the first byte of a success.
    private var file: BodyFile
    private var complaint = Complaint()

    init(path: String, part: Range<Int64>) {
        file = BodyFile(path: path)
        self.part = part
        position = part.lowerBound
    }

    func take(_ bytes: UnsafeRawBufferPointer, of head: ResponseHead) throws(SinkError) {
        guard head.isSuccess else { return complaint.append(bytes) }
        if !file.isOpen { try open(head) }
        guard position + Int64(bytes.count) <= part.upperBound else { throw otherPart }
        try file.write(bytes, at: position)
        position += Int64(bytes.count)
    }

    func finish(_ head: ResponseHead) throws(SinkError) -> Outcome {
        guard !head.isSuccess || position == part.upperBound else { throw otherPart }
        let response = HTTPResponse(status: head.status, headers: head.headers, body: complaint.bytes)
        return Outcome(response: response, resumedAt: part.lowerBound, size: position)
    }

    /// A server that knows no ranges sends everything, which is just as good where everything was asked for.
    private func open(_ head: ResponseHead) throws(SinkError) {
        let start = head.status == 206 ? head.contentRange.start : 0
        guard start == part.lowerBound else { throw otherPart }
        try file.open(O_WRONLY)
    }

    private var otherPart: SinkError {
        SinkError(kind: .badResponse, reason: "the server sent another part than the one asked for")
    }
}
