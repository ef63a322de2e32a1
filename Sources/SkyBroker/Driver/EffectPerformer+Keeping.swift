import SkyCore
import SkyProviders
import SkyRuntime

extension EffectPerformer {
    /// How often a provider is asked whether it still has the nodes.
    private static let interval = TimeSpan.seconds(5)

    /// Looks after an attempt's nodes while they are used: renews their lease, says when the provider announces that it will
    /// take them, and when they are gone. Goes on until its task is cancelled or the nodes are gone.
    func keep(_ id: AttemptID, _ group: NodeGroup, report: @Sendable (RunEvent) -> Void) async {
        async let leases: Void = renewLeases(of: id, group)
        await watch(id, group, report: report)
        _ = await leases
    }

    private func watch(_ id: AttemptID, _ group: NodeGroup, report: @Sendable (RunEvent) -> Void) async {
        var absences = 0
        var isNoticed = false
        while (try? await Task.sleep(for: .milliseconds(Self.interval.milliseconds))) != nil {
            do {
                let now = try await adapter(group.provider).describe(token: group.token)
                absences = now == nil ? absences + 1 : 0
                // Providers' lists can lag behind: once missing is not gone.
                if now?.state == .lost || absences >= 3 {
                    let why = now?.reason.map { "\(group.provider): \($0)" } ?? "\(group.provider) has taken the nodes"
                    return report(.attemptFailed(id, .nodesLost(message: why)))
                }
                if let moment = now?.interruptionAt, !isNoticed {
                    isNoticed = true
                    report(.lossNoticed(id, at: moment))
                }
            } catch {
                // What the provider does not say now it says the next time; the job's own connection tells sooner.
                world.log("whether the nodes of \(id) are still there is not known: \(error)")
            }
        }
    }

    /// Why nodes are lost, where their provider says so.
    func lossReason(of group: NodeGroup) async -> String? {
        guard let now = try? await adapter(group.provider).describe(token: group.token), now.state == .lost else {
            return nil
        }
        return now.reason.map { "\(group.provider): \($0)" }
    }

    /// A third of the lease passes between two renewals, so that two of them may fail.
    private func renewLeases(of id: AttemptID, _ group: NodeGroup) async {
        guard let lease = world.lease(of: launch) else { return }
        let pause = TimeSpan(milliseconds: max(lease.milliseconds / 3, 1000))
        while !Task.isCancelled {
            let since = held.lastRenewal(of: group.token).map { max(world.now() - $0, .zero) } ?? pause
            if since < pause {
                guard (try? await Task.sleep(for: .milliseconds((pause - since).milliseconds))) != nil else { return }
            }
            let begun = world.now()
            for node in group.nodes {
                do {
                    let agent = try await adapter(group.provider).channel(to: node, of: group).connect()
                    try await agent.renewLease(for: lease)
                    await agent.close()
                } catch {
                    world.log("the lease of node \(node.rank) of \(id) was not renewed: \(error)")
                }
            }
            held.leaseRenewed(of: group.token, at: begun)
        }
    }

    /// A person decides, or nobody is there to. The answer itself comes as a request, through the journal.
    func ask(_ question: Question) async -> RunEvent? {
        var unwatched = 0
        while unwatched < 3 {
            unwatched = world.isWatched(launch.run) ? 0 : unwatched + 1
            guard (try? await Task.sleep(for: .seconds(1))) != nil else { return nil }
        }
        return .nobodyToAsk(question)
    }
}
