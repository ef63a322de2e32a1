import SkyCore

/// An adapter whose nodes are processes of this machine.
protocol ProcessBackedAdapter: PreemptibleAdapter, BookkeepingAdapter {
    var backend: ProcessBackend { get }
}

extension ProcessBackedAdapter {
    public var provider: String { backend.provider }

    public var nodesAreHere: Bool { true }

    public func describe(token: String) async throws(ProviderError) -> NodeGroup? {
        try backend.describe(token: token)
    }

    public func list(run: RunID?) async throws(ProviderError) -> [NodeGroup] { try backend.list(run: run) }

    public func terminate(token: String) async throws(ProviderError) { try await backend.terminate(token: token) }

    public func held(token: String) async throws(ProviderError) -> HeldSpan? { try backend.held(token: token) }

    public func preempt(token: String) async throws(ProviderError) { try await backend.preempt(token: token) }

    public func channel(to node: Node, of group: NodeGroup) async throws(ProviderError) -> any NodeChannel {
        try backend.channel(to: node, of: group)
    }
}
