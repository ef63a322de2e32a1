import Glibc
import SkyProcess

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Hosts behind OpenSSH on loopback: each has a port, a host key, a home folder and a temporary one of its own. What is below
/// its home counts as its disk, and what runs from there as its processes.
///
/// Whoever gets in is the user that the tests run as, or where that is root an ordinary one, if that is wished: with no rights
/// but those to its own home, known to nobody outside of the hosts, which have an /etc/passwd of their own.
///
/// Needs `sshd` (the package openssh-server): a test without it fails and says so.
public final class SSHFarm: Sendable {
    public let folder: String
    public let hosts: [Host]
    /// Nil where all hosts are on this machine's own loopback.
    public let network: FarmNetwork?

    public struct Host: Sendable {
        public let name: String
        public let folder: String
        public let address: String
        public let port: Int
        /// Its network namespace, if it has one of its own.
        public let namespace: String?

        public var home: String { "\(folder)/home" }

        /// Everything that it runs, by the home folder in their arguments or variables.
        public func processes() -> [Int32] {
            let prefix = "\(home)/"
            let agents = ProcessTable.all().filter { process in
                !process.isGone && ProcessTable.arguments(of: process.pid).contains { $0.hasPrefix(prefix) }
            }
            let jobs = ProcessTable.withVariable("SKY_JOB_DIR") { $0.hasPrefix(prefix) }
            let own = Set((agents + jobs).map(\.pid)).subtracting([getpid()])
            return (own + ProcessTable.descendants(of: own, in: ProcessTable.all()).map(\.pid)).sorted()
        }
    }

    public struct Missing: Error, CustomStringConvertible {
        public let description: String
    }

    /// The configuration that reaches all of them by name.
    public var config: String { "\(folder)/ssh_config" }
    private var key: String { "\(folder)/id" }
    private static let server = "/usr/sbin/sshd"
    /// The ordinary user's number and group, if there is one.
    public let worker: UInt32?

    /// Runs `body` with so many hosts, and ends all that ran on them.
    ///
    /// - Parameters:
    ///   - isolated: each host has a network of its own behind a cable that can be cut; needs root.
    ///   - withoutRights: whoever gets in is no root.
    public static func use<Result>(
        _ count: Int, isolated: Bool = false, withoutRights: Bool = false, _ body: (SSHFarm) async throws -> Result
    ) async throws -> Result {
        try await withTemporaryFolder { folder in
            let network = isolated ? try await FarmNetwork(hosts: count) : nil
            let farm: SSHFarm
            let worker = withoutRights && getuid() == 0 ? UInt32(64_123) : nil
            do { farm = try await SSHFarm(folder, count: count, network, worker) } catch {
                await network?.remove()
                throw error
            }
            do {
                let result = try await body(farm)
                await farm.end()
                return result
            } catch {
                await farm.end()
                throw error
            }
        }
    }

    private init(_ folder: String, count: Int, _ network: FarmNetwork?, _ worker: UInt32?) async throws {
        guard access(Self.server, X_OK) == 0 else {
            throw Missing(
                description: "no \(Self.server): scripts/ensure-packages.sh test installs it (openssh-server)")
        }
        self.folder = folder
        self.network = network
        self.worker = worker
        hosts = (1...count).map { number in
            Host(
                name: "m\(number)", folder: "\(folder)/m\(number)",
                address: network?.address(of: number) ?? "127.0.0.1",
                port: network == nil ? freePort() ?? 0 : 2222, namespace: network?.namespace(of: number))
        }
        // sshd wants it, also where it does not use it; only root can make it, and only root's sshd insists.
        mkdir("/run/sshd", 0o755)
        try await Self.run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", "\(folder)/id"])
        var known = ""
        var config = ""
        for host in hosts {
            try Files.makeFolder(host.home, mode: 0o700)
            try await Self.run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", "\(host.folder)/key"])
            let key = String(decoding: try Files.read("\(host.folder)/key.pub") ?? [], as: UTF8.self)
            known += "\(host.name) \(key.split(separator: " ").prefix(2).joined(separator: " "))\n"
            config +=
                "Host \(host.name)\n  HostName \(host.address)\n  Port \(host.port)\n  HostKeyAlias \(host.name)\n"
                + (worker == nil ? "" : "  User worker\n")
            try write(Self.serverConfig(of: host, in: folder), to: "\(host.folder)/sshd_config")
            try giveToWorker(host)
        }
        config += """
            Host *
              IdentityFile \(folder)/id
              IdentitiesOnly yes
              UserKnownHostsFile \(folder)/known_hosts
              StrictHostKeyChecking yes

            """
        try write(known, to: "\(folder)/known_hosts")
        try write(config, to: "\(folder)/ssh_config")
        for host in hosts { try await boot(host) }
    }

