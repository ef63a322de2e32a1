import Dispatch
import Glibc
import Synchronization

/// A small HTTP server on 127.0.0.1 that does exactly what a test tells it, bad manners included.
///
///     let server = try LoopbackHTTPServer { request in [.reply(200, body: "hello \(request.target)")] }
///     defer { server.stop() }
public final class LoopbackHTTPServer: Sendable {
    public struct Request: Sendable {
        public let method: String
        /// Path and query, as sent.
        public let target: String
        /// Names in lower case.
        public let headers: [String: String]
        public let body: [UInt8]
    }

    /// What to do next with the connection. After the last step it stays open for another request.
    public enum Step: Sendable {
        case send([UInt8])
        /// Ends early when the other side hangs up.
        case wait(milliseconds: Int)
        case hangUp
    }

    public typealias Handler = @Sendable (Request) -> [Step]

    public let port: Int
    public var url: String { "http://127.0.0.1:\(port)" }

    private struct State {
        var requests: [Request] = []
        var open: Set<Int32> = []
        var isStopped = false
    }

    private let listener: Int32
    private let handler: Handler
    private let state = Mutex(State())

    public init(_ handler: @escaping Handler) throws {
        self.handler = handler
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                bind(listener, raw, length) == 0 && listen(listener, 256) == 0
                    && getsockname(listener, raw, &length) == 0
            }
        }
        guard bound else { throw ServerError() }
        self.listener = listener
        port = Int(UInt16(bigEndian: address.sin_port))
        // A serial queue of its own has a thread of its own, which may block.
        DispatchQueue(label: "test.listen").async { [self] in acceptAll() }
    }

    public struct ServerError: Error {}

    /// All requests that came in whole, in order.
    public var requests: [Request] { state.withLock { $0.requests } }

    /// Hangs up on everybody. Every test should.
    public func stop() {
        state.withLock { state in
            state.isStopped = true
            for connection in state.open { shutdown(connection, Int32(SHUT_RDWR)) }
        }
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private func acceptAll() {
        while true {
            let connection = accept(listener, nil, nil)
            if connection < 0 {
                if errno == EINTR { continue }
                close(listener)
                return
            }
            let isWelcome = state.withLock { state in
                if !state.isStopped { state.open.insert(connection) }
                return !state.isStopped
            }
            guard isWelcome else {
                close(connection)
                continue
            }
            DispatchQueue(label: "test.connection").async { [self] in
                serve(connection)
                state.withLock { _ = $0.open.remove(connection) }
                close(connection)
            }
        }
    }

    private func serve(_ connection: Int32) {
        var pending: [UInt8] = []
        while let request = Self.readRequest(connection, &pending) {
            state.withLock { $0.requests.append(request) }
            for step in handler(request) {
                switch step {
                case .send(let bytes): guard Self.sendAll(connection, bytes) else { return }
                case .wait(let milliseconds):
                    var hungUp = pollfd(fd: connection, events: Int16(bitPattern: 0x2000), revents: 0)
                    if poll(&hungUp, 1, Int32(milliseconds)) > 0 { return }
                case .hangUp: return
                }
            }
        }
    }

    private static func readRequest(_ connection: Int32, _ pending: inout [UInt8]) -> Request? {
        let gap = Array("\r\n\r\n".utf8)
        while true {
            if let end = pending.firstIndex(of: gap) {
                let lines = String(decoding: pending[..<end], as: UTF8.self).split(separator: "\r\n")
                let words = lines.first?.split(separator: " ") ?? []
                guard words.count == 3 else { return nil }
                var headers: [String: String] = [:]
                for line in lines.dropFirst() {
                    let parts = line.split(separator: ":", maxSplits: 1)
                    headers[parts[0].lowercased()] = parts.count > 1 ? String(parts[1].drop { $0 == " " }) : ""
                }
                let start = end + gap.count
                let length = headers["content-length"].flatMap { Int($0) } ?? 0
                while pending.count < start + length { guard receive(connection, &pending) else { return nil } }
                let body = Array(pending[start..<start + length])
                pending.removeFirst(start + length)
                return Request(method: String(words[0]), target: String(words[1]), headers: headers, body: body)
            }
            guard receive(connection, &pending) else { return nil }
            if pending.first == 0x16 {
                // Somebody tries TLS: the answer of a server that does not speak it.
                _ = sendAll(connection, LoopbackHTTPServer.Step.head(400, headers: [("Connection", "close")]))
                return nil
            }
        }
    }

    private static func receive(_ connection: Int32, _ pending: inout [UInt8]) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(connection, &buffer, buffer.count, 0)
        guard count > 0 else { return false }
        pending += buffer[..<count]
        return true
    }

    private static func sendAll(_ connection: Int32, _ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}

extension LoopbackHTTPServer.Step {
    /// A whole answer with its length.
    public static func reply(_ status: Int, headers: [(String, String)] = [], body: String = "") -> Self {
        reply(status, headers: headers, bytes: Array(body.utf8))
    }

    public static func reply(_ status: Int, headers: [(String, String)] = [], bytes: [UInt8]) -> Self {
        .send(head(status, headers: headers + [("Content-Length", "\(bytes.count)")]) + bytes)
    }

    public static func text(_ text: String) -> Self { .send(Array(text.utf8)) }

    public static func head(_ status: Int, headers: [(String, String)]) -> [UInt8] {
        let lines = headers.map { "\($0.0): \($0.1)\r\n" }.joined()
        return Array("HTTP/1.1 \(status) Status\r\n\(lines)\r\n".utf8)
    }
}

extension [UInt8] {
    fileprivate func firstIndex(of part: [UInt8]) -> Int? {
        guard count >= part.count else { return nil }
        return (0...(count - part.count)).first { self[$0..<$0 + part.count].elementsEqual(part) }
    }
}
