import SkyCore
import SkyHTTP
import SkyKubernetes
import SkyProcess
import Synchronization

/// What all sessions of an adapter share.
struct KubernetesTools: Sendable {
    let agents: AgentPrograms
    let known = KnownMachines()
    let forwards: PortForwards
    let errors: ErrorTable
    let caller: HTTPCaller
    let retries: HTTPRetries
    /// The path of `sky`, beside the agent's.
    let program: String
    /// The adapter's own folder.
    let folder: String
    /// Where credentials of plug-ins are kept.
    let cacheFolder: String
    let environment: [String: String]
    let credentials = KnownCredentials()
}

/// Who has been found to be let in where, for as long as the kubeconfig says the same.
final class KnownCredentials: Sendable {
    private let known = Mutex<[ClusterAccess: ClusterCredentials]>([:])

    func credentials(_ access: ClusterAccess, making: () -> ClusterCredentials) -> ClusterCredentials {
        known.withLock { known in
            if let found = known[access] { return found }
            let made = making()
            known[access] = made
            return made
        }
    }
}

/// Speaks with one cluster as its settings say.
struct KubernetesSession: Sendable {
    let provider: String
    let cluster: KubernetesCluster
    let client: KubernetesClient
    let namespace: String
    let tools: KubernetesTools
    private let kubeconfigs: [String]

    init(
        provider: String, cluster: KubernetesCluster, tools: KubernetesTools
    ) throws(ProviderError) {
        self.provider = provider
        self.cluster = cluster
        self.tools = tools
        do throws(KubernetesError) {
            let way = ClusterWay(
                context: cluster.context,
                kubeconfigs: cluster.kubeconfig.map { [$0] }
                    ?? Kubeconfig.paths(environment: tools.environment, home: tools.environment["HOME"] ?? "/"),
                cacheFolder: tools.cacheFolder, environment: tools.environment)
            let access = try way.access()
            client = KubernetesClient(
                access, credentials: tools.credentials.credentials(access) { way.credentials(access) },
                caller: tools.caller, retries: tools.retries)
            namespace = cluster.namespace ?? access.namespace ?? "default"
            kubeconfigs = way.kubeconfigs
        } catch {
            throw ProviderError(
                tools.errors.kind(of: error), provider: provider, "cluster \(cluster.name): \(error.message)")
        }
    }

    func way(to pod: String) -> KubernetesWay {
        KubernetesWay(
            pod: pod, namespace: namespace,
            options: [
                "--context", cluster.context, "--kubeconfig", kubeconfigs.joined(separator: ":"), "--cache",
                tools.cacheFolder,
            ], program: tools.program, folder: tools.folder)
    }

    // MARK: Failures

    func failure(_ kind: ProviderError.Kind, _ message: String) -> ProviderError {
        ProviderError(kind, provider: provider, "cluster \(cluster.name): \(message)")
    }

    func failure(_ error: KubernetesError) -> ProviderError { tools.errors.error(error, of: cluster.name) }

    /// - Parameter code: of a pod's standing.
    func failure(_ code: String, _ words: String) -> ProviderError {
        tools.errors.error([code], "cluster \(cluster.name): \(words)")
    }

    // MARK: Pods

    func pod(_ name: String) async throws(KubernetesError) -> Pod {
        try await client.get(Pod.self, .pod(name, in: namespace), "look at pod \(name)")
    }

    /// The group's, by rank; those that are being deleted too.
    func pods(of token: String) async throws(KubernetesError) -> [Pod] {
        let names = PodNames(token: token)
        return try await client.list(
            Pod.self, .pods(in: namespace, labels: names.selector), "list the pods of \(token)"
        ).filter { PodNames.request(of: $0)?.token == token }
            .sorted { (PodNames.rank(of: $0) ?? 0) < (PodNames.rank(of: $1) ?? 0) }
    }

    func pods(ofRun run: RunID?) async throws(KubernetesError) -> [Pod] {
        try await client.list(Pod.self, .pods(in: namespace, labels: PodNames.selector(of: run)), "list our pods")
    }

    func create(_ manifest: PodManifest) async throws(KubernetesError) -> Pod {
        try await client.create(
            manifest, answer: Pod.self, .pods(in: namespace), "create pod \(manifest.metadata.name ?? "")")
    }

    /// What the cluster has last said about a pod that does not come up; nil where it says nothing, or not to us.
    func lastWarning(of pod: String) async -> String? {
        let events = try? await client.list(
            ClusterEvent.self, .events(ofPod: pod, in: namespace), "look at the events of pod \(pod)")
        let warnings = (events ?? []).filter { $0.type == "Warning" }
        let last = warnings.max { ($0.lastTimestamp ?? $0.eventTime ?? "") < ($1.lastTimestamp ?? $1.eventTime ?? "") }
        return last.map { "\($0.reason ?? "Warning"): \($0.message ?? "")" }
    }

    /// Seconds that a pod's processes have to end by themselves.
    private static let grace = 2
    /// How long a pod may take to go before it is made to: its node may be dead.
    private static let patience = Duration.seconds(15)

    /// Ends the group's pods. Returns when none is left.
    func remove(_ token: String) async throws(KubernetesError) {
        let start = ContinuousClock.now
        var pause: Int64 = 50
        while true {
            let pods = try await pods(of: token)
            if pods.isEmpty { return }
            let isLate = ContinuousClock.now - start > Self.patience
            for pod in pods where isLate || pod.metadata.deletionTimestamp == nil || pause == 50 {
                guard let name = pod.metadata.name else { continue }
                try await client.delete(
                    .pod(name, in: namespace), grace: isLate ? 0 : Self.grace, "delete pod \(name)")
            }
            guard (try? await Task.sleep(for: .milliseconds(pause))) != nil else {
                throw KubernetesError(.cancelled, "given up while pods were being deleted")
            }
            pause = min(pause * 2, 1000)
        }
    }
}

extension ErrorTable {
    func error(_ error: KubernetesError, of cluster: String) -> ProviderError {
        let message = "cluster \(cluster): \(error.message)"
        guard error.kind == .refused else { return ProviderError(kind(of: error), provider: provider, message) }
        return self.error(Self.codes(of: error), status: error.status, message)
    }

    func kind(of error: KubernetesError) -> ProviderError.Kind {
        switch error.kind {
        case .settings: .badRequest
        case .credentials, .untrusted: .credentials
        case .noAnswer, .badAnswer, .cancelled: .transient
        case .refused: self.error(Self.codes(of: error), status: error.status, "").kind
        }
    }

    /// One word of the API stands for many things: the message says which.
    private static func codes(of error: KubernetesError) -> [String] {
        let words = [
            ("exceeded quota", "quota"), ("violates PodSecurity", "policy"), ("admission webhook", "webhook"),
            ("is being terminated", "ending"), ("usage per", "limits"), ("no PriorityClass", "priority"),
            ("error looking up service account", "account"), ("RuntimeClass", "runtime"),
        ]
        let exact = words.first { error.message.contains($0.0) }.map { "\(error.reason).\($0.1)" }
        return [exact, error.reason.isEmpty ? nil : error.reason, error.status.map { "HTTP \($0)" }].compactMap { $0 }
    }
}
