import FoundationEssentials
import Glibc
import SkyCore
import SkyProcess

/// What a host of somebody's own keeps for brokers, and the rule that one group at a time has it. Blocks.
///
///     BASE/agents/<digest>/sky-agent         programs, put here by brokers; never changed
///     BASE/hosts/<name>/lock                 held by whoever changes anything below; the kernel takes it back
///     BASE/hosts/<name>/nodes/<token>.<rank>/
///         claim.json                         what it is; with it, the node exists
///         node/                              its agent's folder
///     BASE/hosts/<name>/gone/<token>         that the token was given back: nothing is made under it any more
///
/// `<name>` is the machine's own: home folders are shared among the hosts of many a rack.
struct HostFolder {
    private let root: String

    /// What jobs get between being asked to end and being made to when their node is given back.
    private static let grace = TimeSpan.seconds(2)
    /// What the agent gets beyond that.
    private static let patience: Int64 = 3000
    /// How long whoever comes next waits for the lock, in milliseconds.
    private static let lockPatience: Int64 = 30_000
    /// How long it is remembered that a token was given back, in seconds.
    private static let memory = 90 * 86_400

    private struct Record: Codable {
        var claim: HostClaim
        var createdAt: Int64
    }

    init(base: String, name: String = AgentInfo.current(directory: "/").hostName) throws(SystemError) {
        let root = "\(base)/hosts/\(name)"
        try Files.makeFolder("\(root)/nodes", mode: 0o700)
        try Files.makeFolder("\(root)/gone", mode: 0o700)
        guard let absolute = Files.absolutePath(root) else { throw .last("find \(root)") }
        self.root = absolute
    }

    // MARK: What brokers ask for

    /// Makes the node, or finds it made, and starts its agent. Refused while another group has the host.
    func claim(_ claim: HostClaim) throws(HostFailure) -> HostNode {
        guard Self.isToken(claim.token), (0...100_000).contains(claim.rank) else {
            throw HostFailure(.system, "'\(claim.token)' cannot be a token")
        }
        return try locked { () throws(HostFailure) in
            guard !Files.exists("\(root)/gone/\(claim.token)") else {
                throw HostFailure(.lost, "group \(claim.token) was given back")
            }
            for node in nodes() {
                if node.token == claim.token, node.rank == claim.rank {
                    guard node.state == .running else { throw HostFailure(.lost, "group \(claim.token) is gone") }
                    try start(node, claim)
                    return node
                }
                guard node.state == .lost else {
                    throw HostFailure(.held, "held by \(node.token), rank \(node.rank)")
                }
                // Nobody needs it any more, and whoever had it will find it gone.
                try remove(node)
            }
            let node = try make(claim)
            try start(node, claim)
            return node
        }
    }

    /// All nodes that are here; more than one only for a moment.
    func list() throws(HostFailure) -> [HostNode] {
        try locked { () throws(HostFailure) in nodes() }
    }

    /// Ends and removes the token's nodes. From then on nothing is made under it here.
    func release(token: String) throws(HostFailure) {
        guard Self.isToken(token) else { return }
        try locked { () throws(HostFailure) in
            for node in nodes() where node.token == token { try remove(node) }
            do throws(SystemError) {
                try Files.replace("\(root)/gone/\(token)", with: [], durability: .processes)
            } catch { throw HostFailure(error) }
            forgetOldTokens()
        }
    }

    /// Ends and removes the token's nodes, as if they had never been claimed: part of a group that did not come up.
    func withdraw(token: String) throws(HostFailure) {
        try locked { () throws(HostFailure) in
            for node in nodes() where node.token == token { try remove(node) }
        }
    }

    // MARK: How

    private func locked<Value>(_ body: () throws(HostFailure) -> Value) throws(HostFailure) -> Value {
        let lock: FileLock
        do throws(SystemError) { lock = try takeLock() } catch { throw HostFailure(error) }
        defer { withExtendedLifetime(lock) {} }
        return try body()
    }

    private func takeLock() throws(SystemError) -> FileLock {
        let deadline = monotonicMilliseconds() + Self.lockPatience
        while true {
            if let lock = try FileLock("\(root)/lock") { return lock }
            guard monotonicMilliseconds() < deadline else {
                throw SystemError("take \(root)/lock, which another broker holds for long", code: EBUSY)
            }
            usleep(2000)
        }
    }

