public import SkyCore

/// What leaving a region costs, for one destination or a group of them.
public struct EgressRate: Hashable, Sendable {
    public enum Destination: Hashable, Sendable {
        case location(Location)
        /// Every region of the provider.
        case provider(String)
        /// Everywhere: the internet.
        case anywhere

        /// Reads `gcp/us-central1`, `gcp/*` or `*`.
        public init?(_ text: String) {
            let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
            if text == "*" {
                self = .anywhere
            } else if parts.count == 2, let provider = parts.first, let region = parts.last, !provider.isEmpty,
                !region.isEmpty
            {
                self = region == "*" ? .provider(provider) : .location(Location(provider: provider, region: region))
            } else {
                return nil
            }
        }
    }

    public var provider: String
    /// Nil: every region of the provider.
    public var region: String?
    public var destination: Destination
    /// Never empty; rising, the last without an end.
    public var tiers: [EgressTier]

    public init(provider: String, region: String?, destination: Destination, perGigabyte: Money) {
        self.init(
            provider: provider, region: region, destination: destination, tiers: [EgressTier(perGigabyte: perGigabyte)])
    }

    /// Tiers in any order; what lies above the last of them costs as much as it does.
    public init(provider: String, region: String?, destination: Destination, tiers: [EgressTier]) {
        self.provider = provider
        self.region = region
        self.destination = destination
        self.tiers = tiers.sorted { $0.upToGB ?? .max < $1.upToGB ?? .max }
        if self.tiers.isEmpty { self.tiers = [EgressTier(perGigabyte: .zero)] }
        self.tiers[self.tiers.count - 1].upToGB = nil
    }
}

/// What a gigabyte costs up to a volume per month.
public struct EgressTier: Hashable, Sendable {
    /// GB of 10⁹ bytes in a month, all that came before included; nil: without end.
    public var upToGB: Int64?
    public var perGigabyte: Money

    public init(upToGB: Int64? = nil, perGigabyte: Money) {
        self.upToGB = upToGB
        self.perGigabyte = perGigabyte
    }
}

extension [EgressTier] {
    /// What `size` costs when `used` has been sent in the month before; exact, rounded once, half up to a nanodollar.
    func price(of size: DataSize, after used: DataSize = .zero) -> Money {
        var (place, sum) = (Int128(Swift.max(used.bytes, 0)), Int128(0))
        let end = place + Int128(Swift.max(size.bytes, 0))
        for tier in self where place < end {
            let limit = Swift.min(tier.upToGB.map { Int128($0) * 1_000_000_000 } ?? end, end)
            guard limit > place else { continue }
            sum += (limit - place) * Int128(tier.perGigabyte.nanodollars)
            place = limit
        }
        return Money(nanodollars: Int64(clamping: (sum + 500_000_000) / 1_000_000_000))
    }
}

/// A measured rate between one machine here and one there.
public struct MeasuredThroughput: Hashable, Sendable {
    public var from: Location
    public var to: Location
    /// 10⁹ bits per second; positive.
    public var gigabitsPerSecond: Double

    public init(from: Location, to: Location, gigabitsPerSecond: Double) {
        self.from = from
        self.to = to
        self.gigabitsPerSecond = gigabitsPerSecond
    }
}

/// Egress prices and throughput between locations. The most specific rate wins: a region before a provider before
/// anywhere, and with equal destinations the rate of one region before that of all.
public struct Tariffs: Sendable {
    public var egress: [EgressRate]
    public var throughput: [MeasuredThroughput]

    public init(egress: [EgressRate] = [], throughput: [MeasuredThroughput] = []) {
        self.egress = egress
        self.throughput = throughput
    }
}