    private static func serverConfig(of host: Host, in folder: String) -> String {
        """
        ListenAddress \(host.address):\(host.port)
        HostKey \(host.folder)/key
        PidFile \(host.folder)/sshd.pid
        AuthorizedKeysFile \(folder)/id.pub
        StrictModes no
        PasswordAuthentication no
        KbdInteractiveAuthentication no
        UsePAM no
        PrintMotd no
        PrintLastLog no
        SetEnv HOME=\(host.home) PATH=\(String(cString: getenv("PATH") ?? strdup("/usr/bin:/bin")))
        MaxStartups 100:30:200

        """
    }

    private func giveToWorker(_ host: Host) throws {
        guard let worker else { return }
        let line = "worker:x:\(worker):\(worker)::\(host.home):/bin/sh\n"
        try write("root:x:0:0:root:/root:/bin/sh\n\(line)", to: "\(host.folder)/passwd")
        for path in [host.folder, host.home] + ["key", "sshd_config", "passwd"].map({ "\(host.folder)/\($0)" }) {
            guard chown(path, worker, worker) == 0 else { throw SystemError.last("give \(path) to the worker") }
        }
        chmod("\(folder)/id.pub", 0o644)
    }

    /// What `sshd` is started by, so that it is the worker's: one that is not root's lets in only its own user.
    private func entry(to host: Host) -> [String] {
        guard let worker else { return [] }
        let script = "mount --bind \(host.folder)/passwd /etc/passwd; exec \"$@\""
        let user = ["setpriv", "--reuid=\(worker)", "--regid=\(worker)", "--clear-groups", "--inh-caps=-all"]
        return ["unshare", "--mount", "sh", "-c", script, "sh"] + user
    }

    private func write(_ text: String, to path: String) throws {
        try Files.replace(path, with: Array(text.utf8), durability: .processes)
    }

    // MARK: Good and bad days

    /// Starts the host's sshd and waits until it answers.
    public func boot(_ host: Host) async throws {
        let ready = "\(host.folder)/sshd.pid"
        unlink(ready)
        let entry = host.namespace.map { ["ip", "netns", "exec", $0] } ?? []
        // Tests that crash leave nothing for long.
        let limited = ["timeout", "-s", "KILL", "1200"] + self.entry(to: host) + [Self.server, "-D"]
        let command = entry + limited + ["-f", "\(host.folder)/sshd_config", "-E", "\(host.folder)/sshd.log"]
        try ProcessSpawn(
            "/usr/bin/env", command, leadership: .session, standardOutput: .null, standardError: .null
        ).start().reap()
        for _ in 0..<400 {
            // Written once it listens.
            if Files.exists(ready) { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        let log = String(decoding: (try? Files.read("\(host.folder)/sshd.log")) ?? [], as: UTF8.self)
        throw Missing(description: "sshd does not start: \(log)")
    }

    /// The way to the host is gone: its sshd and all its connections, but nothing of what it runs.
    public func cut(_ host: Host) {
        for pid in servers(of: host) { kill(pid, SIGKILL) }
        while !servers(of: host).isEmpty { usleep(2000) }
    }

    /// A reboot without the coming up: everything that it runs dies at once.
    public func crash(_ host: Host) {
        cut(host)
        while true {
            let left = host.processes()
            if left.isEmpty { return }
            for pid in left { kill(pid, SIGKILL) }
            usleep(2000)
        }
    }

    /// What a cloud does with a machine that was given back: nothing of what ran there or was on its disk is left. Its sshd goes on.
    public func wipe(_ host: Host) throws {
        while true {
            let left = host.processes()
            if left.isEmpty { break }
            for pid in left { kill(pid, SIGKILL) }
            usleep(2000)
        }
        for name in Files.names(in: host.home) { try FileManager.default.removeItem(atPath: "\(host.home)/\(name)") }
    }

    /// sshd of this host, and those that serve a connection of it: by what they inherited from it.
    private func servers(of host: Host) -> [Int32] {
        let all = ProcessTable.all().filter { !$0.isGone }
        // It writes a title over its arguments, which still has them.
        let main = all.filter { process in
            ProcessTable.arguments(of: process.pid).contains { $0.contains("\(host.folder)/sshd_config") }
        }
        // A server of a connection has a name of its own making, and its listener as a parent.
        let below = ProcessTable.descendants(of: main.map(\.pid), in: all).filter { process in
            ProcessTable.arguments(of: process.pid).first?.hasPrefix("sshd:") == true
        }
        return (main + below).map(\.pid)
    }

    private func end() async {
        for host in hosts { crash(host) }
        // The ends on this side: masters that nobody needs any more.
        let masters = ProcessTable.all().filter { process in
            !process.isGone && ProcessTable.arguments(of: process.pid).contains { $0.contains("\(folder)/") }
        }
        for process in masters where process.pid != getpid() { kill(process.pid, SIGKILL) }
        await network?.remove()
    }

    // MARK: Small things

    private static func run(_ program: String, _ arguments: [String]) async throws {
        let end = try await ProcessSpawn(program, arguments, standardOutput: .null).start().wait()
        guard end.shellCode == 0 else { throw Missing(description: "\(program) ended with \(end.shellCode)") }
    }

    private static func loopback(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }
}
