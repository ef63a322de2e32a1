public import SkyCore
public import SkyProviders

/// What providers say is rented under our tag, whatever the journal knows.
public struct Survey: Sendable {
    /// By provider and token.
    public let groups: [NodeGroup]
    /// One for each provider that did not answer: what it holds is not known.
    public let failures: [ProviderError]

    public init(groups: [NodeGroup], failures: [ProviderError] = []) {
        self.groups = groups.sorted { ($0.provider, $0.token) < ($1.provider, $1.token) }
        self.failures = failures.sorted { $0.provider < $1.provider }
    }

    /// Asks all of them at once.
    public static func of(_ adapters: [any ProviderAdapter]) async -> Survey {
        await withTaskGroup(of: Result<[NodeGroup], ProviderError>.self) { tasks in
            for adapter in adapters {
                tasks.addTask {
                    do throws(ProviderError) { return .success(try await adapter.list(run: nil)) } catch {
                        return .failure(error)
                    }
                }
            }
            var (groups, failures) = ([NodeGroup](), [ProviderError]())
            for await result in tasks {
                switch result {
                case .success(let found): groups += found
                case .failure(let error): failures.append(error)
                }
            }
            return Survey(groups: groups, failures: failures)
        }
    }
}

extension NodeGroup {
    /// The attempt that the token names; nil for a token of another make.
    public var attempt: AttemptID? {
        let prefix = "\(run)--"
        guard token.hasPrefix(prefix) else { return nil }
        let parts = token.dropFirst(prefix.count).split(separator: "--", omittingEmptySubsequences: false)
        guard parts.count >= 2, let number = parts.last.flatMap({ Int($0) }) else { return nil }
        return AttemptID(run: run, stage: parts.dropLast().joined(separator: "--"), number: number)
    }
}
