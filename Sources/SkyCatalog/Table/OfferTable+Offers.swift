import SkyCore

extension OfferTable {
    /// A table of offers that somebody made by hand; each becomes a row of its own.
    init(_ offers: some Sequence<Offer>) {
        var acceleratorIDs: [AcceleratorCount: Int32] = [:]
        var capabilityIDs: [[String]: Int32] = [:]
        var zoneIDs: [[String]: Int32] = [:]
        for offer in offers {
            var accelerator: Int32 = -1
            if let wanted = offer.accelerator {
                accelerator = Self.number(of: wanted, in: &acceleratorIDs, list: &accelerators)
            }
            let zones = offer.zone.map { [$0] } ?? []
            append(
                Row(
                    type: types.intern(offer.instanceType), region: regions.intern(offer.region),
                    zoneList: Self.number(of: zones, in: &zoneIDs, list: &zoneLists), accelerator: accelerator,
                    cpus: offer.cpus, memoryGiB: offer.memoryGiB,
                    onDemand: offer.market == .onDemand ? offer.pricePerHour.nanodollars : Self.noPrice,
                    spot: offer.market == .spot ? offer.pricePerHour.nanodollars : Self.noPrice,
                    capabilitySet: Self.number(
                        of: offer.capabilities.sorted(), in: &capabilityIDs, list: &capabilitySets),
                    provenance: PriceProvenance(
                        onDemand: offer.market == .onDemand ? .observed : .none,
                        spot: offer.market == .spot ? .observed : .none)))
        }
    }

    private static func number<Value: Hashable>(
        of value: Value, in known: inout [Value: Int32], list: inout [Value]
    ) -> Int32 {
        if let id = known[value] { return id }
        let id = Int32(list.count)
        known[value] = id
        list.append(value)
        return id
    }
}
