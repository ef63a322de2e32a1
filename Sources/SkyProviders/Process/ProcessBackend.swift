import Glibc
import SkyCore
import SkyProcess
import SkyRuntime

/// Stands in for any provider: a node is a folder of this machine and an agent that works in it.
///
/// All that it knows is on the disk, under `<state>/nodes/<provider>/`, written before it is done: a broker killed
/// between any two steps leaves a record of what it meant to do, and the next `provision` or `terminate` of the token
/// goes on from there. A lock for each token keeps two brokers from doing it twice.
struct ProcessBackend: Sendable {
    let provider: String
    let agentExecutable: String
    private let root: String
    private let ports: PortRegistry
    private let launcher: AgentLauncher
    private let books: GroupBooks
    private let memory = RecordMemory()

    /// What jobs get between being asked to end and being made to when their group is given back.
    private let grace: TimeSpan
    /// What an agent gets beyond that to say that it is done.
    private let patience: TimeSpan
    /// More agents than one machine can seriously stand in for.
    static let nodeLimit = 512

    init(
        provider: String, stateDirectory: String, agentExecutable: String, grace: TimeSpan = .seconds(2),
        patience: TimeSpan = .seconds(3)
    ) {
        self.provider = provider
        launcher = AgentLauncher(executable: agentExecutable)
        self.agentExecutable = agentExecutable
        self.grace = grace
        self.patience = patience
        root = "\(stateDirectory)/nodes/\(provider)"
        books = GroupBooks(root: root)
        ports = PortRegistry(folder: "\(stateDirectory)/nodes/.ports")
    }

    // MARK: Renting

    func provision(_ request: NodeGroupRequest) async throws(ProviderError) -> NodeGroup {
        try check(request)
        let folder = try makeFolder(for: request.token)
        let lock = try await lock(folder)
        defer { lock.release() }

        guard !books.isGone(request.token) else { throw lost("group \(request.token) was given back") }
        var record = try intend(request, folder)
        let wasRunning = record.state == .running
        if let failure = await startAgents(of: folder, record) {
            // Nodes that ran before keep their files and jobs; new ones are nobody's yet.
            if !wasRunning {
                try await tearDown(folder, record)
                try remove(folder)
            }
            throw failure
        }
        if !wasRunning {
            record.state = .running
            try save(record, folder)
        }
        return record.group
    }

    private func check(_ request: NodeGroupRequest) throws(ProviderError) {
        guard GroupFolder.isName(request.token) else {
            throw refusal("'\(request.token)' cannot be a group's token")
        }
        guard (1...Self.nodeLimit).contains(request.numNodes) else {
            throw refusal("\(request.numNodes) nodes: a group here has 1 to \(Self.nodeLimit)")
        }
        if let port = request.servicePort, !(1...65_535).contains(port) { throw refusal("\(port) is not a port") }
        guard access(agentExecutable, X_OK) == 0 else {
            throw refusal("there is no program \(agentExecutable) to run the nodes with")
        }
    }

    /// The group's record, on the disk before anything it speaks of is started.
    private func intend(_ request: NodeGroupRequest, _ folder: GroupFolder) throws(ProviderError) -> GroupRecord {
        var record: GroupRecord
        switch try load(folder) {
        case .missing:
            record = GroupRecord(provider: provider, request: request)
            do { try folder.create(record) } catch { throw error.providerError(provider) }
        case .unreadable: throw lost("the record of group \(request.token) cannot be read; terminate it")
        case .group(let known):
            guard known.state != .lost, !folder.hasEndedNode(of: known) else {
                throw lost("group \(request.token) is gone")
            }
            guard known.request.asksForMachines(of: request) else {
                throw refusal("token \(request.token) already stands for a group of other machines")
            }
            record = try countStart(of: known, folder)
        }
        if let wanted = record.request.servicePort, record.endpointPort == nil {
            record.endpointPort = try claim(wanted, for: folder)
            try save(record, folder)
        }
        return record
    }

    private func countStart(of record: GroupRecord, _ folder: GroupFolder) throws(ProviderError) -> GroupRecord {
        guard let starts = record.starts, starts == 1 else { return record }
        var record = record
        record.starts = starts + 1
        try save(record, folder)
        return record
    }

    private func claim(_ wanted: Int, for folder: GroupFolder) throws(ProviderError) -> Int {
        do {
            if let port = try ports.claim(wanted, for: folder.path) { return port }
        } catch { throw error.providerError(provider) }
        throw ProviderError(.noCapacity, provider: provider, "no port is free on this machine")
    }

