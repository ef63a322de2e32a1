/// Stands in for a provider that cannot be reached: nodes are processes of this machine, whatever machine was asked
/// for. The rest of the house sees no difference but `isStandIn`.
public struct StandInAdapter: ProcessBackedAdapter {
    let backend: ProcessBackend

    public var isStandIn: Bool { true }

    /// - Parameters:
    ///   - stateDirectory: the broker's; nodes live in `nodes/<provider>` of it.
    ///   - agentExecutable: the path of `sky-agent`.
    public init(provider: String, stateDirectory: String, agentExecutable: String) {
        backend = ProcessBackend(
            provider: provider, stateDirectory: stateDirectory, agentExecutable: agentExecutable)
    }

    public func provision(_ request: NodeGroupRequest) async throws(ProviderError) -> NodeGroup {
        try await backend.provision(request)
    }
}
