import Glibc
import SkyProcess

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A real Slurm on loopback: a controller and nodes that are each a `slurmd` with process numbers, a host name and a /tmp
/// of their own. Everything listens on 127.0.0.1 alone, with a key of its own.
///
/// Needs root, for the nodes' namespaces, and the packages slurm-wlm and munge.
public final class LoopbackSlurm: Sendable {
    public let folder: String
    /// `n1`, `n2`, …
    public let nodes: [String]

    /// What the nodes say they have, which may be more than this machine has, and the partitions over them.
    public struct Shape: Sendable {
        public var nodes = 2
        public var cpus = 4
        /// MB.
        public var memory = 4000
        /// Of the type `a100`.
        public var gpus = 0
        /// Lines of `slurm.conf`; all nodes are in each.
        public var partitions = ["PartitionName=main Default=YES MaxTime=INFINITE"]

        public init() {}

        public init(nodes: Int = 2, gpus: Int = 0, partitions: [String]) {
            self.init()
            self.nodes = nodes
            self.gpus = gpus
            self.partitions = partitions
        }
    }

    public struct Missing: Error, CustomStringConvertible {
        public let description: String
    }

    /// What keeps this machine from running one; nil for nothing.
    public static let obstacle: String? = {
        guard getuid() == 0 else { return "only root can give nodes namespaces of their own" }
        for program in ["/usr/sbin/slurmctld", "/usr/sbin/slurmd", "/usr/sbin/munged", "/usr/bin/unshare"]
        where access(program, X_OK) != 0 {
            return "there is no \(program): scripts/ensure-packages.sh test installs it (slurm-wlm, munge)"
        }
        return nil
    }()

    public static var canRun: Bool { obstacle == nil }

    public var configuration: String { "\(folder)/slurm.conf" }
    private let shape: Shape
    private let ports: (controller: Int, nodes: [Int])
    private let munge: String

    /// Runs `body` with a cluster that is up, and ends all that runs on it.
    public static func use<Result>(
        _ shape: Shape = Shape(), _ body: (LoopbackSlurm) async throws -> Result
    ) async throws -> Result {
        if let obstacle { throw Missing(description: obstacle) }
        return try await withTemporaryFolder { folder in
            let cluster = try await started(shape, in: folder)
            do {
                let result = try await body(cluster)
                await cluster.end()
                return result
            } catch {
                await cluster.end()
                throw error
            }
        }
    }

    /// A cluster that is up. Other programs of this machine may take a port between its choice and its use: once more
    /// then, with other ports.
    private static func started(_ shape: Shape, in folder: String) async throws -> LoopbackSlurm {
        var attempt = 0
        while true {
            attempt += 1
            let cluster = try LoopbackSlurm("\(folder)/\(attempt)", shape)
            do {
                try await cluster.start()
                return cluster
            } catch let failure as Missing {
                await cluster.end()
                guard attempt < 3, failure.description.contains("Address already in use") else { throw failure }
            } catch {
                await cluster.end()
                throw error
            }
        }
    }

