public import SkyCore

/// When a stage is begun again although its command failed, and where. What a lost machine begins again is no failure
/// of the command, and is not counted here.
public struct JobRecovery: Hashable, Sendable, Codable {
    /// Where a stage is begun again whose machine was taken away.
    public enum Strategy: String, Hashable, Sendable, Codable, CaseIterable {
        /// Where it ran first; elsewhere only if there is nothing to be had.
        case failover
        /// Elsewhere first: who was just interrupted is likely to be interrupted there again.
        case eagerNextRegion = "eager-next-region"
    }

    /// Nil: the file leaves it to the broker.
    public var strategy: Strategy?
    /// How often the stage is begun again after a command that ended with another status than 0; at least 0.
    public var maxRestartsOnErrors: Int
    /// Exit statuses (0…255) after which it is begun again however often that was.
    public var recoverOnExitCodes: [Int]
    /// How long to wait before it is begun again after an error; nil: the broker's own pause.
    public var backoff: TimeSpan?

    public init(
        strategy: Strategy? = nil, maxRestartsOnErrors: Int = 0, recoverOnExitCodes: [Int] = [],
        backoff: TimeSpan? = nil
    ) {
        self.strategy = strategy
        self.maxRestartsOnErrors = maxRestartsOnErrors
        self.recoverOnExitCodes = recoverOnExitCodes
        self.backoff = backoff
    }
}