    private func nodes() -> [HostNode] {
        Files.names(in: "\(root)/nodes").filter { !$0.hasPrefix(".") }.compactMap { name in
            let folder = "\(root)/nodes/\(name)"
            guard let bytes = (try? Files.read("\(folder)/claim.json")) ?? nil,
                let record = try? JSONDecoder().decode(Record.self, from: Data(bytes)),
                let agent = try? NodeFolder("\(folder)/node")
            else {
                // Cut short with the machine's power, before anything was started in it.
                try? Disk.remove(folder)
                return nil
            }
            // Where even that cannot be seen, it is not for us to call it lost.
            let hasEnded = (try? NodeCrash.endIfCrashed(agent)) ?? false
            return HostNode(
                token: record.claim.token, rank: record.claim.rank, note: record.claim.note,
                state: hasEnded ? .lost : .running, directory: agent.path, createdAt: record.createdAt)
        }
    }

    private func make(_ claim: HostClaim) throws(HostFailure) -> HostNode {
        let name = "\(claim.token).\(claim.rank)"
        let (newcomer, folder) = ("\(root)/nodes/.\(name)", "\(root)/nodes/\(name)")
        let record = Record(claim: claim, createdAt: Self.now)
        do throws(SystemError) {
            guard let data = try? JSONEncoder().encode(record) else {
                throw SystemError("describe \(claim.token)", code: EINVAL)
            }
            try Disk.remove(newcomer)
            try Files.makeFolder("\(newcomer)/node", mode: 0o700)
            try Files.replace("\(newcomer)/claim.json", with: data, durability: .processes)
            try Disk.rename(newcomer, to: folder)
        } catch {
            try? Disk.remove(newcomer)
            throw HostFailure(error)
        }
        return HostNode(
            token: claim.token, rank: claim.rank, note: claim.note, state: .running, directory: "\(folder)/node",
            createdAt: record.createdAt)
    }

    private func start(_ node: HostNode, _ claim: HostClaim) throws(HostFailure) {
        do throws(SystemError) {
            if let there = try? UnixSocket.connect(to: NodeFolder.socket(in: node.directory)) {
                close(there)
                return
            }
            let lease = AgentArguments.Lease(
                span: claim.lease.map(TimeSpan.init(milliseconds:)),
                end: claim.endCommand.map(NodeEnd.command) ?? .processes)
            try AgentStart.start(in: node.directory, lease)
            close(try UnixSocket.connect(to: NodeFolder.socket(in: node.directory)))
        } catch {
            throw HostFailure(error.code == ENOSPC ? .noSpace : .system, "the agent does not start: \(error)")
        }
    }

    /// Lets its jobs end in order, and whatever does not is made to.
    private func remove(_ node: HostNode) throws(HostFailure) {
        let folder = Disk.split(node.directory).folder
        do throws(SystemError) {
            let agent = try NodeFolder(node.directory)
            if !agent.lease.hasEnded { try agent.lease.markEnded(cuttingShort: Files.names(in: agent.jobs)) }
            AgentShutdown.ask(agent, grace: Self.grace, patience: Self.patience)
            let left = Sweep(groupFolder: folder).killAll()
            guard left.isEmpty else {
                throw SystemError("end the processes \(left.map(String.init).joined(separator: ", "))", code: EBUSY)
            }
            for name in Files.names(in: folder) where name != "claim.json" { try Disk.remove("\(folder)/\(name)") }
            try Disk.remove(folder)
        } catch { throw HostFailure(error) }
    }

    private func forgetOldTokens() {
        let limit = Int(time(nil)) - Self.memory
        for token in Files.names(in: "\(root)/gone") {
            var status = stat()
            guard stat("\(root)/gone/\(token)", &status) == 0, status.st_mtim.tv_sec < limit else { continue }
            unlink("\(root)/gone/\(token)")
        }
    }

    private static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    private static func isToken(_ text: String) -> Bool {
        let isSound = text.utf8.allSatisfy { byte in
            (0x61...0x7a).contains(byte) || (0x41...0x5a).contains(byte) || (0x30...0x39).contains(byte)
                || [0x2d, 0x5f, 0x2e].contains(byte)
        }
        return isSound && !text.hasPrefix(".") && (1...200).contains(text.utf8.count)
    }
}
