import SkyCore

/// Turns rows of one provider into offers. Strings are made once per distinct name, not once per offer.
struct OfferMaker {
    private let shelf: ProviderShelf
    private var typeNames: [String?]
    private let regionNames: [String]
    /// By capability list, then region where the profile limits one of them.
    private var capabilities: [[String]]
    private let limits: Bool

    init(_ shelf: ProviderShelf) {
        self.shelf = shelf
        typeNames = Array(repeating: nil, count: shelf.table.types.count)
        regionNames = shelf.table.regions.names
        capabilities = shelf.table.capabilitySets
        limits = !shelf.profile.capabilityRegions.isEmpty
    }

    /// Nil when the row is not sold on `market`, or a surcharge hangs on an on-demand price that it lacks.
    mutating func offer(
        _ row: Int, _ market: Offer.Market, zone: String? = nil,
        surcharges: [ProviderProfile.CapabilitySurcharge] = []
    ) -> Offer? {
        guard let price = shelf.table.price(row, market, with: surcharges) else { return nil }
        let type = Int(shelf.table.type[row])
        let name = typeNames[type] ?? shelf.table.types[Int32(type)]
        typeNames[type] = name
        let region = regionNames[Int(shelf.table.region[row])]
        var names = capabilities[Int(shelf.table.capabilitySet[row])]
        if limits { names.removeAll { !shelf.profile.offers($0, in: region) } }
        return Offer(
            provider: shelf.profile.name, region: region, zone: zone, instanceType: name,
            accelerator: shelf.table.accelerator[row] >= 0
                ? shelf.table.accelerators[Int(shelf.table.accelerator[row])] : nil,
            cpus: shelf.table.cpus[row], memoryGiB: shelf.table.memoryGiB[row], pricePerHour: price, market: market,
            capabilities: names)
    }
}

extension OfferTable {
    /// The price per hour with those of `surcharges` that the row's capabilities call for; exact to the nanodollar.
    ///
    /// Inlined, as everything that looks at one row is: a call would count a reference for every column.
    @inline(__always) func price(
        _ row: Int, _ market: Offer.Market, with surcharges: [ProviderProfile.CapabilitySurcharge]
    ) -> Money? {
        let base = price(row, market)
        guard base != Self.noPrice else { return nil }
        var total = Money(nanodollars: base)
        let own = capabilitySets[Int(capabilitySet[row])]
        for surcharge in surcharges where own.contains(surcharge.capability) {
            if surcharge.onDemandShare != 0 {
                guard onDemand[row] != Self.noPrice else { return nil }
                total += Money(nanodollars: onDemand[row]).scaled(by: surcharge.onDemandShare, over: 100_000_000_000)
            }
            total += surcharge.perCPUHour.scaled(by: thousandths(cpus[row]), over: 1000)
            total += surcharge.perGiBHour.scaled(by: thousandths(memoryGiB[row]), over: 1000)
        }
        return total
    }

    /// Sizes have at most three decimals.
    private func thousandths(_ value: Double) -> Int64 { Int64((value * 1000).rounded()) }
}
