public import SkyCore

/// What `sky catalog list` shows; nil means "any".
public struct CatalogFilter: Hashable, Sendable {
    /// What becomes of offers whose price is flagged.
    public enum Flagged: Hashable, Sendable { case hidden, shown, only }

    public var provider: String?
    public var region: String?
    /// Part of the world, in lower case.
    public var area: String?
    /// By name; any count.
    public var accelerator: String?
    public var acceleratorCount: Quantity?
    /// GB of each accelerator.
    public var acceleratorMemory: Quantity?
    public var instanceType: String?
    /// All of these.
    public var capabilities: [String] = []
    public var market: Offer.Market?
    public var cpus: Quantity?
    public var memory: Quantity?
    public var maxPricePerHour: Money?
    public var flagged = Flagged.hidden

    public init() {}
}

/// An offer with what is known about its price.
public struct ListedOffer: Hashable, Sendable {
    public var offer: Offer
    /// Those of the row with this price, to be tried in this order.
    public var zones: [String]
    public var source: PriceSource?
    public var flags: [OfferFlag]

    public init(offer: Offer, zones: [String] = [], source: PriceSource? = nil, flags: [OfferFlag] = []) {
        self.offer = offer
        self.zones = zones
        self.source = source
        self.flags = flags
    }
}

extension Catalog {
    /// All offers that pass the filter, the cheapest first; surcharges are not included. Nothing is left out for
    /// reasons of placement, except explicitly placed providers when no provider is named.
    public func list(_ filter: CatalogFilter) -> [Offer] { list(filter, limit: nil).offers.map(\.offer) }

    /// The cheapest `limit` of the offers that pass the filter, and how many there are.
    public func list(_ filter: CatalogFilter, limit: Int?) -> (offers: [ListedOffer], total: Int) {
        var found: [Match] = []
        for (index, shelf) in shelves.enumerated() where shelf.isListed(by: filter) {
            ListFilter(filter, shelf, facts).forEachRow { row, market, price in
                found.append(Match(price: price, shelf: Int32(index), row: Int32(row), market: market))
            }
        }
        let total = found.count
        if let limit, limit < found.count {
            // Whatever costs as much as the last one shown may belong to the list: names decide.
            let prices = found.map(\.price).sorted()
            let highest = limit > 0 ? prices[limit - 1] : -1
            found.removeAll { $0.price > highest }
        }
        var makers = shelves.map { OfferMaker($0) }
        let offers = found.compactMap { match -> ListedOffer? in
            let (shelf, row) = (Int(match.shelf), Int(match.row))
            return makers[shelf].offer(row, match.market).map { offer in
                ListedOffer(
                    offer: offer, zones: shelves[shelf].table.zones(row),
                    source: shelves[shelf].source(row, match.market), flags: shelves[shelf].flags(row, match.market))
            }
        }.sorted { Offer.isListedBefore($0.offer, $1.offer) }
        return (limit.map { Array(offers.prefix($0)) } ?? offers, total)
    }

    /// How many offers a provider has, on demand and spot together.
    public func offerCount(of provider: String) -> Int {
        guard let shelf = shelves.first(where: { $0.profile.name == provider }) else { return 0 }
        var filter = CatalogFilter()
        filter.provider = provider
        var count = 0
        ListFilter(filter, shelf, facts).forEachRow { _, _, _ in count += 1 }
        return count
    }

    private struct Match {
        var price: Int64
        var shelf: Int32
        var row: Int32
        var market: Offer.Market
    }
}

extension ProviderShelf {
    func isListed(by filter: CatalogFilter) -> Bool {
        guard let wanted = filter.provider else { return profile.placement == .any }
        return wanted == profile.name
    }
}

/// A filter worked out against one provider's table.
struct ListFilter {
    private let filter: CatalogFilter
    private let shelf: ProviderShelf
    private let type: Int32?
    private let isInRegion: [Bool]
    private let acceleratorFits: [Bool]
    private let wantsAccelerator: Bool
    private let capabilitiesFit: [Bool]

    init(_ filter: CatalogFilter, _ shelf: ProviderShelf, _ facts: AcceleratorFacts) {
        let (profile, table) = (shelf.profile, shelf.table)
        self.filter = filter
        self.shelf = shelf
        // No type has the number -1.
        type = filter.instanceType.map { table.types.id(of: $0) ?? -1 }
        isInRegion = table.regions.map { region in
            (filter.region ?? region) == region && profile.isIn(filter.area.map { [$0] } ?? [], region)
                && filter.capabilities.allSatisfy { profile.offers($0, in: region) }
        }
        capabilitiesFit = table.capabilitySets.map { own in filter.capabilities.allSatisfy(own.contains) }
        wantsAccelerator =
            filter.accelerator != nil || filter.acceleratorCount != nil || filter.acceleratorMemory != nil
        let name = filter.accelerator.map { facts.canonical(AcceleratorCount(name: $0, count: 1)).name }
        acceleratorFits = table.accelerators.map { own in
            (name.map { own.isMeant(by: AcceleratorCount(name: $0, count: own.wanted.count)) } ?? true)
                && (filter.acceleratorCount?.admits(own.wanted.count) ?? true)
                && (filter.acceleratorMemory.map { own.memoryGB.map($0.admits) ?? false } ?? true)
        }
    }

    /// Calls `body` with each offer's row, market and price in nanodollars; rows that sell the same are one offer.
    func forEachRow(_ body: (Int, Offer.Market, Int64) -> Void) {
        let table = shelf.table
        let highest = (filter.maxPricePerHour ?? .max).nanodollars
        for shape in 0..<table.shapeCount where fits(shape, table) {
            for market in [Offer.Market.onDemand, .spot] where (filter.market ?? market) == market {
                var last: Int?
                for row in table.rows(ofShape: shape) where isInRegion[Int(table.region[row])] {
                    let price = table.price(row, market)
                    guard price != OfferTable.noPrice, price <= highest, isShown(row, market) else { continue }
                    if let last, table.sellsTheSame(row, last, market) { continue }
                    last = row
                    body(row, market, price)
                }
            }
        }
    }

    private func isShown(_ row: Int, _ market: Offer.Market) -> Bool {
        switch filter.flagged {
        case .hidden: shelf.isUsable(row, market)
        case .shown: true
        case .only: shelf.isFlagged(row, market)
        }
    }

    private func fits(_ shape: Int, _ table: OfferTable) -> Bool {
        if let type, table.shapeType[shape] != type { return false }
        guard capabilitiesFit[Int(table.shapeCapabilities[shape])] else { return false }
        let accelerator = table.shapeAccelerator[shape]
        if wantsAccelerator { guard accelerator >= 0, acceleratorFits[Int(accelerator)] else { return false } }
        return (filter.cpus?.admits(table.shapeCPUs[shape]) ?? true)
            && (filter.memory?.admits(table.shapeMemory[shape]) ?? true)
    }
}

extension Offer {
    /// By price, and by name among equals, so that a list is always the same.
    static func isListedBefore(_ a: Offer, _ b: Offer) -> Bool {
        if a.pricePerHour != b.pricePerHour { return a.pricePerHour < b.pricePerHour }
        return (a.provider, a.region, a.instanceType, a.market.rawValue, a.accelerator?.description ?? "")
            < (b.provider, b.region, b.instanceType, b.market.rawValue, b.accelerator?.description ?? "")
    }
}
