import Glibc
import SkyProcess
import Synchronization

/// Passes connections on to a port of this machine, and counts what clients send.
public final class CountingRelay: Sendable {
    public let port: Int
    public var url: String { "http://127.0.0.1:\(port)" }
    /// Bytes that clients have sent, as far as they were passed on.
    public var sent: Int64 { count.load(ordering: .relaxed) }

    private let count = Atomic<Int64>(0)
    private let listener: Int32
    private let target: Int

    public struct RelayError: Error {}

    public init(to target: Int) throws {
        guard let free = freePort(), let (socket, port) = listen(on: INADDR_LOOPBACK, port: UInt16(free)) else {
            throw RelayError()
        }
        self.target = target
        self.port = port
        listener = socket
        startThread { [self] in
            while true {
                let client = accept(listener, nil, nil)
                if client < 0 {
                    if errno == EINTR { continue }
                    return
                }
                serve(client)
            }
        }
    }

    /// No new connections.
    public func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    private func serve(_ client: Int32) {
        guard let server = connection(to: target) else {
            close(client)
            return
        }
        // Each way ends by itself; whoever is last closes both.
        let open = Shared(2) {
            close(client)
            close(server)
        }
        startThread { [self] in
            Self.pass(from: client, to: server) { _ = count.add(Int64($0), ordering: .relaxed) }
            open.leave()
        }
        startThread {
            Self.pass(from: server, to: client) { _ in }
            open.leave()
        }
    }

    private static func pass(from source: Int32, to sink: Int32, _ passed: (Int) -> Void) {
        var buffer = [UInt8](repeating: 0, count: 128 << 10)
        while true {
            let got = recv(source, &buffer, buffer.count, 0)
            guard got > 0 else { break }
            var done = 0
            while done < got {
                let put = buffer.withUnsafeBytes {
                    send(sink, $0.baseAddress?.advanced(by: done), got - done, Int32(MSG_NOSIGNAL))
                }
                guard put > 0 else { break }
                done += put
            }
            passed(done)
            guard done == got else { break }
        }
        shutdown(sink, Int32(SHUT_RDWR))
        shutdown(source, Int32(SHUT_RDWR))
    }

    private final class Shared: Sendable {
        private let holders: Mutex<Int>
        private let end: @Sendable () -> Void

        init(_ holders: Int, _ end: @escaping @Sendable () -> Void) {
            self.holders = Mutex(holders)
            self.end = end
        }

        func leave() {
            let isLast = holders.withLock { holders in
                holders -= 1
                return holders == 0
            }
            if isLast { end() }
        }
    }
}
