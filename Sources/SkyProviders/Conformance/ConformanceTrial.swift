import SkyCore
import SkyRuntime

/// What a check works with: the adapter, and requests that only differ in what the check is about.
struct ConformanceTrial: Sendable {
    let adapter: any ProviderAdapter
    let template: NodeGroupRequest
    /// The check's own token; no two runs of the kit share one.
    let token: String

    func request(_ suffix: String = "", nodes: Int = 1, lease: TimeSpan? = nil) -> NodeGroupRequest {
        var request = template
        request.token = token + suffix
        request.numNodes = nodes
        request.lease = lease ?? template.lease
        return request
    }

    func expect(_ condition: Bool, _ otherwise: @autoclosure () -> String) throws {
        if !condition { throw ConformanceFailure(description: otherwise()) }
    }

    /// The body must end with an error of one of these kinds.
    func expect(
        _ kinds: Set<ProviderError.Kind>, of what: String, _ body: () async throws -> Void
    ) async throws {
        do { try await body() } catch let error as ProviderError {
            let names = kinds.map(\.rawValue).sorted().joined(separator: " or ")
            return try expect(
                kinds.contains(error.kind), "\(what) is \(error.kind.rawValue), not \(names): \(error.message)")
        }
        throw ConformanceFailure(description: "\(what) is no error")
    }

    /// Groups under the check's tokens, as the provider lists them.
    func listed() async throws -> [NodeGroup] {
        try await adapter.list(run: template.run).filter { $0.token.hasPrefix(token) && $0.state != .lost }
    }

    func connect(_ group: NodeGroup, _ rank: Int = 0) async throws -> (channel: any NodeChannel, agent: any NodeAgent) {
        let channel = try await adapter.channel(to: group.nodes[rank], of: group)
        return (channel, try await channel.connect())
    }
}
