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
        let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        address.sin_port = UInt16(target).bigEndian
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected else {
            close(client)
            close(server)
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
