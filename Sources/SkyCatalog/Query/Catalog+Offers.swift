public import SkyCore

extension Catalog {
    /// Every offer that meets the request, one per machine type, region, market and price, in the catalog's order.
    ///
    /// * An accelerator's count must be met exactly; a request without accelerators gets machines without, unless it
    ///   names a type that has them.
    /// * With `useSpot`, or the capability `spot`, only spot offers; otherwise only on-demand ones.
    /// * Prices include what the capabilities asked for cost on top.
    /// * `zone` is set only where the request names zones; otherwise `zones(of:)` says which there are.
    /// * Providers that are placed explicitly (`local`) only answer to their name, and Arm, burstable and bare-metal
    ///   machines only to a type, an accelerator or that capability.
    public func offers(for request: ResourceRequest) -> [Offer] {
        var offers: [Offer] = []
        for shelf in shelves {
            guard let filter = RowFilter(request, on: shelf) else { continue }
            var maker = OfferMaker(shelf)
            var last: Int?
            filter.forEachRow { row, reach in
                guard case .zones(let zones) = reach else {
                    // Zones with spot prices of their own have rows of their own, but share the on-demand price.
                    if let last, shelf.table.sellsTheSame(row, last, filter.market) { return }
                    last = row
                    if let offer = maker.offer(row, filter.market, surcharges: filter.surcharges) {
                        offers.append(offer)
                    }
                    return
                }
                for zone in zones {
                    let offer = maker.offer(row, filter.market, zone: zone, surcharges: filter.surcharges)
                    if let offer { offers.append(offer) }
                }
            }
        }
        return offers
    }

    /// The zones to try for an offer, in order; empty when the provider chooses.
    public func zones(of offer: Offer) -> [String] {
        if let zone = offer.zone { return [zone] }
        var zones: [String] = []
        for (shelf, row) in rows(of: offer) {
            for zone in shelf.table.zoneLists[Int(shelf.table.zoneList[row])] where !zones.contains(zone) {
                zones.append(zone)
            }
        }
        return zones
    }

    /// How the offer's price is known; nil for an offer that is not of this catalog.
    public func provenance(of offer: Offer) -> PriceProvenance.Kind? {
        rows(of: offer).first.map { shelf, row in
            offer.market == .spot ? shelf.table.provenance[row].spot : shelf.table.provenance[row].onDemand
        }
    }

    /// The rows that an offer was made from, whatever surcharges its price includes.
    private func rows(of offer: Offer) -> [(ProviderShelf, Int)] {
        guard
            let shelf = shelves.first(where: { $0.profile.name == offer.provider }),
            let type = shelf.table.types.id(of: offer.instanceType),
            let region = shelf.table.regions.id(of: offer.region)
        else { return [] }
        let table = shelf.table
        let surcharges = shelf.profile.capabilitySurcharges.subsets
        return (0..<table.count).filter { row in
            table.type[row] == type && table.region[row] == region
                && (table.accelerator[row] >= 0 ? table.accelerators[Int(table.accelerator[row])] : nil)
                    == offer.accelerator
                && surcharges.contains { table.price(row, offer.market, with: $0) == offer.pricePerHour }
        }.map { (shelf, $0) }
    }
}

extension OfferTable {
    /// True when two rows differ in their zones and the other market's price only.
    @inline(__always) func sellsTheSame(_ a: Int, _ b: Int, _ market: Offer.Market) -> Bool {
        type[a] == type[b] && region[a] == region[b] && accelerator[a] == accelerator[b]
            && price(a, market) == price(b, market) && capabilitySet[a] == capabilitySet[b]
    }
}

extension Array {
    /// All selections of elements, the empty one first. For a handful of elements only.
    var subsets: [[Element]] { reduce([[]]) { found, element in found + found.map { $0 + [element] } } }
}
