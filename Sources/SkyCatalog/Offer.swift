public import SkyCore

/// One thing that can be had: a machine of one type in one region or zone, at one price.
///
/// Planning handles thousands of them, so the attributes are shared by all copies: a copy counts one reference, not
/// one for every name in it.
public struct Offer: Sendable {
    public enum Market: String, Hashable, Sendable, Codable {
        case onDemand = "on-demand"
        /// Cheaper, and may be taken away at any time.
        case spot
    }

    private let shared: Shared

    public init(
        provider: String, region: String, zone: String? = nil, instanceType: String,
        accelerator: AcceleratorCount? = nil, cpus: Double, memoryGiB: Double, pricePerHour: Money,
        market: Market = .onDemand, capabilities: [String] = [], acceleratorMemoryGB: Double? = nil,
        interruptionsPerMonth: Double? = nil, availableCount: Int? = nil, timeLimit: TimeSpan? = nil
    ) {
        shared = Shared(
            Attributes(
                provider: provider, region: region, zone: zone, instanceType: instanceType, accelerator: accelerator,
                cpus: cpus, memoryGiB: memoryGiB, pricePerHour: pricePerHour, market: market,
                capabilities: capabilities, acceleratorMemoryGB: acceleratorMemoryGB,
                interruptionsPerMonth: interruptionsPerMonth, availableCount: availableCount, timeLimit: timeLimit))
    }

    private struct Attributes: Hashable, Sendable, Codable {
        let provider: String
        let region: String
        let zone: String?
        let instanceType: String
        let accelerator: AcceleratorCount?
        let cpus: Double
        let memoryGiB: Double
        let pricePerHour: Money
        let market: Market
        let capabilities: [String]
        let acceleratorMemoryGB: Double?
        let interruptionsPerMonth: Double?
        let availableCount: Int?
        let timeLimit: TimeSpan?
    }

    private final class Shared: Sendable {
        let attributes: Attributes

        init(_ attributes: Attributes) { self.attributes = attributes }
    }
}

extension Offer {
    public var provider: String { shared.attributes.provider }
    public var region: String { shared.attributes.region }
    /// Nil when the provider sells by region only, or any zone will do.
    public var zone: String? { shared.attributes.zone }
    public var instanceType: String { shared.attributes.instanceType }
    /// All accelerators of one node; nil for machines without.
    public var accelerator: AcceleratorCount? { shared.attributes.accelerator }
    public var cpus: Double { shared.attributes.cpus }
    public var memoryGiB: Double { shared.attributes.memoryGiB }
    /// Per node and hour, surcharges of the capabilities asked for included.
    public var pricePerHour: Money { shared.attributes.pricePerHour }
    public var market: Market { shared.attributes.market }
    /// Sorted. `confidential`, `confidential-sev-snp`, `tpu`, `inferentia`, …
    public var capabilities: [String] { shared.attributes.capabilities }

    /// Of each accelerator; nil when it is not known, or there are none.
    public var acceleratorMemoryGB: Double? { shared.attributes.acceleratorMemoryGB }
    /// How many of a hundred such spot machines are taken away within a month, divided by a hundred: 0.05 is a twentieth.
    /// Nil when nobody measured it, and on demand.
    public var interruptionsPerMonth: Double? { shared.attributes.interruptionsPerMonth }

    /// How many such machines there are at this price: of a reservation, or one's own. Nil when no limit is known.
    public var availableCount: Int? { shared.attributes.availableCount }

    /// How long it may be had at a stretch; nil for as long as it is paid for.
    public var timeLimit: TimeSpan? { shared.attributes.timeLimit }

    public var location: Location { Location(provider: provider, region: region) }
}

extension Offer: Hashable {
    public static func == (a: Offer, b: Offer) -> Bool {
        a.shared === b.shared || a.shared.attributes == b.shared.attributes
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(shared.attributes) }
}

extension Offer: Codable {
    public init(from decoder: any Decoder) throws { shared = Shared(try Attributes(from: decoder)) }

    public func encode(to encoder: any Encoder) throws { try shared.attributes.encode(to: encoder) }
}
