import SkyCore
import SkyProcess
import SkyRuntime

/// A provider that is rented from for real. What stood in for it before that was turned on is given back by what made it.
struct RentedOrStoodIn: BookkeepingAdapter {
    let real: any BookkeepingAdapter
    let standIn: StandInAdapter
    /// Where groups of the stand-in are folders.
    let root: String

    var provider: String { real.provider }
    var isStandIn: Bool { false }

    private func adapter(of token: String) -> any BookkeepingAdapter {
        GroupFolder.isName(token) && Files.isFolder("\(root)/\(token)") ? standIn : real
    }

    func provision(_ request: NodeGroupRequest) async throws(ProviderError) -> NodeGroup {
        try await adapter(of: request.token).provision(request)
    }

    func describe(token: String) async throws(ProviderError) -> NodeGroup? {
        try await adapter(of: token).describe(token: token)
    }

    func list(run: RunID?) async throws(ProviderError) -> [NodeGroup] {
        try await standIn.list(run: run) + real.list(run: run)
    }

    func terminate(token: String) async throws(ProviderError) {
        try await adapter(of: token).terminate(token: token)
    }

    func held(token: String) async throws(ProviderError) -> HeldSpan? {
        try await adapter(of: token).held(token: token)
    }

    func obstacleToStopping(_ token: String) -> String? { adapter(of: token).obstacleToStopping(token) }

    func stop(token: String) async throws(ProviderError) -> HeldSpan? {
        try await adapter(of: token).stop(token: token)
    }

    func start(token: String) async throws(ProviderError) -> NodeGroup {
        try await adapter(of: token).start(token: token)
    }

    func channel(to node: Node, of group: NodeGroup) async throws(ProviderError) -> any NodeChannel {
        try await adapter(of: group.token).channel(to: node, of: group)
    }
}

/// A provider that cannot be used, and must not be stood in for: what is rented of it would be taken for gone.
struct ClosedAdapter: ProviderAdapter {
    let provider: String
    let reason: String
    var isStandIn: Bool { false }

    private var refusal: ProviderError { ProviderError(.credentials, provider: provider, reason) }

    func provision(_ request: NodeGroupRequest) async throws(ProviderError) -> NodeGroup { throw refusal }
    func describe(token: String) async throws(ProviderError) -> NodeGroup? { throw refusal }
    func list(run: RunID?) async throws(ProviderError) -> [NodeGroup] { throw refusal }
    func terminate(token: String) async throws(ProviderError) { throw refusal }
    func channel(to node: Node, of group: NodeGroup) async throws(ProviderError) -> any NodeChannel { throw refusal }
}
