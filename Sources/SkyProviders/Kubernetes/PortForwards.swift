import Glibc
import SkyHTTP
import SkyKubernetes
import SkyProcess
import SkyRuntime
import Synchronization

/// Ports of this machine's loopback that lead to ports of pods, through the API server. They last as long as this process.
final class PortForwards: Sendable {
    private let ports = Mutex<[String: Int]>([:])

    /// Below those that systems give to whoever asks for any.
    private static let range = 20_000..<32_000
    private static let tries = 10

    /// Asked for again, it is the same; nil where none is free.
    func port(leadingTo port: Int, of pod: String, _ session: KubernetesSession) -> Int? {
        let name = "\(session.cluster.name) \(session.namespace) \(pod) \(port)"
        return ports.withLock { ports in
            if let known = ports[name] { return known }
            let digest = SHA256.digest(of: Array(name.utf8))
            let first = digest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            for number in 0..<Self.tries {
                let local = Self.range.lowerBound + (first + number) % Self.range.count
                guard let listener = Self.listen(local) else { continue }
                ports[name] = local
                startThread { Self.accept(listener, port, pod, session) }
                return local
            }
            return nil
        }
    }

    private static func listen(_ port: Int) -> Int32? {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard listener >= 0 else { return nil }
        var yes: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        address.sin_port = UInt16(port).bigEndian
        let isBound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isBound, Glibc.listen(listener, 64) == 0 else {
            close(listener)
            return nil
        }
        return listener
    }

    /// One connection of ours is one to the API server.
    private static func accept(_ listener: Int32, _ port: Int, _ pod: String, _ session: KubernetesSession) {
        while true {
            let connection = Glibc.accept(listener, nil, nil)
            guard connection >= 0 else {
                if errno == EINTR || errno == ECONNABORTED { continue }
                // Too many files are open: others may be closed.
                usleep(100_000)
                continue
            }
            _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
            Descriptor.setNonBlocking(connection)
            Task.detached {
                if let request = try? await session.client.request(.portForward(to: port, of: pod, session.namespace)) {
                    await onOwnThread { try? PodConnection(pod: pod).carry(request, connection) }
                }
                close(connection)
            }
        }
    }
}
