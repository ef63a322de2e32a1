/// One frame of a WebSocket (RFC 6455, 5.2), and how frames become bytes and bytes frames.
struct WebSocketFrame: Hashable {
    enum Code: UInt8 {
        case continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10

        var isControl: Bool { rawValue >= 8 }
    }

    var isFinal = true
    var code: Code
    var payload: [UInt8]

    /// As a client sends it: every byte masked, so that no proxy on the way finds a request in it.
    func masked(with mask: UInt32, into bytes: inout [UInt8]) {
        bytes.append((isFinal ? 0x80 : 0) | code.rawValue)
        switch payload.count {
        case ..<126: bytes.append(0x80 | UInt8(payload.count))
        case ..<65_536:
            bytes.append(0x80 | 126)
            Self.append(UInt64(payload.count), 2, to: &bytes)
        default:
            bytes.append(0x80 | 127)
            Self.append(UInt64(payload.count), 8, to: &bytes)
        }
        Self.append(UInt64(mask), 4, to: &bytes)
        let key = (0..<4).map { UInt8(truncatingIfNeeded: mask >> (24 - 8 * $0)) }
        let start = bytes.count
        bytes.append(contentsOf: payload)
        bytes.withUnsafeMutableBufferPointer { all in
            key.withUnsafeBufferPointer { key in
                for index in 0..<payload.count { all[start + index] ^= key[index & 3] }
            }
        }
    }

    private static func append(_ value: UInt64, _ count: Int, to bytes: inout [UInt8]) {
        for index in (0..<count).reversed() { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * index))) }
    }
}

/// Bytes of a server, as they come, and the frames in them.
struct WebSocketFrames {
    /// What a server does that no server may.
    struct Problem: Error, Hashable {
        let reason: String
    }

    private var bytes: [UInt8] = []
    private var start = 0
    /// Longer ones are refused before they are taken into memory.
    let longest: Int

    init(longest: Int) { self.longest = longest }

    mutating func take(_ more: UnsafeRawBufferPointer) {
        if start > 1 << 20 || start == bytes.count {
            bytes.removeFirst(start)
            start = 0
        }
        bytes.append(contentsOf: more)
    }

    /// Nil while it has not all come.
    mutating func next() throws(Problem) -> WebSocketFrame? {
        let available = bytes.count - start
        guard available >= 2 else { return nil }
        let (first, second) = (bytes[start], bytes[start + 1])
        guard first & 0x70 == 0 else { throw Problem(reason: "a frame of an extension that was not agreed on") }
        guard let code = WebSocketFrame.Code(rawValue: first & 0x0f) else {
            throw Problem(reason: "a frame of the unknown kind \(first & 0x0f)")
        }
        guard second & 0x80 == 0 else { throw Problem(reason: "a masked frame of a server") }
        let isFinal = first & 0x80 != 0
        var (length, header) = (Int(second & 0x7f), 2)
        if code.isControl, !isFinal || length > 125 { throw Problem(reason: "a control frame in parts, or a long one") }
        if length >= 126 {
            let count = length == 126 ? 2 : 8
            header += count
            guard available >= header else { return nil }
            let value = bytes[(start + 2)..<(start + header)].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            guard value <= UInt64(longest) else { throw Problem(reason: "a frame of \(value) bytes") }
            length = Int(value)
        }
        guard available >= header + length else { return nil }
        let payload = Array(bytes[(start + header)..<(start + header + length)])
        start += header + length
        return WebSocketFrame(isFinal: isFinal, code: code, payload: payload)
    }
}
