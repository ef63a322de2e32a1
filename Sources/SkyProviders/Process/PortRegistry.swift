import Glibc
import SkyProcess

/// Which group has which port of 127.0.0.1, for all providers of one state folder: a file per port, named by the
/// number, holding the owner. No two owners ever have the same port, and an owner keeps its own.
///
/// An owner is the path of a group's folder. A claim whose folder is gone counts for nothing, so that a broker killed
/// at any moment leaves no port taken.
struct PortRegistry: Sendable {
    let folder: String

    /// The owner's port: the one it has, else `wanted` if nobody listens there, else a free one. Nil if none is left.
    func claim(_ wanted: Int, for owner: String) throws(SystemError) -> Int? {
        try Files.makeFolder(folder)
        let lock = try WaitingLock.hold("\(folder)/.lock")
        defer { lock.release() }
        let claims = try claims()
        if let mine = claims.first(where: { $0.value == owner }) { return mine.key }
        let candidates = [wanted] + Self.others(than: wanted, for: owner)
        guard let port = candidates.first(where: { claims[$0] == nil && Self.isFree($0) }) else { return nil }
        try Files.replace("\(folder)/\(port)", with: owner.utf8, durability: .processes)
        return port
    }

    /// Gives the owner's port back; fine if it has none.
    func release(_ owner: String) throws(SystemError) {
        guard Files.isFolder(folder) else { return }
        let lock = try WaitingLock.hold("\(folder)/.lock")
        defer { lock.release() }
        for (port, holder) in try claims() where holder == owner { try Disk.remove("\(folder)/\(port)") }
    }

    /// The claims that count. The others are removed on the way, and so is what a killed broker had begun to write.
    private func claims() throws(SystemError) -> [Int: String] {
        var claims: [Int: String] = [:]
        for name in Files.names(in: folder) where name != ".lock" {
            let path = "\(folder)/\(name)"
            let owner = try Files.read(path).map { String(decoding: $0, as: UTF8.self) }
            if let port = Int(name), let owner, Files.isFolder(owner) {
                claims[port] = owner
            } else {
                try Disk.remove(path)
            }
        }
        return claims
    }

    /// Ports to try instead, in an order of the owner's own. Below those that the kernel lends to outgoing
    /// connections, any of which could sit on the port just when the service wants to open it.
    private static func others(than wanted: Int, for owner: String) -> [Int] {
        let range = 20_000..<min(32_768, lowestLentPort())
        guard !range.isEmpty else { return [] }
        let start = Int(Fate.seed(0, owner) % UInt64(range.count))
        return range.indices.map { range.lowerBound + ($0 - range.lowerBound + start) % range.count }
    }

    private static func lowestLentPort() -> Int {
        guard let bytes = try? Files.read("/proc/sys/net/ipv4/ip_local_port_range"),
            let first = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace).first,
            let port = Int(first), port > 21_000
        else { return 32_768 }
        return port
    }

    /// True if a service could listen there now, on one address or all. What has only just been closed counts as free,
    /// as it does for servers.
    static func isFree(_ port: Int) -> Bool {
        guard let number = UInt16(exactly: port), number > 0 else { return false }
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return false }
        defer { close(socket) }
        var yes: Int32 = 1
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = number.bigEndian
        address.sin_addr.s_addr = INADDR_ANY
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
