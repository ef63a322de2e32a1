import SkyCore
import SkyProviders
import SkyRuntime

extension EffectPerformer {
    /// What jobs get between being asked to end and being made to: time to save what they have.
    private static let graceOfHalt = TimeSpan.seconds(30)
    /// Troubles in a row before machines that cannot be stopped, or started, are given back.
    private static let halts = 10

    /// Asks the attempt's job to end on every node, and waits until it has. What cannot be asked ends with its machine.
    func endJob(of id: AttemptID, _ group: NodeGroup) async {
        await withTaskGroup(of: Void.self) { ranks in
            for node in group.nodes {
                ranks.addTask {
                    do {
                        let agent = try await adapter(group.provider).channel(to: node, of: group).connect()
                        if try await agent.state(ofJob: id.token) != nil {
                            try await agent.kill(job: id.token, grace: Self.graceOfHalt)
                        }
                        await agent.close()
                    } catch {
                        world.log("the job of \(id) was not asked to end on node \(node.rank): \(error)")
                    }
                }
            }
        }
    }

    func halt(_ id: AttemptID, token: String, provider: String) async -> RunEvent? {
        await held.forget(token)
        do throws(ProviderError) {
            let adapter = try adapter(provider)
            if let obstacle = adapter.obstacleToStopping(token) { return .notHalted(id, message: obstacle) }
            let span = try await persevering("stopping \(id)") { () throws(ProviderError) in
                try await adapter.stop(token: token)
            }
            return .halted(id, held: span)
        } catch {
            return Task.isCancelled ? nil : .notHalted(id, message: error.description)
        }
    }

    func start(_ id: AttemptID, token: String, provider: String) async -> RunEvent? {
        do throws(ProviderError) {
            let adapter = try adapter(provider)
            let begun = world.now()
            let group = try await persevering("starting \(id)") { () throws(ProviderError) in
                try await adapter.start(token: token)
            }
            held.leaseRenewed(of: token, at: begun)
            return .provisioned(id, group)
        } catch {
            return Task.isCancelled ? nil : .provisionFailed(id, error)
        }
    }

    /// Machines that are there already are worth more than new ones: what may pass is waited for.
    private func persevering<Value>(
        _ what: String, _ body: () async throws(ProviderError) -> Value
    ) async throws(ProviderError) -> Value {
        var failures = 0
        while true {
            do throws(ProviderError) { return try await body() } catch {
                failures += 1
                guard error.kind == .transient, failures < Self.halts, !Task.isCancelled else { throw error }
                world.log("\(what) failed, trying again: \(error)")
                let pause = FailurePolicy.pause(after: failures, dice: .max)
                try? await Task.sleep(for: .milliseconds(pause.milliseconds))
            }
        }
    }
}
