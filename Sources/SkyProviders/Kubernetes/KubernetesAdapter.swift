public import SkyCore
public import SkyHTTP
import SkyKubernetes
import SkyProcess
import SkyRuntime

/// Clusters of Kubernetes: a node group is pods, one for each node, in which an agent runs.
///
/// Everything goes through the API server, by a person's own kubeconfig; nothing has to be installed in the cluster, and pods
/// start from any image with a shell. What a broker needs to know of a group that it never heard of is on its pods.
public struct KubernetesAdapter: RecordingAdapter, ProbingAdapter {
    public let provider: String
    public var isStandIn: Bool { false }
    public var nodesAreContainers: Bool { true }

    let clusters: KubernetesClusters
    let store: GroupStore<KubernetesGroupRecord>
    let books: GroupBooks
    let waiting: WaitingNotes
    let tools: KubernetesTools
    let patience: Duration

    /// - Parameters:
    ///   - stateDirectory: the broker's; records are in `nodes/<provider>` of it.
    ///   - agentExecutable: the path of this machine's own `sky-agent`; `sky` and the agents of others are beside it.
    ///   - cacheFolder: where credentials that plug-ins give are kept between commands, for this user alone.
    ///   - errors: what the cluster's words for errors mean.
    ///   - retries: of calls to the API server.
    ///   - patience: how long a pod may be out of reach, each time something is wanted of it.
    public init(
        provider: String = "kubernetes", clusters: KubernetesClusters, stateDirectory: String, agentExecutable: String,
        cacheFolder: String, errors: ErrorTable, environment: [String: String], caller: HTTPCaller = HTTPCaller(),
        retries: HTTPRetries = HTTPRetries(tries: 6, deadline: .seconds(60)), patience: Duration = .seconds(120)
    ) {
        self.provider = provider
        self.clusters = clusters
        self.patience = patience
        let root = "\(stateDirectory)/nodes/\(provider)"
        store = GroupStore(root: root)
        books = GroupBooks(root: root)
        waiting = WaitingNotes(root: root)
        tools = KubernetesTools(
            agents: AgentPrograms(agentExecutable: agentExecutable, cache: "\(root)/.agents"),
            forwards: PortForwards(), errors: errors, caller: caller, retries: retries,
            program: "\(Disk.split(agentExecutable).folder)/sky", folder: root, cacheFolder: cacheFolder,
            environment: environment)
    }

    // MARK: Looking

    public func describe(token: String) async throws(ProviderError) -> NodeGroup? {
        guard GroupFolder.isName(token), !books.isGone(token) else { return nil }
        guard let record = try load(token) else {
            return try await list(run: nil).first { $0.token == token }
        }
        var group = record.group(of: provider)
        guard record.state == .running else { return group }
        let session = try session(record.request.region)
        let pods = try await asking(session) { () async throws(KubernetesError) in try await session.pods(of: token) }
        if let reason = Self.loss(of: record.members, pods) { (group.state, group.reason) = (.lost, reason) }
        return group
    }

    /// Why the group is lost; nil if all of it is there.
    static func loss(of members: [KubernetesGroupRecord.Member], _ pods: [Pod]) -> String? {
        for member in members {
            guard let pod = pods.first(where: { $0.metadata.name == member.pod && $0.metadata.uid == member.uid })
            else {
                return "pod \(member.pod) is gone: somebody deleted it, or its node"
            }
            if case .over(let code, let words) = PodStanding(pod) {
                return "pod \(member.pod) is lost (\(PodReason.words(code, words)))"
            }
        }
        return nil
    }

