import Glibc
import SkyProcess

/// A switch, a client and hosts, each in a network namespace of its own: a cable between a host and the switch can be
/// pulled, and then nobody is told. This machine's own network is not touched.
public struct FarmNetwork: Sendable {
    private let tag: String
    private let hosts: Int

    /// Only root may make networks, where the machine lets it (many containers do not), and only with `ip` (the package
    /// iproute2).
    public static var canBeMade: Bool {
        let status = String(decoding: ((try? Files.read("/proc/self/status")) ?? nil) ?? [], as: UTF8.self)
        let line = status.split(separator: "\n").first { $0.hasPrefix("CapEff:") }
        let rights = line?.split(whereSeparator: \.isWhitespace).last.flatMap { UInt64($0, radix: 16) } ?? 0
        let needed = UInt64(1) << 12 | 1 << 21  // CAP_NET_ADMIN and CAP_SYS_ADMIN
        return rights & needed == needed
            && ["/sbin/ip", "/usr/sbin/ip", "/usr/bin/ip", "/bin/ip"].contains(where: Files.exists)
    }

    /// Where whoever uses the hosts runs: `ip netns exec` this.
    public var client: String { "\(tag)c" }
    private var hub: String { "\(tag)s" }

    public func namespace(of host: Int) -> String { "\(tag)m\(host)" }
    public func address(of host: Int) -> String { "10.77.0.\(host + 1)" }

    init(hosts: Int) async throws {
        tag = "sky\(getpid() % 10_000)\(UInt8.random(in: 0 ... .max))"
        self.hosts = hosts
        do {
            try await ip("netns", "add", hub)
            try await ip("-n", hub, "link", "add", "br0", "type", "bridge")
            try await ip("-n", hub, "link", "set", "br0", "up")
            try await plug(client, port: "p0", address: "10.77.0.1")
            for host in 1...hosts { try await plug(namespace(of: host), port: "p\(host)", address: address(of: host)) }
        } catch {
            await remove()
            throw error
        }
    }

    private func plug(_ namespace: String, port: String, address: String) async throws {
        try await ip("netns", "add", namespace)
        try await ip("-n", hub, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", namespace)
        try await ip("-n", hub, "link", "set", port, "master", "br0", "up")
        try await ip("-n", namespace, "addr", "add", "\(address)/24", "dev", "eth0")
        try await ip("-n", namespace, "link", "set", "eth0", "up")
        try await ip("-n", namespace, "link", "set", "lo", "up")
    }

    /// Pulls a host's cable, or plugs it in again.
    public func setCable(of host: Int, isIn: Bool) async throws {
        try await ip("-n", hub, "link", "set", "p\(host)", isIn ? "up" : "down")
    }

    func remove() async {
        for namespace in [client, hub] + (1...hosts).map(namespace(of:)) {
            try? await ip("netns", "del", namespace)
        }
    }

    private func ip(_ arguments: String...) async throws {
        let end = try await ProcessSpawn(
            "ip", arguments, standardOutput: .null, standardError: .null
        ).start().wait()
        guard end.shellCode == 0 else {
            throw SSHFarm.Missing(description: "ip \(arguments.joined(separator: " ")) ended with \(end.shellCode)")
        }
    }
}
