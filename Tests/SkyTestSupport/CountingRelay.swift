import Glibc
import SkyProcess
import Synchronization

/// Passes connections on to a port of this machine, and counts what clients send. Can be cut as a cable can.
public final class CountingRelay: Sendable {
    public let port: Int
    public var url: String { "http://127.0.0.1:\(port)" }
    /// Bytes that clients have sent, as far as they were passed on.
    public var sent: Int64 { count.load(ordering: .relaxed) }

    private let count = Atomic<Int64>(0)
    /// Of clients that are served; nil while it is cut.
    private let clients: Mutex<Set<Int32>?> = Mutex([])
    private let listener: Int32
    private let target: Int
    private let bytesPerSecond: Int?
    /// When all that clients were let send so far would have gone.
    private let free = Mutex(ContinuousClock.now)

    public struct RelayError: Error {}

    /// - Parameter bytesPerSecond: what clients may send, all together; nil is no limit.
    public init(to target: Int, bytesPerSecond: Int? = nil) throws {
        guard let free = freePort(), let (socket, port) = listen(on: INADDR_LOOPBACK, port: UInt16(free)) else {
            throw RelayError()
        }
        self.target = target
        self.bytesPerSecond = bytesPerSecond
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

    /// Ends all connections, and each new one at once, until it is mended.
    public func cut() {
        clients.withLock { clients in
            for client in clients ?? [] { shutdown(client, Int32(SHUT_RDWR)) }
            clients = nil
        }
    }

    public func mend() { clients.withLock { $0 = $0 ?? [] } }

    private func serve(_ client: Int32) {
        guard clients.withLock({ $0?.insert(client) }) != nil, let server = connection(to: target) else {
            leave(client)
            return
        }
        // Each way ends by itself; whoever is last closes both.
        let open = Shared(2) { [self] in
            leave(client)
            close(server)
        }
        startThread { [self] in
            Self.pass(from: client, to: server) {
                count.add(Int64($0), ordering: .relaxed)
                keepPace($0)
            }
            open.leave()
        }
        startThread {
            Self.pass(from: server, to: client) { _ in }
            open.leave()
        }
    }

    private func leave(_ client: Int32) {
        clients.withLock { clients in
            clients?.remove(client)
            close(client)
        }
    }

    private func keepPace(_ bytes: Int) {
        guard let bytesPerSecond else { return }
        let end = free.withLock { free in
            free = max(free, .now) + .seconds(Double(bytes) / Double(bytesPerSecond))
            return free
        }
        let left = end - .now
        if left > .zero { usleep(UInt32(left / .microseconds(1))) }
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
