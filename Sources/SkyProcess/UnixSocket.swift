import CShims
import Glibc

/// Stream sockets in the file system. Paths may be longer than the 107 bytes that a socket address holds.
public enum UnixSocket {
    /// A non-blocking listening socket at `path`, mode 0600. Whatever was there before is replaced.
    public static func listen(at path: String, backlog: Int32 = 128) throws(SystemError) -> Int32 {
        try withAddress(of: path) { (address, length, reachable) throws(SystemError) in
            let descriptor = try stream()
            unlink(reachable)
            // Set before the socket has a name, so that there is no moment at which others may connect.
            let mask = umask(0o177)
            let bound = bind(descriptor, address, length)
            let failure = SystemError.last("listen at \(path)")
            umask(mask)
            guard bound == 0 else {
                close(descriptor)
                throw failure
            }
            guard Glibc.listen(descriptor, backlog) == 0 else {
                let failure = SystemError.last("listen at \(path)")
                close(descriptor)
                throw failure
            }
            Descriptor.setNonBlocking(descriptor)
            return descriptor
        }
    }

    /// A connection to the socket at `path`, blocking.
    public static func connect(to path: String) throws(SystemError) -> Int32 {
        try withAddress(of: path) { (address, length, _) throws(SystemError) in
            let descriptor = try stream()
            while Glibc.connect(descriptor, address, length) != 0 {
                let failure = SystemError.last("connect to \(path)")
                if failure.code == EINTR { continue }
                close(descriptor)
                throw failure
            }
            return descriptor
        }
    }

    /// The next connection waiting at a listening socket, non-blocking; nil when there is none.
    public static func accept(_ listener: Int32) throws(SystemError) -> Int32? {
        while true {
            let descriptor = Glibc.accept(listener, nil, nil)
            if descriptor >= 0 {
                _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
                Descriptor.setNonBlocking(descriptor)
                return descriptor
            }
            let failure = SystemError.last("accept a connection")
            if failure.code == EAGAIN { return nil }
            if failure.code != EINTR, failure.code != ECONNABORTED { throw failure }
        }
    }

    private static func stream() throws(SystemError) -> Int32 {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_UNIX, kind, 0)
        guard descriptor >= 0 else { throw .last("make a socket") }
        return descriptor
    }

    /// Calls `body` with an address for `path`, and with the path that the address holds. A path that is too long is
    /// reached through its folder, opened, under the short name that /proc has for it.
    private static func withAddress<Result>(
        of path: String,
        _ body: (UnsafePointer<sockaddr>, socklen_t, String) throws(SystemError) -> Result
    ) throws(SystemError) -> Result {
        let capacity = MemoryLayout.size(ofValue: sockaddr_un().sun_path)
        guard path.utf8.count >= capacity else { return try withAddress(short: path, body) }
        let name = path.split(separator: "/").last.map(String.init) ?? ""
        let folder = try Descriptor.open(Files.parent(of: path), O_DIRECTORY | sky_open_path_only)
        defer { close(folder) }
        let short = "/proc/self/fd/\(folder)/\(name)"
        guard short.utf8.count < capacity else { throw SystemError("name a socket \(name)", code: ENAMETOOLONG) }
        return try withAddress(short: short, body)
    }

    private static func withAddress<Result>(
        short path: String, _ body: (UnsafePointer<sockaddr>, socklen_t, String) throws(SystemError) -> Result
    ) throws(SystemError) -> Result {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        return try withUnsafePointer(to: &address) { (pointer) throws(SystemError) -> Result in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { (raw) throws(SystemError) -> Result in
                try body(raw, length, path)
            }
        }
    }
}
