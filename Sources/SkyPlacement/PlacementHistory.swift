public import SkyCatalog
public import SkyCore

/// Where the stages of a pipeline ran before, and for how long: what policies that look back are given.
public struct PlacementHistory: Hashable, Sendable {
    /// One finished attempt at a stage.
    public struct PastRun: Hashable, Sendable {
        public var provider: String
        public var region: String
        public var zone: String?
        public var instanceType: String
        public var market: Offer.Market
        /// How long the stage really took.
        public var duration: TimeSpan
        /// Nil when it is not known.
        public var endedAt: Instant?

        public init(
            provider: String, region: String, zone: String? = nil, instanceType: String,
            market: Offer.Market = .onDemand, duration: TimeSpan, endedAt: Instant? = nil
        ) {
            self.provider = provider
            self.region = region
            self.zone = zone
            self.instanceType = instanceType
            self.market = market
            self.duration = duration
            self.endedAt = endedAt
        }

        public var location: Location { Location(provider: provider, region: region) }
    }

    /// By stage name, the latest run first.
    public var runs: [String: [PastRun]]

    public init(runs: [String: [PastRun]] = [:]) { self.runs = runs }

    public var isEmpty: Bool { runs.values.allSatisfy(\.isEmpty) }

    /// Where the stage ran last; nil if it never did, as far as anybody knows.
    public func last(of stage: String) -> PastRun? { runs[stage]?.first }
}
