import SkyCore

/// Turns rows of one provider into offers. Strings are made once per distinct name, not once per offer.
struct OfferMaker {
    private let profile: ProviderProfile
    /// Held here and not through the shelf: each look through a class would copy all columns' references.
    private let table: OfferTable
    private var typeNames: [String?]
    private let keepsNames: Bool
    /// By capability list, then region where the profile limits one of them.
    private var capabilities: [[String]]
    private let limits: Bool

    /// - Parameter keepsNames: for many offers; otherwise names are made anew for each.
    init(_ shelf: ProviderShelf, keepsNames: Bool = true) {
        profile = shelf.profile
        table = shelf.table
        self.keepsNames = keepsNames
        typeNames = keepsNames ? Array(repeating: nil, count: shelf.table.types.count) : []
        capabilities = shelf.table.capabilitySets
        limits = !shelf.profile.capabilityRegions.isEmpty
    }

    /// Nil when the row is not sold on `market`, or a surcharge hangs on an on-demand price that it lacks.
    mutating func offer(
        _ row: Int, _ market: Offer.Market, zone: String? = nil,
        surcharges: [ProviderProfile.CapabilitySurcharge] = []
    ) -> Offer? {
        guard let price = table.price(row, market, with: surcharges) else { return nil }
        let shape = Int(table.shape[row])
        let type = Int(table.shapeType[shape])
        let name = (keepsNames ? typeNames[type] : nil) ?? table.types[Int32(type)]
        if keepsNames { typeNames[type] = name }
        let region = table.regions[Int(table.region[row])]
        var names = capabilities[Int(table.shapeCapabilities[shape])]
        if limits { names.removeAll { !profile.offers($0, in: region) } }
        let accelerator =
            table.shapeAccelerator[shape] >= 0 ? table.accelerators[Int(table.shapeAccelerator[shape])] : nil
        let interruptions = table.interruptions[row]
        let available = Int(table.available[row])
        let limit = table.timeLimit(row)
        return Offer(
            provider: profile.name, region: region, zone: zone, instanceType: name, accelerator: accelerator?.wanted,
            cpus: table.shapeCPUs[shape], memoryGiB: table.shapeMemory[shape], pricePerHour: price, market: market,
            capabilities: names, acceleratorMemoryGB: accelerator?.memoryGB,
            interruptionsPerMonth: market == .spot && !interruptions.isNaN ? Self.share(interruptions) : nil,
            availableCount: available >= 0 ? available : nil, timeLimit: limit >= 0 ? .seconds(Int64(limit)) : nil)
    }

    /// To a millionth, so that 0.05 is written as 0.05.
    private static func share(_ value: Float) -> Double { (Double(value) * 1e6).rounded() / 1e6 }
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
        guard !surcharges.isEmpty else { return total }
        let shape = Int(shape[row])
        let own = capabilitySets[Int(shapeCapabilities[shape])]
        for surcharge in surcharges where own.contains(surcharge.capability) {
            if surcharge.onDemandShare != 0 {
                guard onDemand[row] != Self.noPrice else { return nil }
                total += Money(nanodollars: onDemand[row]).scaled(by: surcharge.onDemandShare, over: 100_000_000_000)
            }
            total += surcharge.perCPUHour.scaled(by: thousandths(shapeCPUs[shape]), over: 1000)
            total += surcharge.perGiBHour.scaled(by: thousandths(shapeMemory[shape]), over: 1000)
        }
        return total
    }

    /// Sizes have at most three decimals.
    private func thousandths(_ value: Double) -> Int64 { Int64((value * 1000).rounded()) }
}
