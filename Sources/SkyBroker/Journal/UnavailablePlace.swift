public import SkyCore
public import SkyPlacement
public import SkyProviders

/// That a place refused, and why.
public struct PlaceRefusal: Hashable, Sendable {
    /// What cannot be had: as much of provider, region, zone, machine type and market as the refusal is about.
    public var place: BlockedPlace
    public var kind: ProviderError.Kind
    /// The provider's words.
    public var message: String
    public var at: Instant

    public init(_ place: BlockedPlace, _ kind: ProviderError.Kind, message: String, at: Instant) {
        self.place = place
        self.kind = kind
        self.message = message
        self.at = at
    }
}

/// A place that all runs stay away from for a while, because it refused one of them.
public struct UnavailablePlace: Hashable, Sendable {
    public var place: BlockedPlace
    public var kind: ProviderError.Kind
    /// The provider's last words.
    public var message: String
    /// The first refusal of this row of them.
    public var since: Instant
    /// The latest refusal.
    public var last: Instant
    public var until: Instant
    /// Refusals in a row; those within a minute count as one.
    public var repeats: Int

    /// How long a place is avoided after the first refusal in a row.
    public static let firstSpan = TimeSpan.seconds(300)
    /// The most it is avoided after any refusal.
    public static let longestSpan = TimeSpan.seconds(6 * 3600)
    /// A hundred runs that hear of one stock-out have heard of one.
    static let sameRefusal = TimeSpan.seconds(60)

    /// Five minutes, doubled with each refusal in a row, up to six hours.
    public static func span(afterRefusals count: Int) -> TimeSpan {
        let doublings = min(max(count - 1, 0), 16)
        return min(longestSpan, TimeSpan(milliseconds: firstSpan.milliseconds << Int64(doublings)))
    }

    init(_ refusal: PlaceRefusal) {
        place = refusal.place
        kind = refusal.kind
        message = refusal.message
        (since, last) = (refusal.at, refusal.at)
        repeats = 1
        until = refusal.at + Self.span(afterRefusals: 1)
    }

    /// Takes another refusal in. One that comes when the time has long run out begins a new row, and so does one from
    /// before the last: then the clock was set back, and nothing is known of how long ago the others were.
    mutating func refuses(again refusal: PlaceRefusal) {
        guard refusal.at + Self.sameRefusal > last, refusal.at < until + Self.longestSpan else {
            self = UnavailablePlace(refusal)
            return
        }
        if refusal.at - last >= Self.sameRefusal { repeats += 1 }
        message = refusal.message
        last = max(last, refusal.at)
        until = max(until, last + Self.span(afterRefusals: repeats))
    }

    /// False when the time is over; or when it lies further ahead than any refusal reaches, because the clock was set
    /// back since.
    public func isAvoided(at now: Instant) -> Bool { now < until && until - now <= Self.longestSpan }
}