    /// Starts those that do not run, all at once. The first failure by rank, after all have been tried.
    private func startAgents(of folder: GroupFolder, _ record: GroupRecord) async -> ProviderError? {
        await withTaskGroup(of: (rank: Int, failure: ProviderError?).self) { tasks in
            for rank in 0..<record.request.numNodes {
                tasks.addTask { (rank, await startAgent(of: rank, folder, record.request.lease)) }
            }
            var failures: [Int: ProviderError] = [:]
            for await result in tasks { failures[result.rank] = result.failure }
            return failures.min { $0.key < $1.key }?.value
        }
    }

    private func startAgent(of rank: Int, _ folder: GroupFolder, _ lease: TimeSpan?) async -> ProviderError? {
        do throws(AgentError) {
            try await launcher.start(directory: folder.node(rank), lease: lease, nodeEnd: .processes)
            return nil
        } catch {
            return ProviderError(.transient, provider: provider, "node \(rank) of \(folder.token): \(error)")
        }
    }

    // MARK: Looking

    func describe(token: String) throws(ProviderError) -> NodeGroup? {
        guard GroupFolder.isName(token), case .group(let record) = try load(GroupFolder(root: root, token: token))
        else { return nil }
        return group(of: record, in: GroupFolder(root: root, token: token))
    }

    /// A group is lost as soon as one of its nodes has ended itself.
    private func group(of record: GroupRecord, in folder: GroupFolder) -> NodeGroup {
        var group = record.group
        if folder.hasEndedNode(of: record) { group.state = .lost }
        return group
    }

    func list(run: RunID?) throws(ProviderError) -> [NodeGroup] {
        var groups: [NodeGroup] = []
        for name in Files.names(in: root) {
            if let group = try describe(token: name), run == nil || group.run == run { groups.append(group) }
        }
        return groups
    }

    // MARK: Giving back

    func terminate(token: String) async throws(ProviderError) {
        guard GroupFolder.isName(token) else { return }
        let folder = try makeFolder(for: token)
        let lock = try await lock(folder)
        defer { lock.release() }
        var known: GroupRecord?
        if case .group(let record) = try load(folder) { known = record }
        let ended = try await tearDown(folder, known)
        do { try books.close(token, held: ended?.heldSpan(), from: folder.path) } catch {
            throw error.providerError(provider)
        }
        try remove(folder)
    }

    func held(token: String) throws(ProviderError) -> HeldSpan? {
        guard GroupFolder.isName(token) else { return nil }
        do { return try books.held(token) } catch { throw error.providerError(provider) }
    }

    /// Kills all of it at once, as a provider does that wants its machines back. The record stays, for all to see.
    func preempt(token: String) async throws(ProviderError) {
        guard GroupFolder.isName(token), Files.isFolder("\(root)/\(token)") else { return }
        let folder = try makeFolder(for: token)
        let lock = try await lock(folder)
        defer { lock.release() }
        guard case .group(var record) = try load(folder), record.state != .lost else { return }
        record.end(takenBack: true)
        try save(record, folder)
        try await sweep(folder)
    }

    /// Ends all that runs of it. The caller holds the lock.
    ///
    /// - Returns: the record as it was in the end.
    @discardableResult
    private func tearDown(
        _ folder: GroupFolder, _ known: GroupRecord?
    ) async throws(ProviderError) -> GroupRecord? {
        var last = known
        if var record = known, record.state != .lost {
            // From here on there is no way back, whoever dies: half a group must not be completed again.
            record.end()
            try save(record, folder)
            last = record
        }
        let isClean = await askAgentsToEnd(folder, known)
        if !isClean { try await sweep(folder) }
        return last
    }

    private func remove(_ folder: GroupFolder) throws(ProviderError) {
        defer { memory.forget(folder) }
        do {
            try ports.release(folder.path)
            try folder.remove()
        } catch { throw error.providerError(provider) }
    }

    /// Lets jobs end in order. Whatever does not answer, or not in time, is left to the sweep.
    ///
    /// - Parameter known: the record as it was before its end.
    /// - Returns: true if nothing is left for certain, so that looking through all processes of the machine, which costs
    ///   more than all else that is done for a small group, can be spared.
    private func askAgentsToEnd(_ folder: GroupFolder, _ known: GroupRecord?) async -> Bool {
        let nodes = folder.nodes()
        let isClean = await withTaskGroup(of: Bool.self) { tasks in
            tasks.addTask { await shutDownAgents(nodes) }
            tasks.addTask {
                let limit = (grace + patience).milliseconds
                guard (try? await Task.sleep(for: .milliseconds(limit))) != nil else { return false }
                // An agent that hangs: its end breaks the connection that the other task waits at.
                try? await sweep(folder)
                return false
            }
            defer { tasks.cancelAll() }
            return await tasks.next() ?? false
        }
        // Each node's one agent was up when the group came to run. Agents of a group that did not, or that was worked on
        // again, may still be on their way.
        guard isClean, let known else { return false }
        return known.state == .running && known.starts == 1 && known.request.numNodes == nodes.count
    }

