import SkyCore
import SkyProcess
import SkyTestSupport
import Testing

@testable import SkyProviders

/// An adapter of a cluster that runs on this machine, with what the cluster says it has.
struct SlurmUnderTest: Sendable {
    let slurm: LoopbackSlurm

    static func use<Result>(
        _ shape: LoopbackSlurm.Shape = .init(), _ body: (SlurmUnderTest) async throws -> Result
    ) async throws -> Result {
        try await LoopbackSlurm.use(shape) { try await body(SlurmUnderTest(slurm: $0)) }
    }

    /// Another `broker` knows nothing of what the first has written down.
    func adapter(
        broker: String = "a", environment: [String: String] = [:], change: (inout SlurmCluster) -> Void = { _ in }
    ) async throws -> SlurmAdapter {
        var cluster = SlurmCluster(name: "hpc")
        cluster.directory = "\(slurm.folder)/home/sky"
        cluster.configuration = slurm.configuration
        change(&cluster)
        let state = "\(slurm.folder)/state/\(broker)"
        let asking = SlurmAdapter(
            clusters: SlurmClusters(clusters: [cluster]), stateDirectory: state,
            agentExecutable: try AdapterUnderTest.agentExecutable(), environment: environment, patience: .seconds(20))
        cluster.facts = try await asking.facts(of: "hpc")
        return SlurmAdapter(
            clusters: SlurmClusters(clusters: [cluster]), stateDirectory: state,
            agentExecutable: try AdapterUnderTest.agentExecutable(), environment: environment, patience: .seconds(20))
    }

    /// A whole node of the usual shape, or one CPU of it.
    static let wholeNode = "4c-3.9g"
    static let oneCPU = "1c-0.9g"

    func request(
        _ token: String, nodes: Int = 1, type: String = Self.wholeNode, partition: String? = nil, isSpot: Bool = false,
        run: String = "run-abcd"
    ) throws -> NodeGroupRequest {
        NodeGroupRequest(
            token: token, run: try #require(RunID(run)), region: "hpc", zone: partition, instanceType: type,
            isSpot: isSpot, numNodes: nodes, lease: .hour)
    }
}
