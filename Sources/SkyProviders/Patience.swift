/// Meets passing trouble of a provider by asking again.
public struct Patience: Sendable {
    /// Waits before the next try; the first round is 0.
    public let pause: @Sendable (_ round: Int) async -> Void

    /// How often passing trouble is met before it counts as lasting, and how often a list that lags is asked.
    public static let rounds = 8

    /// - Parameter pause: nil for a quarter of a second that doubles up to half a minute.
    public init(pause: (@Sendable (_ round: Int) async -> Void)? = nil) {
        self.pause = pause ?? { try? await Task.sleep(for: .milliseconds(min(30_000, 250 << min($0, 10)))) }
    }

    /// - Throws: what `body` throws that does not pass, or does not in time.
    public func callAsFunction<Value>(
        _ body: () async throws(ProviderError) -> Value
    ) async throws(ProviderError) -> Value {
        var round = 0
        while true {
            do throws(ProviderError) { return try await body() } catch {
                round += 1
                guard error.kind == .transient, round < Self.rounds else { throw error }
            }
            await pause(round)
        }
    }
}
