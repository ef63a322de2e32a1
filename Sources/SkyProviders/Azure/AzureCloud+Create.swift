import SkyAzure
import SkyCore
import SkyHTTP

extension AzureCloud {
    func create(_ order: MachineOrder) async throws(ProviderError) {
        let request = order.request
        let size = try await size(for: request)
        guard let image = AzureImage.reference(request.image ?? settings.image ?? AzureImage.usual(for: size)) else {
            throw refusal("there is no image for \(request.instanceType)")
        }
        let paths = try await asking { () async throws(ResourceManagerError) in try await session.paths() }
        let group = AzureNames.resourceGroup(run: request.run, region: request.region)
        guard await session.beginMaking(in: group) else {
            throw ProviderError(
                .transient, provider: provider, "resource group \(group) is just being deleted: it was empty")
        }
        let bodies = AzureBodies(
            order: order, names: AzureNames(token: request.token), paths: paths, group: group,
            size: size, image: image)
        let outcome = await made(bodies, request)
        await session.endMaking(in: group)
        try outcome.get()
    }

    private func made(_ bodies: AzureBodies, _ request: NodeGroupRequest) async -> Result<Void, ProviderError> {
        do throws(ProviderError) {
            try await makeSurroundings(bodies, request)
            try await makeMachines(bodies, request)
            return .success(())
        } catch { return .failure(error) }
    }

    /// The machine type as the region has it, when it can do what is asked.
    private func size(for request: NodeGroupRequest) async throws(ProviderError) -> AzureSize {
        let size = try await asking { () async throws(ResourceManagerError) in
            try await session.size(request.instanceType, in: request.region)
        }
        func none(_ message: String) -> ProviderError { ProviderError(.noCapacity, provider: provider, message) }
        guard let size else { throw none("\(request.region) has no machine type \(request.instanceType)") }
        if let obstacle = size.obstacle(zone: Self.zone(of: request)) { throw none("\(request.region): \(obstacle)") }
        if request.isSpot, !size.mayBeSpot { throw none("\(size.name) cannot be had as spot") }
        for wanted in request.capabilities ?? [] where wanted.hasPrefix("confidential") {
            let isKept =
                switch wanted {
                case "confidential-sev-snp": size.confidentiality == "SNP"
                case "confidential-tdx": size.confidentiality == "TDX"
                case "confidential-sgx": true
                default: size.confidentiality != nil
                }
            if !isKept {
                throw refusal(
                    "\(wanted) is asked for, and Azure says of \(size.name): "
                        + (size.confidentiality.map { "its memory is encrypted by \($0)" }
                            ?? "its memory is in the clear"))
            }
        }
        return size
    }

    // MARK: What machines stand in

    private func makeSurroundings(_ bodies: AzureBodies, _ request: NodeGroupRequest) async throws(ProviderError) {
        let (paths, group, names) = (bodies.paths, bodies.group, bodies.names)
        try await makeGroup(group, paths, request)
        if settings["subnet"] == nil {
            try await makeMissing(
                paths.network("virtualNetworks", in: group, AzureNames.network), version: AzurePaths.network,
                AzureBodies.network(request))
        }
        try await make(
            paths.network("networkSecurityGroups", in: group, names.securityGroup), version: AzurePaths.network,
            bodies.securityGroup)
        guard bodies.isTight else { return }
        try await make(
            paths.compute("proximityPlacementGroups", in: group, names.placementGroup), version: AzurePaths.compute,
            bodies.placementGroup)
        guard Self.zone(of: request) == nil else { return }
        try await make(
            paths.compute("availabilitySets", in: group, names.availabilitySet), version: AzurePaths.compute,
            bodies.availabilitySet)
    }

    private func makeGroup(
        _ name: String, _ paths: AzurePaths, _ request: NodeGroupRequest
    ) async throws(ProviderError) {
        let path = paths.resourceGroup(name)
        let there = try await asking { () async throws(ResourceManagerError) in
            try await manager.find(AzureAnswer.Group.self, path, version: AzurePaths.groups)
        }
        if let there {
            guard !there.isGoing else {
                throw ProviderError(.transient, provider: provider, "resource group \(name) is just being deleted")
            }
            guard there.tags?[MachineTag.run] == "\(request.run)" else {
                throw refusal("there is a resource group \(name), and its tags do not say that it is Sky's")
            }
            return
        }
        try await make(path, version: AzurePaths.groups, AzureBodies.resourceGroup(request))
    }

    /// What several groups of machines share is left as it is.
    private func makeMissing(_ path: String, version: String, _ body: JSONValue) async throws(ProviderError) {
        let there = try await asking { () async throws(ResourceManagerError) in
            try await manager.find(AzureAnswer.Thing.self, path, version: version)
        }
        if there == nil { try await make(path, version: version, body) }
    }

    private func make(_ path: String, version: String, _ body: JSONValue) async throws(ProviderError) {
        try await asking { () async throws(ResourceManagerError) in
            try await manager.complete(.init(.put, path, version: version, body: body))
        }
    }

    // MARK: Machines

    /// All that are not there yet, side by side. All are tried: a repeated order goes on where this one ended.
    private func makeMachines(_ bodies: AzureBodies, _ request: NodeGroupRequest) async throws(ProviderError) {
        let there = try await machineNames(in: bodies.group, bodies.paths)
        let missing = (0..<request.numNodes).filter { !there.contains(bodies.names.machine($0)) }
        let failures = await withTaskGroup(of: ProviderError?.self) { tasks in
            for rank in missing { tasks.addTask { await makeMachine(rank, bodies) } }
            return await tasks.reduce(into: [ProviderError]()) { found, failure in
                if let failure { found.append(failure) }
            }
        }
        if let worst = failures.first(where: { $0.kind != .transient }) ?? failures.first { throw worst }
    }

    private func machineNames(in group: String, _ paths: AzurePaths) async throws(ProviderError) -> Set<String> {
        let machines = try await asking { () async throws(ResourceManagerError) in
            try await manager.list(
                AzureAnswer.Thing.self, paths.compute("virtualMachines", in: group), version: AzurePaths.compute)
        }
        return Set(machines.map(\.name))
    }

    private func makeMachine(_ rank: Int, _ bodies: AzureBodies) async -> ProviderError? {
        let (paths, group, names) = (bodies.paths, bodies.group, bodies.names)
        do throws(ProviderError) {
            if !settings.isReachedPrivately {
                try await make(
                    paths.network("publicIPAddresses", in: group, names.address(rank)), version: AzurePaths.network,
                    bodies.address(rank))
            }
            try await make(
                paths.network("networkInterfaces", in: group, names.interface(rank)), version: AzurePaths.network,
                bodies.interface(rank))
            // Accepted is enough: whoever looks sees it come up, or fail.
            let path = paths.compute("virtualMachines", in: group, names.machine(rank))
            _ = try await asking { () async throws(ResourceManagerError) in
                try await manager.perform(
                    .init(.put, path, version: AzurePaths.compute, body: bodies.machine(rank)))
            }
            return nil
        } catch { return error }
    }
}
