import SkyCore
import SkyProviders

extension EffectPerformer {
    /// How often a provider is asked whether it still has the nodes.
    private static let interval = TimeSpan.seconds(5)

    /// Looks after an attempt's nodes while they are used: says when the provider announces that it will take them, and
    /// when they are gone. Goes on until its task is cancelled or the nodes are gone.
    func keep(_ id: AttemptID, _ group: NodeGroup, report: @Sendable (RunEvent) -> Void) async {
        var absences = 0
        while (try? await Task.sleep(for: .milliseconds(Self.interval.milliseconds))) != nil {
            do {
                let now = try await adapter(group.provider).describe(token: id.token)
                absences = now == nil ? absences + 1 : 0
                // Providers' lists can lag behind: once missing is not gone.
                if now?.state == .lost || absences >= 3 {
                    return report(.attemptFailed(id, .nodesLost(message: "\(group.provider) has taken the nodes")))
                }
            } catch {
                // What the provider does not say now it says the next time; the job's own connection tells sooner.
                world.log("whether the nodes of \(id) are still there is not known: \(error)")
            }
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
