public import SkyCore
import SkyProcess
import SkyRuntime

/// A provider whose machines are rented from a cloud and reached by OpenSSH.
///
/// Everything that all clouds have in common is here: what is written down before it is done, all or none, host keys,
/// the agent, leases, and giving back until nothing is left.
public struct MachineAdapter: RecordingAdapter {
    public var provider: String { cloud.provider }
    public var isStandIn: Bool { false }

    let cloud: any MachineCloud
    let settings: CloudSection
    let store: GroupStore<MachineRecord>
    let books: GroupBooks
    let waiting: WaitingNotes
    let keys: MachineKeys
    private let settingsPath: String
    private let agents: AgentPrograms
    private let known = KnownMachines()
    private let environment: [String: String]
    private let patience: Duration

    /// - Parameters:
    ///   - settings: a person's, for this provider.
    ///   - settingsPath: the file that they are in, for people.
    ///   - stateDirectory: the broker's; records are in `nodes/<provider>` of it.
    ///   - agentExecutable: the path of this machine's own `sky-agent`; others are beside it as `sky-agent-linux-aarch64`.
    ///   - environment: where sockets may be is in `XDG_RUNTIME_DIR`.
    ///   - patience: how long a machine may be out of reach, each time something is wanted of it.
    public init(
        _ cloud: any MachineCloud, settings: CloudSection, settingsPath: String = "clouds.yaml", stateDirectory: String,
        agentExecutable: String, environment: [String: String], patience: Duration = .seconds(120)
    ) {
        self.cloud = cloud
        self.settings = settings
        self.settingsPath = settingsPath
        self.environment = environment
        self.patience = patience
        let root = "\(stateDirectory)/nodes/\(cloud.provider)"
        store = GroupStore(root: root)
        books = GroupBooks(root: root)
        waiting = WaitingNotes(root: root)
        keys = MachineKeys(root: root, ownKey: settings.sshKey)
        agents = AgentPrograms(agentExecutable: agentExecutable, cache: "\(root)/.agents")
    }

    // MARK: Looking

    public func describe(token: String) async throws(ProviderError) -> NodeGroup? {
        guard GroupFolder.isName(token), !books.isGone(token) else { return nil }
        guard let record = try load(token) else {
            let machines = try await cloud.machines(of: MachineGroupName(token: token))
            return MachineSurvey(machines, wanted: machines.first?.numNodes ?? 0).group(of: provider)
        }
        var group = record.group(of: provider)
        // What is stopped is so because it was asked to be, and has no agent that could say anything.
        guard record.state == .running else { return group }
        // The cloud tells of machines, and each of them of its node: neither knows what the other does.
        async let nodes = lostNode(of: record)
        async let told = interruption(of: record)
        let survey = MachineSurvey(try await cloud.machines(of: record.name), wanted: record.request.numNodes)
        group.interruptionAt = survey.interruptionAt
        if let ended = survey.ended {
            (group.state, group.reason) = (.lost, ended.reason)
        } else if !Set(record.members.map(\.machine.id)).isSubset(of: survey.machines.map(\.id)) {
            (group.state, group.reason) = (.lost, "a machine of it is gone")
        } else if let reason = await nodes {
            (group.state, group.reason) = (.lost, reason)
        }
        if let moment = await told { group.interruptionAt = min(moment, group.interruptionAt ?? moment) }
        return group
    }

    /// Why a node of the group is gone though its machine may be there; nil while none has said so.
    private func lostNode(of record: MachineRecord) async -> String? {
        await withTaskGroup(of: String?.self) { tasks in
            for member in record.members {
                tasks.addTask {
                    // One that does not answer says nothing: the cloud knows whether it is there.
                    guard let session = try? self.session(member.machine), let nodes = try? await session.host.list()
                    else { return nil }
                    let isThere = nodes.contains { $0.token == record.request.token && $0.state == .running }
                    return isThere ? nil : "node \(member.machine.rank) has ended itself: its lease ran out"
                }
            }
            for await reason in tasks where reason != nil {
                tasks.cancelAll()
                return reason
            }
            return nil
        }
    }

