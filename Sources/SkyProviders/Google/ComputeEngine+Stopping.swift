import SkyCore
import SkyHTTP

extension ComputeEngine {
    func stop(_ group: MachineGroupName) async throws(ProviderError) -> Bool {
        let there = try await standing(group)
        for instance in there where !["STOPPING", "TERMINATED", "DEPROVISIONING"].contains(instance.status) {
            do throws(GoogleFailure) {
                // Disks that are part of the host itself cannot be kept: without saying so, nothing would be stopped.
                try await api.send(call(.post, path(of: instance, "stop"), [("discardLocalSsd", "true")]))
            } catch { throw error.error }
        }
        return there.allSatisfy { $0.status == "TERMINATED" }
    }

    /// Waits until Google has started them or says why not: whether there is room is only known then.
    func start(_ group: MachineGroupName) async throws(ProviderError) {
        let there = try await standing(group)
        guard there.allSatisfy({ $0.status != "STOPPING" }) else {
            throw ProviderError(
                .transient, provider: provider, "the machines of \(group.token) are still being stopped")
        }
        let failures = await withTaskGroup(of: GoogleFailure?.self) { tasks in
            for instance in there where instance.status == "TERMINATED" {
                tasks.addTask {
                    do throws(GoogleFailure) {
                        let request = call(.post, path(of: instance, "start"))
                        let begun = try await api.answer(Compute.Operation.self, request)
                        try check(try await finished(begun, zone: Self.last(instance.zone)), request)
                        return nil
                    } catch { return error }
                }
            }
            return await tasks.reduce(into: [GoogleFailure]()) { all, failure in if let failure { all.append(failure) }
            }
        }
        if let worst = failures.first(where: { $0.error.kind != .transient }) ?? failures.first { throw worst.error }
    }

    private func standing(_ group: MachineGroupName) async throws(ProviderError) -> [Compute.Instance] {
        let names = GoogleNames(token: group.token)
        return try await instances("labels.\(MachineTag.token)=\(names.group)", zone: group.zone)
    }

    private func path(of instance: Compute.Instance, _ action: String) -> String {
        "/zones/\(Self.last(instance.zone))/instances/\(instance.name)/\(action)"
    }
}
