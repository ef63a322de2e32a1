public import SkyCore

/// When a provider held a group's nodes, by its own books.
public struct HeldSpan: Hashable, Sendable, Codable {
    public var since: Instant
    /// Not before `since`.
    public var until: Instant

    public init(since: Instant, until: Instant) {
        self.since = since
        self.until = max(since, until)
    }
}

/// An adapter of a provider that keeps books which can be asked: what it says is what it bills.
public protocol BookkeepingAdapter: ProviderAdapter {
    /// When the token's group was held, from its request until nothing of it was left. Nil of a group that is still there,
    /// never was, or is long forgotten.
    func held(token: String) async throws(ProviderError) -> HeldSpan?
}
