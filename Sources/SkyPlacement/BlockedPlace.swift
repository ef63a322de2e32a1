public import SkyCatalog

/// A part of the market to stay away from: nil means "any". Re-planning after a stock-out blocks what was sold out.
public struct BlockedPlace: Hashable, Sendable, Codable, CustomStringConvertible {
    public var provider: String
    public var region: String?
    /// Blocks only offers of this zone, not those sold for the region as a whole.
    public var zone: String?
    public var instanceType: String?
    /// A provider out of spot machines may still sell the same type on demand.
    public var market: Offer.Market?

    public init(
        provider: String, region: String? = nil, zone: String? = nil, instanceType: String? = nil,
        market: Offer.Market? = nil
    ) {
        self.provider = provider
        self.region = region
        self.zone = zone
        self.instanceType = instanceType
        self.market = market
    }

    /// Machines of an offer's kind in its region, or in one zone of it.
    public init(machinesOf offer: Offer, zone: String? = nil) {
        self.init(
            provider: offer.provider, region: offer.region, zone: zone, instanceType: offer.instanceType,
            market: offer.market)
    }

    /// Whether it keeps an offer that is sold for the region as a whole out of this zone; only a block of a zone does.
    public func blocks(_ zone: String, of offer: Offer) -> Bool {
        guard self.zone == zone else { return false }
        var region = self
        region.zone = nil
        return region.blocks(offer)
    }

    public func blocks(_ offer: Offer) -> Bool {
        provider == offer.provider
            && (region == nil || region == offer.region)
            && (zone == nil || zone == offer.zone)
            && (instanceType == nil || instanceType == offer.instanceType)
            && (market == nil || market == offer.market)
    }

    /// `aws/us-east-1/us-east-1a p4d.24xlarge spot`, with what is not restricted left out.
    public var description: String {
        let place = [provider, region, zone].compactMap { $0 }.joined(separator: "/")
        return [place, instanceType, market?.rawValue].compactMap { $0 }.joined(separator: " ")
    }
}
