public import SkyCore

/// What an API takes in `Authorization: Bearer`, for a while.
public struct AccessToken: Hashable, Sendable {
    public let secret: Secret
    public let expires: Instant

    public init(_ secret: Secret, expires: Instant) {
        self.secret = secret
        self.expires = expires
    }

    /// Renewed when less than this is left of it.
    static let margin = TimeSpan.seconds(300)

    func isFresh(at now: Instant) -> Bool { now + Self.margin < expires }
}
