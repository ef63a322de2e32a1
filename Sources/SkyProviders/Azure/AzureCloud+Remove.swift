import SkyAzure
import SkyCore
import SkyHTTP

extension AzureCloud {
    func remove(_ name: MachineGroupName) async throws(ProviderError) -> Bool {
        try await asking { () async throws(ResourceManagerError) in
            let paths = try await session.paths()
            guard let group = try await resourceGroup(of: name, paths) else { return true }
            let there = try await manager.find(
                AzureAnswer.Group.self, paths.resourceGroup(group), version: AzurePaths.groups)
            // What is not tagged as ours is nobody's business.
            guard let there, there.tags?[MachineTag.run] != nil else { return true }
            if there.isGoing { return false }
            let names = AzureNames(token: name.token)
            let inventory = try await AzureInventory(of: group, paths, manager)
            if inventory.isOnly(names) {
                if try await removeWhole(group, paths) { return false }
                // Somebody is making something in it: then it is not the last.
            }
            return try await remove(inventory.part(of: names), names, in: group, paths)
        }
    }

    /// With everything in it, machines without waiting for them to shut down. False when it cannot be closed.
    private func removeWhole(_ group: String, _ paths: AzurePaths) async throws(ResourceManagerError) -> Bool {
        guard await session.close(group) else { return false }
        let call = ResourceManager.Call(
            .delete, paths.resourceGroup(group), version: AzurePaths.groups,
            query: [("forceDeletionTypes", "Microsoft.Compute/virtualMachines")])
        let outcome: Result<Void, ResourceManagerError>
        do throws(ResourceManagerError) { outcome = .success(try await delete(call)) } catch {
            outcome = .failure(error)
        }
        await session.open(group)
        try outcome.get()
        return true
    }

    /// One kind after the other: what is used cannot be deleted. True when nothing of it is left.
    private func remove(
        _ part: AzureInventory, _ names: AzureNames, in group: String, _ paths: AzurePaths
    ) async throws(ResourceManagerError) -> Bool {
        for (kind, found) in part.inOrder where !found.isEmpty {
            for thing in found {
                let query = kind == .machines ? [("forceDeletion", "true")] : []
                try await delete(.init(.delete, thing.id, version: kind.version, query: query))
            }
            return false
        }
        // These cost nothing, and are not listed: the last machine frees them.
        for kind in ["availabilitySets", "proximityPlacementGroups"] where part.isTight {
            let name = kind == "availabilitySets" ? names.availabilitySet : names.placementGroup
            try await delete(.init(.delete, paths.compute(kind, in: group, name), version: AzurePaths.compute))
        }
        return true
    }

    /// Returns when Azure has taken it up. What is gone already, or on its way, is as good.
    private func delete(_ call: ResourceManager.Call) async throws(ResourceManagerError) {
        let response = try await manager.answer(call)
        if response.isSuccess || response.status == 404 { return }
        let failure = ResourceManagerError.refusal(call, response)
        let isUnderWay: Set = [
            "ResourceGroupBeingDeleted", "OperationNotAllowed", "AnotherOperationInProgress", "NicInUse",
            "PublicIPAddressCannotBeDeleted", "InUseNetworkSecurityGroupCannotBeDeleted", "RetryableError", "Conflict",
        ]
        // Asked again in a moment, it is gone, or it says the same until time is up.
        guard response.status == 409 || response.status == 400, failure.codes.contains(where: isUnderWay.contains)
        else {
            throw failure
        }
    }
}

/// What is in a resource group, by kind.
struct AzureInventory {
    enum Kind: CaseIterable {
        case machines, interfaces, addresses, securityGroups, disks

        var version: String {
            switch self {
            case .machines: AzurePaths.compute
            case .disks: AzurePaths.disks
            case .interfaces, .addresses, .securityGroups: AzurePaths.network
            }
        }

        func path(in group: String, _ paths: AzurePaths) -> String {
            switch self {
            case .machines: paths.compute("virtualMachines", in: group)
            case .disks: paths.compute("disks", in: group)
            case .interfaces: paths.network("networkInterfaces", in: group)
            case .addresses: paths.network("publicIPAddresses", in: group)
            case .securityGroups: paths.network("networkSecurityGroups", in: group)
            }
        }
    }

    private var things: [Kind: [AzureAnswer.Thing]]
    /// Placed together, by a group of its own.
    let isTight: Bool

    init(of group: String, _ paths: AzurePaths, _ manager: ResourceManager) async throws(ResourceManagerError) {
        var things: [Kind: [AzureAnswer.Thing]] = [:]
        for kind in Kind.allCases {
            things[kind] = try await manager.list(
                AzureAnswer.Thing.self, kind.path(in: group, paths), version: kind.version)
        }
        self.things = things
        isTight = try await !manager.list(
            AzureAnswer.Thing.self, paths.compute("proximityPlacementGroups", in: group), version: AzurePaths.compute
        ).isEmpty
    }

    private init(_ things: [Kind: [AzureAnswer.Thing]], isTight: Bool) {
        self.things = things
        self.isTight = isTight
    }

    /// Nothing in it is of anybody else: another token, or a person who has put something there.
    func isOnly(_ names: AzureNames) -> Bool {
        things.values.allSatisfy { $0.allSatisfy { $0.name.hasPrefix(names.prefix) } }
    }

    func part(of names: AzureNames) -> AzureInventory {
        AzureInventory(things.mapValues { $0.filter { $0.name.hasPrefix(names.prefix) } }, isTight: isTight)
    }

    /// In the order in which they can be deleted.
    var inOrder: [(kind: Kind, things: [AzureAnswer.Thing])] { Kind.allCases.map { ($0, things[$0] ?? []) } }
}
