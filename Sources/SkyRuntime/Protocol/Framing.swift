import FoundationEssentials

/// Messages on a byte stream: four bytes of length, most significant first, then so many bytes of JSON.
enum Frame {
    static let headerSize = 4

    /// Nil when the message is longer than the protocol allows.
    static func encode(_ message: some Encodable) -> [UInt8]? {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let body = try? encoder.encode(message), body.count <= AgentProtocol.messageLimit else { return nil }
        var frame: [UInt8] = []
        frame.reserveCapacity(headerSize + body.count)
        withUnsafeBytes(of: UInt32(body.count).bigEndian) { frame.append(contentsOf: $0) }
        frame.append(contentsOf: body)
        return frame
    }

    static func decode<Message: Decodable>(_ type: Message.Type, _ body: [UInt8]) -> Message? {
        try? JSONDecoder().decode(type, from: Data(body))
    }
}

/// Cuts a byte stream into messages, however the bytes arrive.
struct FrameReader {
    private var buffer: [UInt8] = []
    /// Bytes of `buffer` that have been handed out.
    private var consumed = 0

    struct TooLong: Error, Equatable {
        var length: Int

        var message: String {
            "a message of \(length) bytes is longer than the \(AgentProtocol.messageLimit) that are allowed"
        }
    }

    mutating func append(_ bytes: some Collection<UInt8>) {
        if consumed > 0, consumed == buffer.count || consumed > 1 << 16 {
            buffer.removeFirst(consumed)
            consumed = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// The next whole message, or nil until more bytes have come.
    mutating func next() throws(TooLong) -> [UInt8]? {
        guard buffer.count - consumed >= Frame.headerSize else { return nil }
        let length = buffer[consumed..<(consumed + Frame.headerSize)].reduce(0) { $0 << 8 | Int($1) }
        guard length <= AgentProtocol.messageLimit else { throw TooLong(length: length) }
        let end = consumed + Frame.headerSize + length
        guard buffer.count >= end else { return nil }
        defer { consumed = end }
        return Array(buffer[(consumed + Frame.headerSize)..<end])
    }
}
