import SkyAzure
import SkyCore
import SkyHTTP

extension AzureCloud {
    func obstacleToStopping(_ request: NodeGroupRequest) -> String? {
        request.isSpot ? "Azure takes spot machines, and does not promise that they start again" : nil
    }

    /// Deallocated: a machine that is only shut down goes on costing what it did.
    func stop(_ name: MachineGroupName) async throws(ProviderError) -> Bool {
        let there = try await machines(of: name)
        try await all(there.filter(\.isAlive), of: name, "deallocate")
        return there.allSatisfy { $0.state == .stopped }
    }

    /// Waits until Azure has started them or says why not: whether there is room is only known then.
    func start(_ name: MachineGroupName) async throws(ProviderError) {
        let there = try await machines(of: name)
        guard there.allSatisfy({ $0.state != .ending }) else {
            throw ProviderError(
                .transient, provider: provider, "the machines of \(name.token) are still being deallocated")
        }
        try await all(there.filter { $0.state == .stopped }, of: name, "start")
    }

    /// Side by side; the first failure is told.
    private func all(_ machines: [CloudMachine], of name: MachineGroupName, _ action: String)
        async throws(ProviderError)
    {
        guard !machines.isEmpty else { return }
        try await asking { () async throws(ResourceManagerError) in
            let paths = try await session.paths()
            guard let group = try await resourceGroup(of: name, paths) else { return }
            let failures = await withTaskGroup(of: ResourceManagerError?.self) { tasks in
                for machine in machines {
                    let path = "\(paths.compute("virtualMachines", in: group, machine.id))/\(action)"
                    tasks.addTask {
                        do throws(ResourceManagerError) {
                            _ = try await manager.complete(.init(.post, path, version: AzurePaths.compute))
                            return nil
                        } catch { return error }
                    }
                }
                return await tasks.reduce(into: [ResourceManagerError]()) { all, failure in
                    if let failure { all.append(failure) }
                }
            }
            if let worst = failures.first { throw worst }
        }
    }
}
