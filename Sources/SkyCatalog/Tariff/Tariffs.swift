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
    public var perGigabyte: Money

    public init(provider: String, region: String?, destination: Destination, perGigabyte: Money) {
        self.provider = provider
        self.region = region
        self.destination = destination
        self.perGigabyte = perGigabyte
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
    private struct Rates {
        var exact: [Location: Money] = [:]
        var byProvider: [String: Money] = [:]
        var anywhere: Money?
    }

    /// By origin; the region `*` holds what a provider asks in all its regions.
    private var egress: [Location: Rates] = [:]
    var throughput = ThroughputTable()

    public init(egress: [EgressRate] = [], throughput: [MeasuredThroughput] = []) {
        for rate in egress { add(rate) }
        for pair in throughput { self.throughput.add(pair) }
    }

    mutating func add(_ rate: EgressRate) {
        let origin = Location(provider: rate.provider, region: rate.region ?? "*")
        switch rate.destination {
        case .location(let location): egress[origin, default: Rates()].exact[location] = rate.perGigabyte
        case .provider(let provider): egress[origin, default: Rates()].byProvider[provider] = rate.perGigabyte
        case .anywhere: egress[origin, default: Rates()].anywhere = rate.perGigabyte
        }
    }

    /// Nil when nothing is known about leaving `from`.
    func pricePerGigabyte(from: Location, to: Location) -> Money? {
        if from == to { return .zero }
        let own = egress[from]
        let everywhere = egress[Location(provider: from.provider, region: "*")]
        return own?.exact[to] ?? everywhere?.exact[to]
            ?? own?.byProvider[to.provider] ?? everywhere?.byProvider[to.provider]
            ?? own?.anywhere ?? everywhere?.anywhere
    }

    /// What the provider's dearest region asks for traffic to anywhere; nil when nothing is known about it.
    func dearestPerGigabyte(fromAnyRegionOf provider: String) -> Money? {
        egress.filter { $0.key.provider == provider }.compactMap(\.value.anywhere).max()
    }
}
