public import SkyCore
import SkyProcess
import SkyRuntime

/// Clusters that Slurm manages: a node group is one job, whose nodes run an agent each.
///
/// Slurm's own commands do everything, on this machine or on a login host by OpenSSH; nothing has to be installed, and
/// nothing listens. What a broker needs to know of a group that it never heard of is on the cluster: in the job's
/// name and comment, and in a folder on the file system that its nodes share.
public struct SlurmAdapter: RecordingAdapter, ProbingAdapter {
    public let provider: String
    public var isStandIn: Bool { false }

    let clusters: SlurmClusters
    let store: GroupStore<SlurmGroupRecord>
    let books: GroupBooks
    let waiting: WaitingNotes
    private let agents: AgentPrograms
    private let known = KnownMachines()
    private let environment: [String: String]
    private let stateFolder: String
    let patience: Duration

    /// - Parameters:
    ///   - stateDirectory: the broker's; records are in `nodes/<provider>` of it.
    ///   - agentExecutable: the path of this machine's own `sky-agent`; others are beside it as `sky-agent-linux-aarch64`.
    ///   - environment: where sockets may be is in `XDG_RUNTIME_DIR`.
    ///   - patience: how long a login host may be out of reach, each time something is wanted of it.
    public init(
        provider: String = "slurm", clusters: SlurmClusters, stateDirectory: String, agentExecutable: String,
        environment: [String: String], patience: Duration = .seconds(120)
    ) {
        self.provider = provider
        self.clusters = clusters
        self.environment = environment
        self.patience = patience
        let root = "\(stateDirectory)/nodes/\(provider)"
        stateFolder = root
        store = GroupStore(root: root)
        books = GroupBooks(root: root)
        waiting = WaitingNotes(root: root)
        agents = AgentPrograms(agentExecutable: agentExecutable, cache: "\(root)/.agents")
    }

    // MARK: Looking

    public func describe(token: String) async throws(ProviderError) -> NodeGroup? {
        guard GroupFolder.isName(token), !books.isGone(token) else { return nil }
        guard let record = try load(token) else {
            return try await list(run: nil).first { $0.token == token }
        }
        var group = record.group(of: provider)
        guard record.state != .lost, let job = record.job else { return group }
        switch try await settled(job, of: token, try login(record.request.region)) {
        case .job(let job, _, _, _):
            if !job.state.isAlive {
                (group.state, group.reason) = (.lost, job.lossReason)
            } else if record.state == .running, job.state != .running {
                // It may get other nodes, on which nothing is.
                (group.state, group.reason) = (.lost, "job \(job.id) was put back into the queue (requeued)")
            } else {
                group.interruptionAt = job.announcedEnd(now: SystemScriptClock().now())
            }
        case .unknown, .none:
            (group.state, group.reason) = (.lost, "job \(job) has ended, and Slurm does not know any more how")
        }
        return group
    }

    /// A job's state, and how it ended: Slurm says so only when all of its nodes are free again.
    private func settled(
        _ job: Int, of token: String, _ login: SlurmLogin
    ) async throws(ProviderError) -> SlurmLogin.Standing {
        for _ in 0..<10 {
            let standing = try await login.state(of: job, token)
            guard case .job(let now, _, _, _) = standing, now.state == .ending, now.reason != "TimeLimit",
                (try? await Task.sleep(for: .milliseconds(300))) != nil
            else { return standing }
        }
        return try await login.state(of: job, token)
    }

    public func list(run: RunID?) async throws(ProviderError) -> [NodeGroup] {
        var groups: [NodeGroup] = []
        var failures: [ProviderError] = []
        let records = records()
        for cluster in clusters.clusters {
            do throws(ProviderError) {
                let login = try login(cluster.name)
                let survey = SlurmSurvey(try await login.ask(login.scripts.list))
                groups += survey.groups(at: cluster, provider, records: records)
            } catch {
                // What may be there is not forgotten.
                groups += records.values.filter { $0.request.region == cluster.name }.map { $0.group(of: provider) }
                failures.append(error)
            }
        }
        // Where nobody answers there is nothing to be said.
        if let first = failures.first, failures.count == clusters.clusters.count { throw first }
        return groups.filter { run == nil || $0.run == run }.sorted { $0.token < $1.token }
    }

