/// One thing that every adapter must keep, and what trying it rents.
public struct ConformanceCheck: Sendable {
    /// `one-token`: for scripts.
    public let id: String
    /// A sentence without a full stop: `one token is one group, however often it is asked for`.
    public let title: String
    /// Nodes that are rented at one time; 0 for checks that rent nothing.
    public let nodes: Int
    /// How long they are held, on a provider whose machines need minutes to come up.
    public let minutes: Int
    let body: @Sendable (ConformanceTrial) async throws -> Void
}

/// How a check came out.
public enum ConformanceOutcome: Hashable, Sendable {
    case kept
    /// Not tried, for what the adapter says against it.
    case leftOut(String)
    /// What was not as it must be.
    case broken(String)

    /// What was not as it must be; nil of a check that was kept or left out.
    public var complaint: String? { if case .broken(let reason) = self { reason } else { nil } }
}

/// Why a check does not concern an adapter, for people.
struct ConformanceObstacle: Error {
    let description: String
}

/// Why a check did not come out well, for people.
struct ConformanceFailure: Error, CustomStringConvertible {
    let description: String
}
