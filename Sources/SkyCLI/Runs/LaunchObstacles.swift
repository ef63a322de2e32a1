import SkyCatalog
import SkyCore
import SkyPlacement
import SkyProviders
import SkySpec

/// What clouds that are rented from say stands in a plan's way, before anybody agrees to it.
struct LaunchObstacles {
    private static let patience = Duration.seconds(8)

    /// A sentence each; none where a cloud does not answer in time: the launch will tell.
    static func of(_ planned: PlannedPipeline, in context: CommandContext) throws -> [String] {
        let access = CatalogAccess(context)
        guard let clouds = try access.clouds(), !clouds.settings.sections.isEmpty else { return [] }
        let requests = PlannedRequests(planned.plan, planned.pipeline)
        let registry = try access.adapters(for: planned.market.offers.catalog.providers)
        let wanted = requests.providers.compactMap { provider in
            ((try? registry.adapter(for: provider)) as? any IdentifyingAdapter).map { ($0, requests.of(provider)) }
        }
        guard !wanted.isEmpty else { return [] }
        return try AsyncWork.run {
            await withTaskGroup(of: [String].self) { tasks in
                for (adapter, requests) in wanted { tasks.addTask { await ask(adapter, requests) } }
                return await tasks.reduce(into: []) { $0 += $1 }.sorted()
            }
        }
    }

    private static func ask(_ adapter: any IdentifyingAdapter, _ requests: [NodeGroupRequest]) async -> [String] {
        await withTaskGroup(of: [String].self) { race in
            race.addTask {
                do throws(ProviderError) {
                    return try await adapter.obstacles(to: requests).map { "\(adapter.provider): \($0)" }
                } catch { return error.kind == .transient ? [] : [error.description] }
            }
            race.addTask {
                try? await Task.sleep(for: patience)
                return []
            }
            defer { race.cancelAll() }
            return await race.next() ?? []
        }
    }
}