    private func records() -> [String: SlurmGroupRecord] {
        Dictionary(store.all().map { ($0.request.token, $0) }, uniquingKeysWith: { first, _ in first })
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
        guard record != nil || !books.isGone(token) else { return }
        // Of a group that nothing is written down about here, any cluster may have something.
        let names = record.map { [$0.request.region] } ?? clusters.clusters.map(\.name)
        for name in names where clusters.cluster(named: name) != nil {
            try await login(name).end(token, forGood: true)
        }
        do throws(SystemError) {
            let now = SystemScriptClock().now()
            try books.close(
                token, held: record?.startedAt.map { HeldSpan(since: $0, until: max(now, $0)) }, from: nil)
            try store.remove(token)
            waiting.set(nil, of: token)
        } catch { throw error.providerError(provider) }
    }

    // MARK: Reaching

    public func channel(to node: Node, of group: NodeGroup) async throws(ProviderError) -> any NodeChannel {
        let token = group.token
        let gone = ProviderError(.lost, provider: provider, "group \(token) is gone")
        guard GroupFolder.isName(token), !books.isGone(token) else { throw gone }
        let record = try load(token)
        guard record?.state != .lost else { throw gone }
        let login = try login(group.region)
        var (job, members) = (record?.job, record?.members ?? [])
        if members.isEmpty {
            guard case .job(let found, let hosts, _, _) = try await login.state(of: token).standing, found.state.isAlive
            else { throw gone }
            job = found.id
            members = try await login.members(of: found.id, nodes: hosts.count, token) ?? []
        }
        guard let job, members.indices.contains(node.rank) else { throw gone }
        let member = members[node.rank]
        let books = books
        return PipedNodeChannel(
            provider: provider, place: SlurmNodePlace(login: login, job: job, token: token, node: member.node),
            directory: member.directory, patience: patience, isGone: { books.isGone(token) })
    }

    // MARK: Small things

    func login(_ name: String) throws(ProviderError) -> SlurmLogin {
        guard let cluster = clusters.cluster(named: name) else {
            let names = clusters.clusters.map(\.name)
            let hint = nearestName(to: name, among: names).map { "; did you mean '\($0)'?" } ?? ""
            throw ProviderError(.badRequest, provider: provider, "slurm.yaml has no cluster '\(name)'\(hint)")
        }
        guard let host = cluster.login else {
            return SlurmLogin(
                provider: provider, cluster: cluster, way: OwnShell(folder: stateFolder), options: nil, agents: agents,
                known: known)
        }
        let options: SSHOptions
        do throws(SystemError) {
            options = SSHOptions(controlFolder: try ControlFolder.make(environment: environment))
        } catch { throw error.providerError(provider) }
        return SlurmLogin(
            provider: provider, cluster: cluster, way: SSHConnection(host: host, options: options), options: options,
            agents: agents, known: known)
    }
}

extension SlurmJob {
    /// How long before a job's time is over that is told as an interruption that comes: long enough to save what is there,
    /// and a tenth of its time at most.
    private static let longestNotice = TimeSpan.seconds(300)

    /// When its nodes will be taken, if that is known and near.
    func announcedEnd(now: Instant) -> Instant? {
        if let preemptTime { return max(preemptTime, now) }
        guard let timeLimit, let endTime, state == .running else { return nil }
        guard endTime - now < min(Self.longestNotice, TimeSpan(milliseconds: timeLimit.milliseconds / 10)) else {
            return nil
        }
        return endTime
    }
}