    public func list(run: RunID?) async throws(ProviderError) -> [NodeGroup] {
        var groups: [NodeGroup] = []
        var failures: [ProviderError] = []
        let records = Dictionary(
            store.all().map { ($0.request.token, $0) }, uniquingKeysWith: { first, _ in first })
        for cluster in clusters.clusters {
            do throws(ProviderError) {
                let session = try session(cluster.name)
                let pods = try await asking(session) { () async throws(KubernetesError) in
                    try await session.pods(ofRun: run)
                }
                groups += Self.groups(pods, at: cluster.name, provider, records)
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

    private static func groups(
        _ pods: [Pod], at region: String, _ provider: String, _ records: [String: KubernetesGroupRecord]
    ) -> [NodeGroup] {
        var byToken: [String: [Pod]] = [:]
        for pod in pods {
            // Another name of ours may stand for the same cluster: only one of them has it.
            guard let request = PodNames.request(of: pod), request.region == region else { continue }
            byToken[request.token, default: []].append(pod)
        }
        return byToken.compactMap { token, pods in
            guard let request = pods.first.flatMap(PodNames.request) else { return nil }
            if let record = records[token] {
                var group = record.group(of: provider)
                if record.state == .running, let reason = loss(of: record.members, pods) {
                    (group.state, group.reason) = (.lost, reason)
                }
                return group
            }
            return stranger(pods, request, provider)
        }
    }

    /// A group that only its pods tell of.
    private static func stranger(_ pods: [Pod], _ request: NodeGroupRequest, _ provider: String) -> NodeGroup {
        let note = NodeGroupNote(request: request)
        var nodes: [Node] = []
        for pod in pods {
            guard let rank = PodNames.rank(of: pod), let name = pod.metadata.name else { continue }
            if case .running(let address) = PodStanding(pod) {
                nodes.append(note.node(rank, host: name, address: address))
            }
        }
        let isOver = pods.contains { if case .over = PodStanding($0) { true } else { false } }
        return NodeGroup(
            token: request.token, run: request.run, provider: provider, region: request.region,
            instanceType: request.instanceType,
            state: isOver ? .lost : nodes.count == request.numNodes ? .running : .pending,
            createdAt: pods.compactMap { $0.metadata.creationTimestamp.flatMap { Instant(iso8601: $0) } }.min(),
            nodes: nodes.sorted { $0.rank < $1.rank })
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
        if record != nil || !books.isGone(token) {
            // Of a group that nothing is written down about here, any cluster may have something.
            let names = record.map { [$0.request.region] } ?? clusters.clusters.map(\.name)
            for name in names where clusters.cluster(named: name) != nil {
                let session = try session(name)
                try await asking(session) { () async throws(KubernetesError) in try await session.remove(token) }
            }
        }
        do throws(SystemError) {
            let now = SystemScriptClock().now()
            try books.close(token, held: record.map { HeldSpan(since: $0.createdAt, until: now) }, from: nil)
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
        let session = try session(group.region)
        let agent = PodAgent(session, pod: node.id)
        let members = record?.members ?? []
        var directory = members.indices.contains(node.rank) ? members[node.rank].directory : nil
        if directory == nil {
            let pods = try await asking(session) { () async throws(KubernetesError) in try await session.pods(of: token)
            }
            guard let pod = pods.first(where: { PodNames.rank(of: $0) == node.rank }),
                let request = PodNames.request(of: pod)
            else { throw gone }
            directory = try await claim(request, rank: node.rank, by: agent).directory
        }
        guard let directory else { throw gone }
        let books = books
        return PipedNodeChannel(
            provider: provider, place: agent, directory: directory, patience: patience,
            isGone: { books.isGone(token) })
    }

    /// The pod ends itself when its lease has run out: to its own first process that is a request like any other.
    private static let endCommand = "kill 1"

    func claim(
        _ request: NodeGroupRequest, rank: Int, by agent: PodAgent
    ) async throws(ProviderError) -> HostNode {
        let claim = HostClaim(
            token: request.token, rank: rank, note: NodeGroupNote(request: request).text,
            lease: request.lease?.milliseconds, endCommand: Self.endCommand)
        do throws(SSHFailure) { return try await agent.claim(claim) } catch {
            throw agent.providerError(error.mayPass ? await agent.meaning(of: error) : error, provider)
        }
    }

    // MARK: Small things

    func session(_ name: String) throws(ProviderError) -> KubernetesSession {
        guard let cluster = clusters.cluster(named: name) else {
            let names = clusters.clusters.map(\.name)
            let hint = nearestName(to: name, among: names).map { "; did you mean '\($0)'?" } ?? ""
            throw ProviderError(.badRequest, provider: provider, "kubernetes.yaml has no cluster '\(name)'\(hint)")
        }
        return try KubernetesSession(provider: provider, cluster: cluster, tools: tools)
    }

    func asking<Value>(
        _ session: KubernetesSession, _ body: () async throws(KubernetesError) -> Value
    ) async throws(ProviderError) -> Value {
        do throws(KubernetesError) { return try await body() } catch { throw session.failure(error) }
    }
}
