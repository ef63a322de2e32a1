public import SkyCore

/// What differs between two catalogs: offers that came and went, and prices that changed.
public struct CatalogDifference: Hashable, Sendable {
    public struct Change: Hashable, Sendable {
        public var provider: String
        public var region: String
        public var instanceType: String
        public var accelerator: AcceleratorCount?
        public var market: Offer.Market
        /// Nil: it was not there.
        public var old: Money?
        /// Nil: it is gone.
        public var new: Money?

        /// New price over old, less one; nil for what came or went, or was free.
        public var growth: Double? {
            guard let old, let new, old > .zero else { return nil }
            return Double(new.nanodollars) / Double(old.nanodollars) - 1
        }
    }

    /// How many of each kind a provider has.
    public struct Count: Hashable, Sendable {
        public var provider: String
        public var added = 0
        public var removed = 0
        public var cheaper = 0
        public var dearer = 0
        public var same = 0
    }

    /// By provider.
    public var counts: [Count]
    /// The largest relative changes of price first, then what came and what went.
    public var changes: [Change]
}

extension Catalog {
    /// What there is in `other`, the newer one, and not in this, and the other way round. Of rows that differ in their
    /// zones only the cheapest counts.
    public func difference(to other: Catalog) -> CatalogDifference {
        let names = Set(providers.map(\.name)).union(other.providers.map(\.name)).sorted()
        var difference = CatalogDifference(counts: [], changes: [])
        for name in names {
            let (old, new) = (prices(of: name), other.prices(of: name))
            var count = CatalogDifference.Count(provider: name)
            for key in Set(old.keys).union(new.keys) {
                let change = CatalogDifference.Change(
                    provider: name, region: key.region, instanceType: key.type, accelerator: key.accelerator,
                    market: key.market, old: old[key], new: new[key])
                switch (change.old, change.new) {
                case (nil, _): count.added += 1
                case (_, nil): count.removed += 1
                case (let old?, let new?):
                    if old == new {
                        count.same += 1
                        continue
                    }
                    if new < old { count.cheaper += 1 } else { count.dearer += 1 }
                }
                difference.changes.append(change)
            }
            difference.counts.append(count)
        }
        difference.changes.sort(by: CatalogDifference.Change.isShownBefore)
        return difference
    }

    fileprivate struct PriceKey: Hashable {
        var type: String
        var region: String
        var accelerator: AcceleratorCount?
        var market: Offer.Market
    }

    private func prices(of provider: String) -> [PriceKey: Money] {
        guard let shelf = shelves.first(where: { $0.profile.name == provider }) else { return [:] }
        let table = shelf.table
        var prices: [PriceKey: Money] = [:]
        for shape in 0..<table.shapeCount {
            let accelerator = table.shapeAccelerator[shape]
            let type = table.types[table.shapeType[shape]]
            for row in table.rows(ofShape: shape) {
                for market in [Offer.Market.onDemand, .spot] where table.price(row, market) != OfferTable.noPrice {
                    let key = PriceKey(
                        type: type, region: table.regions[Int(table.region[row])],
                        accelerator: accelerator >= 0 ? table.accelerators[Int(accelerator)].wanted : nil,
                        market: market)
                    let price = Money(nanodollars: table.price(row, market))
                    prices[key] = min(prices[key] ?? .max, price)
                }
            }
        }
        return prices
    }
}

extension CatalogDifference.Change {
    /// 0: the price changed, 1: new, 2: gone.
    private var rank: Int { old == nil ? 1 : new == nil ? 2 : 0 }

    fileprivate static func isShownBefore(_ a: Self, _ b: Self) -> Bool {
        if a.rank != b.rank { return a.rank < b.rank }
        let (x, y) = (abs(a.growth ?? 0), abs(b.growth ?? 0))
        if x != y { return x > y }
        return (a.provider, a.instanceType, a.region, a.market.rawValue, a.accelerator?.description ?? "")
            < (b.provider, b.instanceType, b.region, b.market.rawValue, b.accelerator?.description ?? "")
    }
}
