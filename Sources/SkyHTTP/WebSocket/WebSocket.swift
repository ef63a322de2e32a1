import CCurl
import CCurlOnDemand
import Glibc
import SkyCore

/// A WebSocket (RFC 6455) as a client has it, over libcurl's connections: with its TLS, its client certificates and its proxies.
/// libcurl has WebSockets of its own since 7.86, as an experiment that distributions leave out.
///
/// Belongs to one thread. Only `open` and what follows a full buffer waits: whoever has one polls `descriptor`.
public final class WebSocket {
    /// What comes whole, from however many frames.
    public enum Message: Hashable, Sendable {
        case binary([UInt8])
        case text([UInt8])
    }

    /// Why there is none.
    public enum Refusal: Error, Hashable, Sendable {
        /// The server answers, and does not want to.
        case answer(HTTPResponse)
        case failure(HTTPError)
    }

    /// For `poll`.
    public let descriptor: Int32
    /// What the server has chosen of the protocols that were offered; nil for none.
    public let chosenProtocol: String?
    /// True once the other side has said that it is done, or the connection has ended.
    public private(set) var isClosed = false
    /// What the other side said when it closed: 1000 for an end in order; 1006 when it said nothing.
    public private(set) var closeCode = 1006
    public private(set) var closeReason = ""
    /// The last `receive` came to its limit: more may be here already, of which `descriptor` says nothing.
    public private(set) var mayHaveMore = false

    private let line: WebSocketLine
    private let shown: String
    private var frames = WebSocketFrames(longest: WebSocket.longestMessage)
    /// Frames of a message whose last has not come.
    private var parts: (code: WebSocketFrame.Code, payload: [UInt8])?
    private var hasSaidGoodbye = false

    private static let longestMessage = 64 << 20

    /// Connects, and agrees on one of the protocols. Blocks, for the request's `timeout` at most.
    ///
    /// - Parameter request: a GET of `https:` or `http:`; its headers are sent along.
    public init(_ request: HTTPRequest, protocols: [String]) throws(Refusal) {
        let handshake = try WebSocketHandshake(request, protocols: protocols)
        let line: WebSocketLine
        do throws(HTTPError) { line = try WebSocketLine(request, handshake.target) } catch { throw .failure(error) }
        let answer = try handshake.perform(over: line)
        self.line = line
        descriptor = line.descriptor
        shown = handshake.target.shown
        chosenProtocol = answer.chosen
        answer.rest.withUnsafeBytes { frames.take($0) }
    }

    /// Bytes that were given to `send` and not yet to the system.
    public var pendingBytes: Int { line.pendingBytes }

    /// Queues one binary message, and sends what can be sent.
    public func send(_ bytes: [UInt8]) throws(HTTPError) { try send(.binary, bytes) }

    /// Asks whether the other side is there: whatever comes after it says that it is.
    public func ping() throws(HTTPError) { try send(.ping, []) }

    /// Says that nothing more comes from here. What comes from there is still worth reading.
    public func close(code: UInt16 = 1000) throws(HTTPError) {
        guard !hasSaidGoodbye else { return }
        try send(.close, [UInt8(code >> 8), UInt8(code & 0xff)])
        hasSaidGoodbye = true
    }

    /// Sends what can be sent now.
    public func flush() throws(HTTPError) { try line.flush() }

    private func send(_ code: WebSocketFrame.Code, _ payload: [UInt8]) throws(HTTPError) {
        guard !hasSaidGoodbye, !isClosed else { return }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(payload.count + 14)
        WebSocketFrame(code: code, payload: payload).masked(with: UInt32.random(in: 0 ... .max), into: &bytes)
        try line.send(bytes)
    }

    /// All messages that are here, and at most about `limit` bytes of them; none when nothing has come. Answers pings.
    public func receive(limit: Int = 1 << 20) throws(HTTPError) -> [Message] {
        var messages: [Message] = []
        var count = 0
        while count < limit, !isClosed {
            while !isClosed, let frame = try nextFrame() {
                count += frame.payload.count
                if let message = try take(frame) { messages.append(message) }
            }
            guard !isClosed, count < limit else { break }
            let outcome = try line.receive { frames.take($0) }
            if outcome == .nothing { break }
            if outcome == .ended { isClosed = true }
        }
        mayHaveMore = count >= limit
        return messages
    }

    private func nextFrame() throws(HTTPError) -> WebSocketFrame? {
        do throws(WebSocketFrames.Problem) { return try frames.next() } catch { throw problem(error.reason) }
    }

    private func problem(_ reason: String) -> HTTPError {
        HTTPError(.badResponse, "WebSocket \(shown): the server sends \(reason)")
    }

    private func take(_ frame: WebSocketFrame) throws(HTTPError) -> Message? {
        switch frame.code {
        case .ping:
            try send(.pong, frame.payload)
            return nil
        case .pong: return nil
        case .close:
            if frame.payload.count >= 2 {
                closeCode = Int(frame.payload[0]) << 8 | Int(frame.payload[1])
                closeReason = String(decoding: frame.payload.dropFirst(2), as: UTF8.self)
            } else {
                closeCode = 1005
            }
            try close()
            isClosed = true
            return nil
        case .continuation:
            guard var begun = parts else { throw problem("the rest of a message that it never began") }
            guard begun.payload.count + frame.payload.count <= Self.longestMessage else {
                throw problem("a message without end")
            }
            begun.payload += frame.payload
            parts = frame.isFinal ? nil : begun
            return frame.isFinal ? message(begun.code, begun.payload) : nil
        case .text, .binary:
            guard parts == nil else { throw problem("a message within another") }
            if frame.isFinal { return message(frame.code, frame.payload) }
            parts = (frame.code, frame.payload)
            return nil
        }
    }

    private func message(_ code: WebSocketFrame.Code, _ payload: [UInt8]) -> Message {
        code == .text ? .text(payload) : .binary(payload)
    }
}
