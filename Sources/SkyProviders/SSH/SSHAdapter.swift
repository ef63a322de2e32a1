public import SkyCore
import SkyProcess
import SkyRuntime

/// A person's own hosts, by OpenSSH: no root, no Docker, no Python there, and nothing that listens.
///
/// A host is given to one group at a time. The host itself decides that, so that brokers on several machines never take the
/// same; what this broker means to do is written down here before it is done.
public struct SSHAdapter: RecordingAdapter, ProbingAdapter {
    public let provider: String
    public var isStandIn: Bool { false }

    let pools: SSHPools
    let store: GroupStore<SSHGroupRecord>
    let books: GroupBooks
    let waiting: WaitingNotes
    private let agents: AgentPrograms
    private let known = KnownMachines()
    private let environment: [String: String]
    private let patience: Duration

    /// - Parameters:
    ///   - stateDirectory: the broker's; records are in `nodes/<provider>` of it.
    ///   - agentExecutable: the path of this machine's own `sky-agent`; others are beside it as `sky-agent-linux-aarch64`.
    ///   - environment: where sockets may be is in `XDG_RUNTIME_DIR`.
    ///   - patience: how long a host that nodes are on may be out of reach, each time something is wanted of it.
    public init(
        provider: String = "ssh", pools: SSHPools, stateDirectory: String, agentExecutable: String,
        environment: [String: String], patience: Duration = .seconds(120)
    ) {
        self.provider = provider
        self.pools = pools
        self.environment = environment
        self.patience = patience
        let root = "\(stateDirectory)/nodes/\(provider)"
        store = GroupStore(root: root)
        books = GroupBooks(root: root)
        waiting = WaitingNotes(root: root)
        agents = AgentPrograms(agentExecutable: agentExecutable, cache: "\(root)/.agents")
    }

    // MARK: Looking

    public func describe(token: String) async throws(ProviderError) -> NodeGroup? {
        guard GroupFolder.isName(token), !books.isGone(token) else { return nil }
        guard let record = try load(token) else {
            return try await survey().groups(of: nil, known: []).first { $0.token == token }
        }
        guard record.state == .running else { return record.group(of: provider) }
        var group = record.group(of: provider)
        let found = await survey(record.members.compactMap { $0.flatMap { host(titled: $0.host) } })
        if let failure = found.failures.first {
            throw failure.failure.providerError(provider, failure.host, try options())
        }
        // A host that has left the pools has left with all that was on it.
        let running = found.nodes.filter { $0.node.token == token && $0.node.state == .running }
        if Set(running.map(\.node.rank)).count < record.request.numNodes { group.state = .lost }
        return group
    }

    public func list(run: RunID?) async throws(ProviderError) -> [NodeGroup] {
        try await survey().groups(of: run, known: store.all())
    }

    private func survey() async throws(ProviderError) -> SSHSurvey {
        let found = await survey(pools.hosts)
        // Where nobody answers there is nothing to be said.
        if let first = found.failures.first, found.failures.count == pools.hosts.count {
            throw first.failure.providerError(provider, first.host, try options())
        }
        return found
    }

    private func survey(_ hosts: [SSHHost]) async -> SSHSurvey {
        let answers = await onEach(hosts) { (session) async throws(SSHFailure) in try await session.list() }
        var survey = SSHSurvey(provider: provider)
        for (host, answer) in answers {
            switch answer {
            case .success(let nodes): survey.nodes += nodes.map { SSHSurvey.Found(host: host, node: $0) }
            case .failure(let failure): survey.failures.append(SSHSurvey.Failure(host: host, failure: failure))
            }
        }
        return survey
    }

    public func probe() async -> [ProbedPlace] {
        let answers = await onEach(pools.hosts) { (session) async throws(SSHFailure) in try await session.look() }
        return answers.map { host, answer in
            switch answer {
            case .success(let facts):
                return ProbedPlace(
                    region: host.pool, name: host.name, answers: true,
                    message: "Linux \(facts.value("machine") ?? ""), \(facts.isUsed ? "in use" : "free")")
            case .failure(let failure):
                let message = (try? options()).map { failure.message(of: host, $0) } ?? "no place for sockets"
                return ProbedPlace(region: host.pool, name: host.name, answers: false, message: message)
            }
        }
    }

