/// This machine's own cores, for nothing.
public struct LocalAdapter: ProcessBackedAdapter {
    let backend: ProcessBackend

    public var isStandIn: Bool { false }

    /// - Parameters:
    ///   - stateDirectory: the broker's; nodes live in `nodes/<provider>` of it.
    ///   - agentExecutable: the path of `sky-agent`.
    public init(provider: String = "local", stateDirectory: String, agentExecutable: String) {
        backend = ProcessBackend(
            provider: provider, stateDirectory: stateDirectory, agentExecutable: agentExecutable)
    }

    public func provision(_ request: NodeGroupRequest) async throws(ProviderError) -> NodeGroup {
        if let accelerator = request.accelerator {
            throw ProviderError(
                .badRequest, provider: provider,
                "this machine is known for its cores only and cannot give \(accelerator)")
        }
        return try await backend.provision(request)
    }
}
