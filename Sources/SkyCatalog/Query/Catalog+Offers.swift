public import SkyCore

extension Catalog {
    /// Every offer that meets the request, one per machine type, region, market and price, in the catalog's order.
    ///
    /// * An accelerator's count must be met exactly; `acceleratorMemory` and `acceleratorCount` take any model. A request
    ///   without accelerators gets machines without, unless it names a type that has them.
    /// * `areas` keep it in regions whose country or continent is one of them.
    /// * With `useSpot`, or the capability `spot`, only spot offers; otherwise only on-demand ones.
    /// * Prices include what the capabilities asked for cost on top.
    /// * `zone` is set only where the request names zones; otherwise `zones(of:)` says which there are.
    /// * Providers that are placed explicitly (`local`) only answer to their name, and Arm, burstable and bare-metal
    ///   machines only to a type, an accelerator or that capability.
    /// * Offers whose price is flagged are left out, unless the settings say otherwise.
    /// * Machines that cannot have a disk of the tier asked for are left out, and so are more machines than the account
    ///   may rent at one time, as far as that is known.
    public func offers(for request: ResourceRequest) -> [Offer] { offers(for: request, keepsQuotas: true) }

    func offers(for request: ResourceRequest, keepsQuotas: Bool) -> [Offer] {
        var offers = OfferListing(request, in: shelves, facts: facts).offers
        if let tier = request.diskTier, tier != "best" {
            offers.removeAll { !terms(of: $0.provider).offersDisk(tier, on: $0.instanceType) }
        }
        guard keepsQuotas, hasQuotas else { return offers }
        let machines = max(request.numNodes ?? 1, 1)
        offers.removeAll { quota(forbidding: machines, of: $0) != nil }
        return offers
    }

    /// One of each kind that may be had for a limited time only.
    public var timeLimited: [Offer] {
        shelves.flatMap { shelf -> [Offer] in
            guard shelf.table.limitedRows.count > 0 else { return [] }
            var maker = OfferMaker(shelf)
            return (0..<shelf.table.limitedRows.count).compactMap { index in
                let row = Int(shelf.table.limitedRows[index])
                return maker.offer(row, .onDemand) ?? maker.offer(row, .spot)
            }
        }
    }

    private var hasQuotas: Bool { shelves.contains { !$0.profile.quotas.isEmpty } }

    /// The same without making any of them yet; nil where disks or quotas have a say, which need to see each offer.
    public func listing(for request: ResourceRequest) -> OfferListing? {
        guard request.diskTier == nil || request.diskTier == "best", !hasQuotas else { return nil }
        return OfferListing(request, in: shelves, facts: facts)
    }

    /// The zones to try for an offer, in order; empty when the provider chooses.
    public func zones(of offer: Offer) -> [String] {
        if let zone = offer.zone { return [zone] }
        var zones: [String] = []
        for (shelf, row) in rows(of: offer) {
            for zone in shelf.table.zones(row) where !zones.contains(zone) { zones.append(zone) }
        }
        return zones
    }

    /// How the offer's price is known; nil for an offer that is not of this catalog.
    public func provenance(of offer: Offer) -> PriceProvenance.Kind? { source(of: offer)?.kind }

    /// Where the offer's price comes from; nil for an offer that is not of this catalog.
    public func source(of offer: Offer) -> PriceSource? {
        rows(of: offer).first.flatMap { shelf, row in shelf.source(row, offer.market) }
    }

    /// The rows that an offer was made from, whatever surcharges its price includes.
    func rows(of offer: Offer) -> [(ProviderShelf, Int)] {
        guard
            let shelf = shelves.first(where: { $0.profile.name == offer.provider }),
            let type = shelf.table.types.id(of: offer.instanceType),
            let region = shelf.table.regions.firstIndex(of: offer.region)
        else { return [] }
        let table = shelf.table
        let surcharges = shelf.profile.capabilitySurcharges.subsets
        let limit = offer.timeLimit.map { $0.milliseconds / 1000 } ?? -1
        var rows: [(ProviderShelf, Int)] = []
        for shape in 0..<table.shapeCount where table.shapeType[shape] == type {
            let accelerator = table.shapeAccelerator[shape]
            guard (accelerator >= 0 ? table.accelerators[Int(accelerator)].wanted : nil) == offer.accelerator else {
                continue
            }
            for row in table.rows(ofShape: shape)
            where table.region[row] == region
                && Int64(table.timeLimit(row)) == limit
                && surcharges.contains(where: { table.price(row, offer.market, with: $0) == offer.pricePerHour })
            {
                rows.append((shelf, row))
            }
        }
        return rows
    }
}

extension OfferTable {
    /// True when two rows differ in their zones and the other market's price only.
    @inline(__always) func sellsTheSame(_ a: Int, _ b: Int, _ market: Offer.Market) -> Bool {
        shape[a] == shape[b] && region[a] == region[b] && price(a, market) == price(b, market)
            && available[a] == available[b] && timeLimit(a) == timeLimit(b)
    }
}

extension Array {
    /// All selections of elements, the empty one first. For a handful of elements only.
    var subsets: [[Element]] { reduce([[]]) { found, element in found + found.map { $0 + [element] } } }
}