    // MARK: Giving back

    public func terminate(token: String) async throws(ProviderError) {
        guard GroupFolder.isName(token) else { return }
        let lock = try await lock(token)
        defer { lock.release() }
        let record = try load(token)
        if var record, record.state != .lost {
            record.state = .lost
            try save(record)
        }
        // Of a group that nothing is written down about here, any host may have something.
        let hosts = record.map { $0.touched.compactMap(host(titled:)) } ?? pools.hosts
        if record != nil || !books.isGone(token) {
            let answers = await onEach(hosts) { (session) async throws(SSHFailure) in
                try await session.release(token: token)
            }
            for case (let host, .failure(let failure)) in answers where record != nil || !failure.mayPass {
                if record == nil, failure.kind == .credentials { continue }
                throw failure.providerError(provider, host, try options())
            }
        }
        do throws(SystemError) {
            let now = SystemScriptClock().now()
            try books.close(token, held: record.map { HeldSpan(since: $0.createdAt, until: now) }, from: nil)
            try store.remove(token)
        } catch { throw error.providerError(provider) }
    }

    // MARK: Reaching

    public func channel(to node: Node, of group: NodeGroup) async throws(ProviderError) -> any NodeChannel {
        let token = group.token
        let gone = ProviderError(.lost, provider: provider, "group \(token) is gone")
        guard GroupFolder.isName(token), !books.isGone(token), let host = host(titled: node.id) else { throw gone }
        let record = try load(token)
        guard record?.state != .lost else { throw gone }
        var directory = record.flatMap {
            $0.members.indices.contains(node.rank) ? $0.members[node.rank]?.directory : nil
        }
        if directory == nil {
            let found = await survey([host])
            if let failure = found.failures.first { throw failure.failure.providerError(provider, host, try options()) }
            directory = found.nodes.first { $0.node.token == token && $0.node.rank == node.rank }?.node.directory
        }
        guard let directory else { throw gone }
        let books = books
        return PipedNodeChannel(
            provider: provider, place: try session(host), directory: directory, patience: patience,
            isGone: { books.isGone(token) })
    }

    // MARK: Small things

    func host(titled title: String) -> SSHHost? { pools.hosts.first { $0.title == title } }

    func options() throws(ProviderError) -> SSHOptions {
        do throws(SystemError) {
            return SSHOptions(controlFolder: try ControlFolder.make(environment: environment))
        } catch { throw error.providerError(provider) }
    }

    func session(_ host: SSHHost) throws(ProviderError) -> SSHHostSession {
        SSHHostSession(connection: SSHConnection(host: host, options: try options()), agents: agents, known: known)
    }

    /// At so many hosts at once something is asked.
    private static let width = 32

    private struct Answer<Value: Sendable>: Sendable {
        var index: Int
        var answer: Result<Value, SSHFailure>
    }

    private func ask<Value: Sendable>(
        _ host: SSHHost, _ body: @Sendable (SSHHostSession) async throws(SSHFailure) -> Value
    ) async -> Result<Value, SSHFailure> {
        let session: SSHHostSession
        do throws(ProviderError) { session = try self.session(host) } catch { return .failure(.setup(error.message)) }
        do throws(SSHFailure) { return .success(try await body(session)) } catch { return .failure(error) }
    }

    /// In the hosts' order.
    func onEach<Value: Sendable>(
        _ hosts: [SSHHost], _ body: @escaping @Sendable (SSHHostSession) async throws(SSHFailure) -> Value
    ) async -> [(host: SSHHost, answer: Result<Value, SSHFailure>)] {
        let answers = await withTaskGroup(of: Answer<Value>.self) { tasks in
            var next = 0
            var answers: [Answer<Value>] = []
            while next < min(Self.width, hosts.count) {
                tasks.addTask { [next] in Answer(index: next, answer: await ask(hosts[next], body)) }
                next += 1
            }
            for await answer in tasks {
                answers.append(answer)
                guard next < hosts.count else { continue }
                tasks.addTask { [next] in Answer(index: next, answer: await ask(hosts[next], body)) }
                next += 1
            }
            return answers
        }
        return answers.sorted { $0.index < $1.index }.map { (hosts[$0.index], $0.answer) }
    }
}
