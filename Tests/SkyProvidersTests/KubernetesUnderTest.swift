import SkyCore
import SkyHTTP
import SkyProcess
import SkyTestSupport
import Testing

@testable import SkyProviders

/// An adapter of a cluster that this machine plays, with what the cluster says it has: three nodes of 4 cores and 8 GiB.
struct KubernetesUnderTest: Sendable {
    let emulator: KubernetesEmulator

    static func use<Result>(_ body: (KubernetesUnderTest) async throws -> Result) async throws -> Result {
        try await KubernetesEmulator.use { try await body(KubernetesUnderTest(emulator: $0)) }
    }

    static let wholeNode = "4c-8g"

    /// Another `broker` knows nothing of what the first has written down.
    func adapter(
        broker: String = "a", tries: Int = 4, kubeconfig: String? = nil,
        change: (inout KubernetesCluster) -> Void = { _ in }
    ) async throws -> KubernetesAdapter {
        var cluster = KubernetesCluster(name: "prod", context: "test")
        cluster.kubeconfig = try kubeconfig ?? emulator.kubeconfig()
        cluster.queueLimit = .seconds(60)
        change(&cluster)
        let asking = try make(cluster, broker, tries)
        cluster.facts = try await asking.facts(of: "prod")
        return try make(cluster, broker, tries)
    }

    func state(of broker: String = "a") -> String { "\(emulator.folder)/state/\(broker)" }

    private func make(_ cluster: KubernetesCluster, _ broker: String, _ tries: Int) throws -> KubernetesAdapter {
        KubernetesAdapter(
            clusters: KubernetesClusters(clusters: [cluster]), stateDirectory: state(of: broker),
            agentExecutable: try AdapterUnderTest.agentExecutable(), cacheFolder: "\(state(of: broker))/cache",
            errors: try Self.errors(), environment: ["PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": emulator.folder],
            retries: HTTPRetries(
                tries: tries, firstPause: TimeSpan(milliseconds: 5), longestPause: TimeSpan(milliseconds: 50),
                deadline: .seconds(20)), patience: .seconds(15))
    }

    static func errors() throws -> ErrorTable {
        let repository = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        return try ErrorTable.read("kubernetes", in: "/\(repository)/providers")
    }

    func request(
        _ token: String, nodes: Int = 1, type: String = Self.wholeNode, port: Int? = nil, isSpot: Bool = false,
        run: String = "run-abcd"
    ) throws -> NodeGroupRequest {
        NodeGroupRequest(
            token: token, run: try #require(RunID(run)), region: "prod", instanceType: type, isSpot: isSpot,
            numNodes: nodes, servicePort: port, lease: .hour)
    }

    /// Names of all pods that are there, also of those that are going.
    func pods() throws -> [String] { try emulator.state().pods.map(\.name).sorted() }
}

/// What the body is refused with; nil if it is not.
func kubernetesRefusal(_ body: () async throws -> Void) async -> ProviderError? {
    do {
        try await body()
        return nil
    } catch let error as ProviderError { return error } catch {
        Issue.record("\(error)")
        return nil
    }
}
