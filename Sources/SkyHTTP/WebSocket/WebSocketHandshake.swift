import Glibc
import SkyCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The request that makes a WebSocket of a connection, and its answer (RFC 6455, 4.1).
struct WebSocketHandshake {
    let target: RequestTarget
    private let request: HTTPRequest
    private let protocols: [String]
    private let key: String

    private static let longestAnswer = 64 << 10

    init(_ request: HTTPRequest, protocols: [String]) throws(WebSocket.Refusal) {
        do throws(HTTPError) {
            target = try RequestTarget(request)
            for field in request.headers.fields where !field.isSendable {
                throw HTTPError(.invalidRequest, "WebSocket \(target.shown): the header '\(field.name)' cannot be sent")
            }
        } catch { throw .failure(error) }
        self.request = request
        self.protocols = protocols
        key = Data((0..<16).map { _ in UInt8.random(in: 0 ... .max) }).base64EncodedString()
    }

    /// What the server must answer to the key.
    static func proof(of key: String) -> String {
        Data(SHA1.digest(of: Array("\(key)258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8))).base64EncodedString()
    }

    private var text: String {
        var lines = [
            "GET \(target.resource) HTTP/1.1", "Host: \(target.authority)", "Upgrade: websocket", "Connection: Upgrade",
            "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: \(key)", "User-Agent: sky",
        ]
        if !protocols.isEmpty { lines.append("Sec-WebSocket-Protocol: \(protocols.joined(separator: ", "))") }
        lines += request.headers.fields.map { "\($0.name): \($0.value)" }
        return (lines + ["", ""]).joined(separator: "\r\n")
    }

    struct Answer {
        var chosen: String?
        /// What came behind the answer.
        var rest: [UInt8]
    }

    func perform(over line: WebSocketLine) throws(WebSocket.Refusal) -> Answer {
        let end = ContinuousClock.now + .milliseconds((request.timeout ?? .seconds(60)).milliseconds)
        do throws(HTTPError) { try line.send(Array(text.utf8)) } catch { throw .failure(error) }
        var bytes: [UInt8] = []
        while true {
            if let (head, rest) = Self.split(bytes) { return try judge(head, rest, line, end) }
            guard bytes.count < Self.longestAnswer else { throw failure(.badResponse, "an answer without end") }
            guard try read(line, &bytes, until: end) else {
                throw failure(.interrupted, "the connection ended before the answer did")
            }
        }
    }

    private func judge(
        _ head: ResponseHead, _ rest: [UInt8], _ line: WebSocketLine, _ end: ContinuousClock.Instant
    ) throws(WebSocket.Refusal) -> Answer {
        guard head.status == 101 else {
            var body = rest
            let wanted = min(head.contentLength.map { Int(clamping: $0) } ?? Self.longestAnswer, Self.longestAnswer)
            while body.count < wanted, (try? read(line, &body, until: min(end, .now + .seconds(2)))) == true {}
            throw .answer(HTTPResponse(status: head.status, headers: head.headers, body: Self.plain(body, head)))
        }
        guard head.headers["Upgrade"]?.lowercased() == "websocket",
            head.headers["Sec-WebSocket-Accept"] == Self.proof(of: key)
        else { throw failure(.badResponse, "something on the way answers that is no WebSocket server") }
        let chosen = head.headers["Sec-WebSocket-Protocol"]
        if let chosen, !protocols.contains(chosen) {
            throw failure(.badResponse, "the server chose '\(chosen)', which nobody offered")
        }
        return Answer(chosen: chosen, rest: rest)
    }

    /// False at the end of the connection.
    private func read(
        _ line: WebSocketLine, _ bytes: inout [UInt8], until end: ContinuousClock.Instant
    ) throws(WebSocket.Refusal) -> Bool {
        while true {
            let outcome: WebSocketLine.Outcome
            do throws(HTTPError) {
                try line.flush()
                outcome = try line.receive { bytes.append(contentsOf: $0) }
            } catch { throw .failure(error) }
            if outcome == .some { return true }
            if outcome == .ended { return false }
            let left = TimeSpan(ContinuousClock.now.duration(to: end)).milliseconds
            guard left > 0 else { throw failure(.timeout, "no complete answer in time") }
            line.wait(milliseconds: left)
        }
    }

    private static func split(_ bytes: [UInt8]) -> (ResponseHead, rest: [UInt8])? {
        let mark = Array("\r\n\r\n".utf8)
        guard bytes.count >= mark.count,
            let end = (0...(bytes.count - mark.count)).first(where: { Array(bytes[$0..<($0 + 4)]) == mark })
        else { return nil }
        var head = ResponseHead()
        for line in String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n") {
            Array(line.utf8).withUnsafeBytes { head.take($0) }
        }
        return (head, Array(bytes[(end + mark.count)...]))
    }

    /// Without the sizes of its chunks, if it came in some.
    private static func plain(_ body: [UInt8], _ head: ResponseHead) -> [UInt8] {
        guard head.headers["Transfer-Encoding"]?.lowercased() == "chunked" else { return body }
        var (rest, whole) = (body[...], [UInt8]())
        while let newline = rest.firstIndex(of: 0x0a) {
            let size = String(decoding: rest[..<newline].filter { $0 != 0x0d }, as: UTF8.self)
            guard let count = Int(size, radix: 16), count > 0 else { break }
            whole += rest[(newline + 1)...].prefix(count)
            rest = rest[(newline + 1)...].dropFirst(count + 2)
        }
        return whole
    }

    private func failure(_ kind: HTTPError.Kind, _ reason: String) -> WebSocket.Refusal {
        .failure(HTTPError(kind, "WebSocket \(target.shown): \(reason)"))
    }
}
