public import SkyCore

/// One thing that can be had: a machine of one type in one region or zone, at one price.
public struct Offer: Hashable, Sendable, Codable {
    public enum Market: String, Hashable, Sendable, Codable {
        case onDemand = "on-demand"
        /// Cheaper, and may be taken away at any time.
        case spot
    }

    public var provider: String
    public var region: String
    /// Nil when the provider sells by region only.
    public var zone: String?
    public var instanceType: String
    /// All accelerators of one node; nil for machines without.
    public var accelerator: AcceleratorCount?
    public var cpus: Double
    public var memoryGiB: Double
    /// Per node and hour, surcharges of the capabilities asked for included.
    public var pricePerHour: Money
    public var market: Market
    /// Sorted. `confidential`, `confidential-sev-snp`, `tpu`, `inferentia`, …
    public var capabilities: [String]

    public init(
        provider: String, region: String, zone: String? = nil, instanceType: String,
        accelerator: AcceleratorCount? = nil, cpus: Double, memoryGiB: Double, pricePerHour: Money,
        market: Market = .onDemand, capabilities: [String] = []
    ) {
        self.provider = provider
        self.region = region
        self.zone = zone
        self.instanceType = instanceType
        self.accelerator = accelerator
        self.cpus = cpus
        self.memoryGiB = memoryGiB
        self.pricePerHour = pricePerHour
        self.market = market
        self.capabilities = capabilities
    }

    public var location: Location { Location(provider: provider, region: region) }
}