    /// True if each node's agent was alone when it ended, and its process is gone too.
    private func shutDownAgents(_ nodes: [String]) async -> Bool {
        await withTaskGroup(of: Bool.self) { tasks in
            for node in nodes {
                tasks.addTask {
                    guard let client = try? await AgentClient(connectingTo: node) else { return false }
                    let isAlone = (try? await client.shutdown(grace: grace)) ?? false
                    await client.close()
                    guard isAlone else { return false }
                    return await isGone(Int32(client.agent.pid))
                }
            }
            return await tasks.reduce(true) { $0 && $1 }
        }
    }

    /// Waits for the last moment of a process that is ending.
    private func isGone(_ pid: Int32) async -> Bool {
        for _ in 0..<200 {
            if !ProcessTable.isAlive(pid) { return true }
            try? await Task.sleep(for: .microseconds(200))
        }
        return false
    }

    private func sweep(_ folder: GroupFolder) async throws(ProviderError) {
        let left = await onOwnThread { Sweep(groupFolder: folder.path).killAll() }
        guard left.isEmpty else {
            let numbers = left.map(String.init).joined(separator: ", ")
            throw ProviderError(
                .transient, provider: provider, "processes of \(folder.token) do not end: \(numbers)")
        }
    }

    // MARK: Reaching

    func channel(to node: Node, of group: NodeGroup) throws(ProviderError) -> ProcessNodeChannel {
        let (folder, record) = try runningGroup(group.token)
        guard (0..<record.request.numNodes).contains(node.rank) else {
            throw refusal("group \(group.token) has no node \(node.rank)")
        }
        return ProcessNodeChannel(backend: self, folder: folder, rank: node.rank)
    }

    /// Restarts a node's agent if it has died: the machine is still there, and its jobs go on under their supervisors.
    func revive(_ rank: Int, of folder: GroupFolder) async throws(ProviderError) {
        let lock = try await lock(folder)
        defer { lock.release() }
        // Looked at again under the lock: nothing may be started in a group that is being given back.
        let record = try runningGroup(folder.token).record
        guard !folder.hasEndedNode(of: record) else {
            throw lost("group \(folder.token) is gone: the lease of its nodes has run out")
        }
        let counted = try countStart(of: record, folder)
        if let failure = await startAgent(of: rank, folder, counted.request.lease) { throw failure }
    }

    /// The group's folder, if there is a group and it is not lost.
    func runningFolder(of token: String) throws(ProviderError) -> GroupFolder { try runningGroup(token).folder }

    private func runningGroup(_ token: String) throws(ProviderError) -> (folder: GroupFolder, record: GroupRecord) {
        guard GroupFolder.isName(token), let root = memory.resolve(root) else {
            throw lost("there is no group \(token)")
        }
        let folder = GroupFolder(root: root, token: token)
        switch try recall(folder) {
        case .missing: throw lost("there is no group \(token)")
        case .unreadable: throw lost("the record of group \(token) cannot be read")
        case .group(let record):
            // One that ends itself may still answer for a moment, but begins nothing any more.
            guard record.state != .lost, !folder.hasEndedNode(of: record) else { throw lost("group \(token) is gone") }
            return (folder, record)
        }
    }

    // MARK: Small things

    /// With the provider's folder made and its links resolved: the path marks the group's processes, and must be the
    /// same for every broker.
    private func makeFolder(for token: String) throws(ProviderError) -> GroupFolder {
        do throws(SystemError) {
            try Files.makeSpreadingFolder(root, mode: 0o700)
            guard let resolved = Files.absolutePath(root) else { throw SystemError.last("find \(root)") }
            return GroupFolder(root: resolved, token: token)
        } catch { throw error.providerError(provider) }
    }

    private func lock(_ folder: GroupFolder) async throws(ProviderError) -> WaitingLock {
        do { return try await WaitingLock.acquire(folder.token, in: folder.locks) } catch {
            throw error.providerError(provider)
        }
    }

    private func load(_ folder: GroupFolder) throws(ProviderError) -> GroupFolder.Contents {
        do { return try folder.load() } catch { throw error.providerError(provider) }
    }

    /// For those who only look.
    private func recall(_ folder: GroupFolder) throws(ProviderError) -> GroupFolder.Contents {
        do { return try memory.load(folder) } catch { throw error.providerError(provider) }
    }

    private func save(_ record: GroupRecord, _ folder: GroupFolder) throws(ProviderError) {
        do { try folder.save(record) } catch { throw error.providerError(provider) }
    }

    private func refusal(_ message: String) -> ProviderError { ProviderError(.badRequest, provider: provider, message) }
    private func lost(_ message: String) -> ProviderError { ProviderError(.lost, provider: provider, message) }
}
