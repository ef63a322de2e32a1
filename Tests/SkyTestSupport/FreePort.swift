public import Glibc
import Synchronization

/// A port that nobody has just now, and that no other call in this process has got or will get.
///
/// Below those that the kernel lends and those that the registry gives instead: nobody takes it by chance meanwhile.
public func freePort() -> Int? {
    for _ in 0..<100 {
        guard let (socket, port) = listen(on: INADDR_LOOPBACK, port: .random(in: 10_000..<20_000)) else { continue }
        close(socket)
        if givenPorts.withLock({ $0.insert(port).inserted }) { return port }
    }
    return nil
}

/// Tests run side by side in one process, and a port is free until who asked for it listens there.
private let givenPorts = Mutex<Set<Int>>([])

/// A socket that listens there, and its port; nil when it cannot. The caller closes it.
public func listen(on address: in_addr_t, port wanted: UInt16 = 0) -> (socket: Int32, port: Int)? {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_addr.s_addr = address.bigEndian
    name.sin_port = wanted.bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let port: UInt16? = withUnsafeMutablePointer(to: &name) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
            guard bind(socket, raw, length) == 0, Glibc.listen(socket, 1) == 0, getsockname(socket, raw, &length) == 0
            else { return nil }
            return pointer.pointee.sin_port
        }
    }
    guard let port else {
        close(socket)
        return nil
    }
    return (socket, Int(UInt16(bigEndian: port)))
}

/// A connection to a port of this machine; nil, and `errno` says why, where nobody listens. The caller closes it.
func connection(to port: Int) -> Int32? {
    let connection = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    address.sin_port = UInt16(port).bigEndian
    let isConnected = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(connection, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
    }
    if isConnected { return connection }
    close(connection)
    return nil
}