    public func list(run: RunID?) async throws(ProviderError) -> [NodeGroup] {
        var groups: [String: NodeGroup] = [:]
        for record in store.all() where run == nil || record.request.run == run {
            groups[record.request.token] = record.group(of: provider)
        }
        let machines = try await cloud.machines(ofRun: run)
        for (token, members) in Dictionary(grouping: machines, by: \.token) where groups[token] == nil {
            let wanted = members.map(\.numNodes).max() ?? 0
            groups[token] = MachineSurvey(members, wanted: wanted).group(of: provider)
        }
        return groups.values.sorted { $0.token < $1.token }
    }

    // MARK: Giving back

    public func terminate(token: String) async throws(ProviderError) {
        guard GroupFolder.isName(token) else { return }
        // Held to the end: whoever means to make something under the token finds it gone.
        let lock = try await lock(token)
        defer { lock.release() }
        let record = try load(token)
        if record == nil, books.isGone(token) { return }
        if var record, record.state != .lost {
            record.state = .lost
            try save(record)
        }
        try await removeAll(record?.name ?? MachineGroupName(token: token))
        for member in record?.members ?? [] { keys.forget(member.machine) }
        do throws(SystemError) {
            let now = SystemScriptClock().now()
            try books.close(token, held: record?.ran(until: now), from: nil)
            try store.remove(token)
        } catch { throw error.providerError(provider) }
    }

    /// Returns when the cloud says that nothing is left.
    func removeAll(_ group: MachineGroupName) async throws(ProviderError) {
        var pause = PollPause()
        while try await !cloud.remove(group) {
            guard await pause.sleep() else { throw ProviderError(.transient, provider: provider, "given up") }
        }
    }

    // MARK: Reaching

    public func channel(to node: Node, of group: NodeGroup) async throws(ProviderError) -> any NodeChannel {
        let token = group.token
        let gone = ProviderError(.lost, provider: provider, "group \(token) is gone")
        guard GroupFolder.isName(token), !books.isGone(token) else { throw gone }
        let record = try load(token)
        guard record?.state != .lost else { throw gone }
        guard let (machine, directory) = try await place(of: node, token, record) else { throw gone }
        let books = books
        return PipedNodeChannel(
            provider: provider, place: try session(machine), directory: directory, patience: patience,
            isGone: { books.isGone(token) })
    }

    /// By what is written down here, or else by asking.
    private func place(
        of node: Node, _ token: String, _ record: MachineRecord?
    ) async throws(ProviderError) -> (CloudMachine, String)? {
        if let member = record?.members.first(where: { $0.machine.id == node.id }), let directory = member.directory {
            return (member.machine, directory)
        }
        let name = record?.name ?? MachineGroupName(token: token)
        guard let machine = try await cloud.machines(of: name).first(where: { $0.id == node.id }), machine.isAlive
        else { return nil }
        let session = try session(machine)
        do throws(SSHFailure) {
            let found = try await session.host.list().first { $0.token == token && $0.state == .running }
            return found.map { (machine, $0.directory) }
        } catch { throw session.providerError(error, provider) }
    }

    // MARK: Small things

    func session(_ machine: CloudMachine) throws(ProviderError) -> MachineSession {
        let options: SSHOptions
        do throws(SystemError) {
            options = SSHOptions(controlFolder: try ControlFolder.make(environment: environment))
        } catch { throw error.providerError(provider) }
        var host = SSHHost(pool: machine.region, name: machine.id, shape: SSHShape(cores: 0, memoryGiB: 0))
        host.address = address(of: machine)
        host.port = machine.sshPort
        host.user = settings.user ?? machine.user ?? cloud.loginUser
        host.key = keys.privateKeyPath
        host.sshConfig = settings.sshConfig
        host.settings = settingsPath
        host.trustedKeys = keys.trusted(machine)
        let connection = SSHConnection(host: host, options: options)
        return MachineSession(
            host: SSHHostSession(connection: connection, agents: agents, known: known), machine: machine, cloud: cloud)
    }

    func address(of machine: CloudMachine) -> String? {
        settings.isReachedPrivately
            ? machine.privateAddress : machine.publicAddress ?? machine.privateAddress
    }
}

/// Pauses between questions: short at first, since emulators and good days answer at once.
struct PollPause {
    private var milliseconds: Int64 = 100
    private static let longest: Int64 = 5000

    /// False when the task was cancelled.
    mutating func sleep() async -> Bool {
        let doze = milliseconds / 2 + Int64.random(in: 0...milliseconds / 2)
        milliseconds = min(milliseconds * 3 / 2, Self.longest)
        return (try? await Task.sleep(for: .milliseconds(doze))) != nil
    }
}
