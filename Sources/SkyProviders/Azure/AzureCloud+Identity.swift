import SkyAzure
import SkyCore
import SkyHTTP

extension AzureCloud: IdentifyingCloud {
    func identity() async throws(ProviderError) -> CloudIdentity {
        try await asking { () async throws(ResourceManagerError) in
            let caller = try await manager.caller()
            let subscription = try await session.subscription()
            let name = try await manager.name(of: subscription)
            let source: String
            do throws(CredentialFailure) { source = try await manager.account.source() } catch {
                throw ResourceManagerError(.credentials, error.message)
            }
            let who = caller.map { caller in caller.name + (caller.tenant.map { " in tenant \($0)" } ?? "") }
            return CloudIdentity(
                name: who ?? "an account that its token does not name",
                account: name.map { "\($0) (\(subscription.id))" } ?? subscription.id, source: source)
        }
    }

    /// Cores of each family of machines, and of the region as a whole, that the subscription has not got.
    func obstacles(to requests: [NodeGroupRequest]) async throws(ProviderError) -> [String] {
        var obstacles: [String] = []
        for (region, wanted) in Dictionary(grouping: requests, by: \.region).sorted(by: { $0.key < $1.key }) {
            obstacles += try await asking { () async throws(ResourceManagerError) in
                try await self.obstacles(to: wanted, in: region)
            }
        }
        return obstacles
    }

    private func obstacles(
        to requests: [NodeGroupRequest], in region: String
    ) async throws(ResourceManagerError) -> [String] {
        var obstacles: [String] = []
        var needed: [String: Int] = [:]
        for request in requests {
            guard let size = try await session.size(request.instanceType, in: region) else {
                obstacles.append("\(region) has no machine type \(request.instanceType)")
                continue
            }
            if let obstacle = size.obstacle(zone: Self.zone(of: request)) { obstacles.append("\(region): \(obstacle)") }
            let cores = size.cores * request.numNodes
            let quotas = request.isSpot ? ["lowPriorityCores"] : [size.family ?? "cores", "cores"]
            for quota in Set(quotas) { needed[quota.lowercased(), default: 0] += cores }
        }
        let paths = try await session.paths()
        let usages = try await manager.list(
            AzureAnswer.Usage.self, paths.usages(region), version: AzurePaths.compute)
        for usage in usages {
            guard let cores = needed[usage.name.value.lowercased()], cores > usage.limit - usage.currentValue else {
                continue
            }
            obstacles.append(
                "\(region): \(cores) cores of \(usage.name.localizedValue ?? usage.name.value) are needed, and "
                    + "\(usage.currentValue) of \(usage.limit) are in use: ask for more under Quotas in Azure's portal")
        }
        return obstacles
    }
}