    private init(_ folder: String, _ shape: Shape) throws {
        try Files.makeFolder(folder, mode: 0o755)
        // The temporary folder of tests can be deeper than the name of a socket may be long.
        var template = Array("/tmp/.sky-munge.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Missing(description: "no folder in /tmp") }
        munge = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        self.folder = folder
        self.shape = shape
        nodes = (1...shape.nodes).map { "n\($0)" }
        let free = (0...shape.nodes).map { _ in freePort() ?? 0 }
        ports = (free[0], Array(free.dropFirst()))
        // Jobs run as the user who submits them, who must get there; and munged insists.
        for folder in [folder, munge] { chmod(folder, 0o755) }
        try Files.makeFolder("\(folder)/controller", mode: 0o755)
        try Files.makeFolder("\(folder)/home", mode: 0o700)
        for node in nodes {
            try Files.makeFolder("\(folder)/\(node)/spool", mode: 0o755)
            try Files.makeFolder("\(folder)/\(node)/tmp", mode: 0o777)
            chmod("\(folder)/\(node)/tmp", 0o1777)
        }
        let host = Self.hostName
        // A daemon calls back the address that a request came from, which on loopback is this one.
        try write("127.0.0.1 localhost \(host) \(nodes.joined(separator: " "))\n", to: "hosts")
        try write(configurationText(host), to: "slurm.conf")
        try write(
            shape.gpus > 0 ? "NodeName=\(nodeList) Name=gpu Type=a100 File=/dev/tty[0-\(shape.gpus - 1)]\n" : "",
            to: "gres.conf")
    }

    private var nodeList: String { "n[1-\(shape.nodes)]" }

    private static var hostName: String {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        let text = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return String(text.prefix { $0 != "." })
    }

    private func write(_ text: String, to name: String) throws {
        try Files.replace("\(folder)/\(name)", with: Array(text.utf8), durability: .processes)
        chmod("\(folder)/\(name)", 0o644)
    }

    private func configurationText(_ host: String) -> String {
        let gres = shape.gpus > 0 ? " Gres=gpu:a100:\(shape.gpus)" : ""
        let lines = [
            "ClusterName=test", "SlurmctldHost=\(host)(127.0.0.1)", "SlurmctldPort=\(ports.controller)",
            "SlurmUser=root", "SlurmdUser=root", "AuthType=auth/munge", "AuthInfo=socket=\(munge)/socket",
            "CredType=cred/munge", "CommunicationParameters=NoInAddrAny,NoCtldInAddrAny",
            "StateSaveLocation=\(folder)/controller", "SlurmctldPidFile=\(folder)/controller.pid",
            "SlurmctldLogFile=\(folder)/controller.log", "SlurmdSpoolDir=\(folder)/%n/spool",
            "SlurmdPidFile=\(folder)/%n/pid", "SlurmdLogFile=\(folder)/%n.log",
            // Nothing of this machine's control groups, and several nodes on it.
            "ProctrackType=proctrack/linuxproc", "TaskPlugin=task/none", "SwitchType=switch/none", "MpiDefault=none",
            "JobAcctGatherType=jobacct_gather/none", "SlurmdParameters=config_overrides",
            "SelectType=select/cons_tres", "SelectTypeParameters=CR_Core_Memory",
            "PreemptType=preempt/partition_prio", "PreemptMode=REQUEUE",
            // Quick, where quick costs nothing.
            "SchedulerParameters=bf_interval=1,sched_min_interval=0,batch_sched_delay=0", "CompleteWait=0",
            "MessageTimeout=10", "SlurmdTimeout=8", "KillWait=5", "ReturnToService=2", "OverTimeLimit=0",
            "GresTypes=gpu",
            "NodeName=DEFAULT CPUs=\(shape.cpus) Boards=1 SocketsPerBoard=1 CoresPerSocket=\(shape.cpus)"
                + " ThreadsPerCore=1 RealMemory=\(shape.memory)\(gres)",
        ]
        let nodeLines = zip(nodes, ports.nodes).map { node, port in
            "NodeName=\(node) NodeHostname=\(host) NodeAddr=127.0.0.1 Port=\(port)"
        }
        let partitions = shape.partitions.map { "\($0) Nodes=ALL State=UP" }
        return (lines + nodeLines + partitions).joined(separator: "\n") + "\n"
    }

    // MARK: Life

    private func start() async throws {
        var key = [UInt8](repeating: 0, count: 128)
        for index in key.indices { key[index] = .random(in: 0 ... .max) }
        try Files.replace("\(munge)/key", with: key, durability: .processes)
        chmod("\(munge)/key", 0o600)
        try launch(
            "munged",
            [
                "/usr/sbin/munged", "--foreground", "--force", "--key-file=\(munge)/key", "--socket=\(munge)/socket",
                "--pid-file=\(munge)/pid", "--log-file=\(munge)/log", "--seed-file=\(munge)/seed",
            ])
        try await wait(for: "munged") { try await self.succeeds(["munge", "-n", "--socket=\(self.munge)/socket"]) }
        try launch("slurmctld", ["/usr/sbin/slurmctld", "-D", "-c", "-f", configuration])
        try await wait(for: "slurmctld") { try await self.succeeds(["scontrol", "ping"]) }
        for node in nodes { try await boot(node) }
    }

    /// Starts a node and waits until it may be used.
    public func boot(_ node: String) async throws {
        try launch(
            node,
            [
                "/usr/bin/unshare", "--fork", "--pid", "--mount", "--uts", "--kill-child=KILL", "/bin/sh", "-c",
                nodeScript(node),
            ])
        try await wait(for: node) {
            let state = try await self.output(["scontrol", "show", "node", node])
            return state.contains(/State=(IDLE|MIXED|ALLOCATED)\b[^*]/)
        }
    }

    /// What runs first in a node's namespaces. The shell stays there to reap what nobody else does: with `slurmd` in its
    /// place, jobs would never be seen to end.
    private func nodeScript(_ node: String) -> String {
        let own = "\(folder)/\(node)/tmp"
        // What all nodes share is below /tmp, and the node's own /tmp would hide it.
        let shared = [folder, munge].filter { $0.hasPrefix("/tmp/") }.map { path in
            let place = "\(own)\(path.dropFirst("/tmp".count))"
            return "mkdir -p '\(place)'; mount --bind '\(path)' '\(place)'"
        }
        let lines =
            ["set -e", "hostname \(node)", "mount -t proc proc /proc", "mount --bind '\(folder)/hosts' /etc/hosts"]
            + shared
            + ["mount --rbind '\(own)' /tmp", "/usr/sbin/slurmd -D -f '\(configuration)' -N \(node) &", "wait $!"]
        return lines.joined(separator: "\n")
    }

    /// The node's machine is gone at once, with everything on it.
    public func crash(_ node: String) async {
        await end(named: node)
    }

    private func end() async {
        for name in nodes + ["slurmctld", "munged"] { await end(named: name) }
        try? Disk.remove(munge)
    }

    private func end(named name: String) async {
        guard let text = (try? Files.read("\(folder)/\(name).started")) ?? nil,
            let pid = Int32(String(decoding: text, as: UTF8.self))
        else { return }
        // With whom it was to end after all.
        kill(-pid, SIGKILL)
        for _ in 0..<1000 {
            if ProcessTable.status(of: pid)?.isGone ?? true { break }
            try? await Task.sleep(for: .milliseconds(10))
        }
        unlink("\(folder)/\(name).started")
    }

    private func launch(_ name: String, _ command: [String]) throws {
        let log = ProcessSpawn.Stream.append(path: "\(folder)/\(name).out")
        // Tests that crash leave nothing for long.
        let process = try ProcessSpawn(
            "/usr/bin/timeout", ["-s", "KILL", "1800"] + command, environment: environment, leadership: .session,
            standardOutput: log, standardError: log
        ).start()
        process.reap()
        try write("\(process.pid)", to: "\(name).started")
    }

    private func wait(for name: String, until condition: @Sendable () async throws -> Bool) async throws {
        for _ in 0..<600 {
            if try await condition() { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        let log = ["\(name).out", "\(name).log", "controller.log"].map { file in
            String(decoding: ((try? Files.read("\(folder)/\(file)")) ?? nil) ?? [], as: UTF8.self).suffix(1500)
        }
        throw Missing(description: "\(name) does not start: \(log.joined(separator: "\n"))")
    }

    // MARK: Asking

    private var environment: [String: String] {
        var all = ProcessInfo.processInfo.environment
        all["SLURM_CONF"] = configuration
        return all
    }

    private func succeeds(_ command: [String]) async throws -> Bool {
        let end = try await ProcessSpawn(
            "/usr/bin/env", command, environment: environment, standardOutput: .null, standardError: .null
        ).start().wait()
        return end.shellCode == 0
    }

    /// What one of Slurm's commands prints, whether it succeeds or not.
    public func output(_ command: [String]) async throws -> String {
        let path = "\(folder)/call-\(UInt32.random(in: 0 ... .max))"
        _ = try await ProcessSpawn(
            "/usr/bin/env", command, environment: environment, standardOutput: .append(path: path),
            standardError: .append(path: path)
        ).start().wait()
        defer { unlink(path) }
        return String(decoding: try Files.read(path) ?? [], as: UTF8.self)
    }

    /// The states of all jobs that are in the queue, by name.
    public func queue() async throws -> [String: String] {
        var states: [String: String] = [:]
        for line in try await output(["squeue", "-h", "-o", "%j|%T"]).split(separator: "\n") {
            let parts = line.split(separator: "|")
            if parts.count == 2 { states[String(parts[0])] = String(parts[1]) }
        }
        return states
    }
}
