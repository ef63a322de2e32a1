import SkyAzure
import SkyCore

/// What is asked of Azure once and kept: the subscription and the machine types of a region. And who is at work in which resource
/// group, so that none is deleted as empty while something is on its way into it.
actor AzureSession {
    nonisolated let manager: ResourceManager
    private let wanted: String?
    private var found: AzureSubscription?
    private var sizes: [String: Task<Result<[String: AzureSize], ResourceManagerError>, Never>] = [:]
    private var makers: [String: Int] = [:]
    private var closing: Set<String> = []

    /// - Parameter subscription: the one that a person's settings name.
    init(_ manager: ResourceManager, subscription: String?) {
        self.manager = manager
        wanted = subscription
    }

    func subscription() async throws(ResourceManagerError) -> AzureSubscription {
        if let found { return found }
        let subscription = try await manager.subscription(wanted)
        found = subscription
        return subscription
    }

    func paths() async throws(ResourceManagerError) -> AzurePaths {
        AzurePaths(subscription: try await subscription().id)
    }

    /// Nil when the region has no such machine type.
    func size(_ name: String, in region: String) async throws(ResourceManagerError) -> AzureSize? {
        let paths = try await paths()
        let search = sizes[region] ?? Task { [manager] in await Self.sizes(of: region, paths, manager) }
        sizes[region] = search
        do { return try await search.value.get()[name.lowercased()] } catch {
            // Another may have better luck.
            if sizes[region] == search { sizes[region] = nil }
            throw error
        }
    }

    private static func sizes(
        of region: String, _ paths: AzurePaths, _ manager: ResourceManager
    ) async -> Result<[String: AzureSize], ResourceManagerError> {
        do throws(ResourceManagerError) {
            let all = try await manager.list(
                AzureSize.self, paths.sizes, version: AzurePaths.sizes,
                query: [("$filter", "location eq '\(region)'")])
            let machines = all.filter { $0.resourceType == "virtualMachines" }
            return .success(Dictionary(machines.map { ($0.name.lowercased(), $0) }, uniquingKeysWith: { $1 }))
        } catch { return .failure(error) }
    }

    // MARK: Resource groups

    /// False while the group is about to be deleted.
    func beginMaking(in group: String) -> Bool {
        guard !closing.contains(group) else { return false }
        makers[group, default: 0] += 1
        return true
    }

    func endMaking(in group: String) {
        makers[group, default: 1] -= 1
        if makers[group] == 0 { makers[group] = nil }
    }

    /// False while somebody makes something in it.
    func close(_ group: String) -> Bool {
        guard makers[group] == nil else { return false }
        closing.insert(group)
        return true
    }

    func open(_ group: String) { closing.remove(group) }
}
