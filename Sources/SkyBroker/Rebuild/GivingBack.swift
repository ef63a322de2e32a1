public import SkyCore
public import SkyProviders

/// Gives groups back without a driver, for those that no run looks after.
public struct GivingBack: Sendable {
    private let adapter: any ProviderAdapter
    private let pause: @Sendable (_ round: Int) async -> Void

    /// How often passing trouble is met before it counts as lasting, and how often a list that lags is asked.
    private static let patience = 8

    /// - Parameter pause: waits before the next try; nil for a quarter of a second that doubles up to half a minute.
    public init(_ adapter: any ProviderAdapter, pause: (@Sendable (_ round: Int) async -> Void)? = nil) {
        self.adapter = adapter
        self.pause =
            pause ?? { round in
                let milliseconds = min(30_000, 250 << min(round, 10))
                try? await Task.sleep(for: .milliseconds(milliseconds))
            }
    }

    /// Returns when the provider lists nothing of the group any more.
    ///
    /// - Throws: what the provider says in the end; `transient` when it still lists the group after all.
    public func giveBack(_ token: String, of run: RunID) async throws(ProviderError) {
        try await patiently { () throws(ProviderError) in try await adapter.terminate(token: token) }
        for round in 0..<Self.patience {
            let left = try await patiently { () throws(ProviderError) in try await adapter.list(run: run) }
            if !left.contains(where: { $0.token == token }) { return }
            await pause(round)
        }
        throw ProviderError(.transient, provider: adapter.provider, "\(token) is given back and still listed")
    }

    private func patiently<Value>(
        _ body: () async throws(ProviderError) -> Value
    ) async throws(ProviderError) -> Value {
        var round = 0
        while true {
            do throws(ProviderError) { return try await body() } catch {
                round += 1
                guard error.kind == .transient, round < Self.patience else { throw error }
            }
            await pause(round)
        }
    }
}
