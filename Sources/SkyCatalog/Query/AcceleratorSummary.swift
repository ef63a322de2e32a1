public import SkyCore

/// One accelerator in one number per machine, over all the catalog.
public struct AcceleratorSummary: Hashable, Sendable {
    public var accelerator: AcceleratorCount
    /// Of each, in GB; nil when unknown.
    public var memoryGB: Double?
    /// `NVIDIA`; empty when unknown.
    public var maker: String
    /// Sorted.
    public var providers: [String]
    /// Where it is offered, as `provider/region`, sorted.
    public var regions: [String]
    public var cheapestOnDemand: Offer?
    public var cheapestSpot: Offer?
}

extension Catalog {
    /// Every accelerator that passes the filter, by name and number. Of the filter all fields hold; `market` asks that it
    /// be sold so.
    public func accelerators(_ filter: CatalogFilter) -> [AcceleratorSummary] {
        var found: [AcceleratorCount: Gathering] = [:]
        var filter = filter
        if filter.acceleratorCount == nil { filter.acceleratorCount = .atLeast(0) }
        for (index, shelf) in shelves.enumerated() where shelf.isListed(by: filter) {
            let table = shelf.table
            ListFilter(filter, shelf, facts).forEachRow { row, market, price in
                let own = table.accelerators[Int(table.shapeAccelerator[Int(table.shape[row])])]
                let region = index << 32 | Int(table.region[row])
                found[own.wanted, default: Gathering(memoryGB: own.memoryGB)]
                    .add(row, market, price, shelf: index, region: region)
            }
        }
        var makers = shelves.map { OfferMaker($0) }
        return found.map { accelerator, gathering in
            let regions = gathering.regions.map { place in
                let shelf = shelves[place >> 32]
                return "\(shelf.profile.name)/\(shelf.table.regions[place & 0xffff_ffff])"
            }
            func offer(_ best: Gathering.Best?, _ market: Offer.Market) -> Offer? {
                best.flatMap { makers[$0.shelf].offer($0.row, market) }
            }
            return AcceleratorSummary(
                accelerator: accelerator, memoryGB: gathering.memoryGB, maker: facts[accelerator.name]?.maker ?? "",
                providers: Set(gathering.regions.map { shelves[$0 >> 32].profile.name }).sorted(),
                regions: regions.sorted(), cheapestOnDemand: offer(gathering.onDemand, .onDemand),
                cheapestSpot: offer(gathering.spot, .spot))
        }.sorted { a, b in
            (a.accelerator.name.lowercased(), a.accelerator.count)
                < (b.accelerator.name.lowercased(), b.accelerator.count)
        }
    }

    private struct Gathering {
        struct Best {
            var price: Int64
            var shelf: Int
            var row: Int
        }

        var memoryGB: Double?
        var regions: Set<Int> = []
        var onDemand: Best?
        var spot: Best?

        init(memoryGB: Double?) { self.memoryGB = memoryGB }

        mutating func add(_ row: Int, _ market: Offer.Market, _ price: Int64, shelf: Int, region: Int) {
            regions.insert(region)
            let best = Best(price: price, shelf: shelf, row: row)
            switch market {
            case .onDemand: if price < onDemand?.price ?? .max { onDemand = best }
            case .spot: if price < spot?.price ?? .max { spot = best }
            }
        }
    }
}
