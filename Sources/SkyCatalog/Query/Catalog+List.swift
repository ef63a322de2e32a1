public import SkyCore

/// What `sky catalog list` shows; nil means "any".
public struct CatalogFilter: Hashable, Sendable {
    public var provider: String?
    public var region: String?
    /// By name; any count.
    public var accelerator: String?
    public var acceleratorCount: Double?
    public var instanceType: String?
    /// All of these.
    public var capabilities: [String] = []
    public var market: Offer.Market?
    public var cpus: Quantity?
    public var memory: Quantity?
    public var maxPricePerHour: Money?

    public init() {}
}

extension Catalog {
    /// All offers that pass the filter, the cheapest first; surcharges are not included. Nothing is left out for
    /// reasons of placement, except explicitly placed providers when no provider is named.
    public func list(_ filter: CatalogFilter) -> [Offer] {
        var offers: [Offer] = []
        for shelf in shelves where shelf.isListed(by: filter) {
            var maker = OfferMaker(shelf)
            let capabilitiesFit = shelf.table.capabilitySets.map { own in filter.capabilities.allSatisfy(own.contains) }
            for market in [Offer.Market.onDemand, .spot] where (filter.market ?? market) == market {
                var last: Int?
                for row in 0..<shelf.table.count {
                    guard
                        capabilitiesFit[Int(shelf.table.capabilitySet[row])], shelf.table.passes(row, market, filter)
                    else { continue }
                    if let last, shelf.table.sellsTheSame(row, last, market) { continue }
                    last = row
                    guard let offer = maker.offer(row, market), offer.passes(filter) else { continue }
                    offers.append(offer)
                }
            }
        }
        return offers.sorted(by: Offer.isListedBefore)
    }
}

extension ProviderShelf {
    fileprivate func isListed(by filter: CatalogFilter) -> Bool {
        guard let wanted = filter.provider else { return profile.placement == .any }
        return wanted == profile.name
    }
}

extension OfferTable {
    fileprivate func passes(_ row: Int, _ market: Offer.Market, _ filter: CatalogFilter) -> Bool {
        let price = price(row, market)
        return price != Self.noPrice && price <= (filter.maxPricePerHour ?? .max).nanodollars
            && (filter.cpus?.admits(cpus[row]) ?? true) && (filter.memory?.admits(memoryGiB[row]) ?? true)
    }
}

extension Offer {
    /// The part of a filter that compares names.
    fileprivate func passes(_ filter: CatalogFilter) -> Bool {
        if let wanted = filter.accelerator {
            guard let accelerator, isSameName(accelerator.name, wanted) else { return false }
        }
        return (filter.region ?? region) == region && (filter.instanceType ?? instanceType) == instanceType
            && (filter.acceleratorCount == nil || filter.acceleratorCount == accelerator?.count)
            && filter.capabilities.allSatisfy(capabilities.contains)
    }

    /// By price, and by name among equals, so that a list is always the same.
    static func isListedBefore(_ a: Offer, _ b: Offer) -> Bool {
        if a.pricePerHour != b.pricePerHour { return a.pricePerHour < b.pricePerHour }
        return (a.provider, a.region, a.instanceType, a.market.rawValue, a.accelerator?.description ?? "")
            < (b.provider, b.region, b.instanceType, b.market.rawValue, b.accelerator?.description ?? "")
    }
}
