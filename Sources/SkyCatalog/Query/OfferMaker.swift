import SkyCore

/// Turns rows of one provider into offers. Strings are made once per distinct name, not once per offer.
struct OfferMaker {
    private let profile: ProviderProfile
    /// Held here and not through the shelf: each look through a class would copy all columns' references.
    private let table: OfferTable
    private var typeNames: [String?]
    private let regionNames: [String]
    /// By capability list, then region where the profile limits one of them.
    private var capabilities: [[String]]
    private let limits: Bool

    init(_ shelf: ProviderShelf) {
        profile = shelf.profile
        table = shelf.table
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
        guard let price = table.price(row, market, with: surcharges) else { return nil }
        let type = Int(table.type[row])
        let name = typeNames[type] ?? table.types[Int32(type)]
        typeNames[type] = name
        let region = regionNames[Int(table.region[row])]
        var names = capabilities[Int(table.capabilitySet[row])]
        if limits { names.removeAll { !profile.offers($0, in: region) } }
        return Offer(
            provider: profile.name, region: region, zone: zone, instanceType: name,
            accelerator: table.accelerator[row] >= 0
                ? table.accelerators[Int(table.accelerator[row])] : nil,
            cpus: table.cpus[row], memoryGiB: table.memoryGiB[row], pricePerHour: price, market: market,
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
