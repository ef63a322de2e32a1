import Glibc
import SkyCore
import SkyProcess
import SkyTestSupport
import Testing

@testable import SkyProviders

/// An adapter of hosts that are sshds of this machine.
struct SSHUnderTest: Sendable {
    let farm: SSHFarm
    let state: String

    static func use<Result>(
        _ hosts: Int, withoutRights: Bool = false, _ body: (SSHUnderTest) async throws -> Result
    ) async throws -> Result {
        try await SSHFarm.use(hosts, withoutRights: withoutRights) { farm in
            for folder in ["\(farm.folder)/state", "\(farm.folder)/run"] { try Files.makeFolder(folder, mode: 0o700) }
            return try await body(SSHUnderTest(farm: farm, state: "\(farm.folder)/state"))
        }
    }

    static let shape = SSHShape(cores: 4, memoryGiB: 8)

    /// All hosts of the farm in one pool; another `broker` knows nothing of what the first has written down.
    func adapter(
        broker: String = "a", patience: Duration = .seconds(20), agent: String? = nil, queue: TimeSpan = .zero,
        change: (inout SSHHost) -> Void = { _ in }
    ) throws -> SSHAdapter {
        let hosts = farm.hosts.map { host in
            var own = SSHHost(pool: "rack", name: host.name, shape: Self.shape)
            own.sshConfig = farm.config
            change(&own)
            return own
        }
        var pool = SSHPool(name: "rack", hosts: hosts)
        pool.queueLimit = queue
        return try SSHAdapter(
            pools: SSHPools(pools: [pool]), stateDirectory: "\(state)/\(broker)",
            agentExecutable: agent ?? AdapterUnderTest.agentExecutable(),
            environment: ["XDG_RUNTIME_DIR": "\(farm.folder)/run"], patience: patience)
    }

    func request(_ token: String, nodes: Int = 1, run: String = "run-abcd", lease: TimeSpan? = .hour) throws
        -> NodeGroupRequest
    {
        NodeGroupRequest(
            token: token, run: try #require(RunID(run)), region: "rack", instanceType: Self.shape.machineType,
            numNodes: nodes, lease: lease)
    }
}

/// The kind of the error that `body` ends with; nil if it does not.
func refusal(_ body: () async throws -> Void) async -> ProviderError.Kind? {
    do { try await body() } catch { return (error as? ProviderError)?.kind }
    return nil
}
