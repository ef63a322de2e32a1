public import SkyCore
public import SkyProviders

/// Gives groups back without a driver, for those that no run looks after.
public struct GivingBack: Sendable {
    private let adapter: any ProviderAdapter
    private let patiently: Patience

    /// - Parameter pause: waits before the next try; nil for a quarter of a second that doubles up to half a minute.
    public init(_ adapter: any ProviderAdapter, pause: (@Sendable (_ round: Int) async -> Void)? = nil) {
        self.adapter = adapter
        patiently = Patience(pause: pause)
    }

    /// Returns when the provider lists nothing of the group any more.
    ///
    /// - Throws: what the provider says in the end; `transient` when it still lists the group after all.
    public func giveBack(_ token: String, of run: RunID) async throws(ProviderError) {
        try await patiently { () throws(ProviderError) in try await adapter.terminate(token: token) }
        for round in 0..<Patience.rounds {
            let left = try await patiently { () throws(ProviderError) in try await adapter.list(run: run) }
            if !left.contains(where: { $0.token == token }) { return }
            await patiently.pause(round)
        }
        throw ProviderError(.transient, provider: adapter.provider, "\(token) is given back and still listed")
    }
}
