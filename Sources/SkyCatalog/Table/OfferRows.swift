import SkyCore

/// The offers of one provider while they are read and put together, a column per attribute. One row holds the
/// on-demand and the spot price of a machine in one region. What is searched is an `OfferTable`, made of this.
struct OfferRows: Sendable {
    /// Stands in the price columns for "not sold so".
    static let noPrice: Int64 = -1

    var types = NameTable()
    var regions = NameTable()
    /// Distinct zone lists, accelerators and capability lists; rows hold their numbers.
    var zoneLists: [[String]] = []
    var accelerators: [AcceleratorCount] = []
    /// Sorted.
    var capabilitySets: [[String]] = []
    /// Distinct pairs of sources, and the sources that they point to.
    var sourcePairs: [SourcePair] = []
    var sources: [PriceSource] = PriceSource.plain
    /// What is said of rows that are flagged.
    var notes: [String] = []

    private(set) var rows: [Row] = []

    var count: Int { rows.count }

    struct Row: Sendable {
        var type: Int32
        var region: Int32
        var zoneList: Int32
        /// -1: none.
        var accelerator: Int32
        var capabilitySet: Int32
        var sourcePair: Int32
        var cpus: Double
        var memoryGiB: Double
        /// Nanodollars per hour, or `noPrice`.
        var onDemand: Int64
        var spot: Int64
        /// Of spot machines, per month; NaN when unknown.
        var interruptions: Float = .nan
        var flags: RowFlags = []
        /// Into `notes`; -1: none.
        var note: Int32 = -1
        /// How many can be had; -1: no limit is known.
        var available: Int32 = -1
        /// Seconds that it may be had at a stretch; -1: no limit.
        var timeLimit: Int32 = -1
    }

    mutating func append(_ row: Row) { rows.append(row) }

    mutating func reserve(_ count: Int) { rows.reserveCapacity(count) }

    subscript(index: Int) -> Row {
        get { rows[index] }
        set { rows[index] = newValue }
    }

    mutating func removeAll(where isUnwanted: (Row) -> Bool) { rows.removeAll(where: isUnwanted) }

    mutating func note(_ text: String) -> Int32 {
        if let known = notes.firstIndex(of: text) { return Int32(known) }
        notes.append(text)
        return Int32(notes.count - 1)
    }

    mutating func sourcePair(_ onDemand: PriceSource, _ spot: PriceSource) -> Int32 {
        let pair = SourcePair(onDemand: source(onDemand), spot: source(spot))
        if let known = sourcePairs.firstIndex(of: pair) { return Int32(known) }
        sourcePairs.append(pair)
        return Int32(sourcePairs.count - 1)
    }

    private mutating func source(_ source: PriceSource) -> Int32 {
        if let known = sources.firstIndex(where: { $0.key == source.key }) { return Int32(known) }
        sources.append(source)
        return Int32(sources.count - 1)
    }

    mutating func zoneList(_ zones: [String]) -> Int32 { Self.number(of: zones, in: &zoneLists) }

    mutating func capabilitySet(_ names: [String]) -> Int32 { Self.number(of: names.sorted(), in: &capabilitySets) }

    mutating func accelerator(_ accelerator: AcceleratorCount?) -> Int32 {
        guard let accelerator else { return -1 }
        return Self.number(of: accelerator, in: &accelerators)
    }

    /// For the few rows that are not read from a long file.
    private static func number<Value: Equatable>(of value: Value, in list: inout [Value]) -> Int32 {
        if let known = list.firstIndex(of: value) { return Int32(known) }
        list.append(value)
        return Int32(list.count - 1)
    }
}

/// Why a row's price is not believed; by market.
struct RowFlags: OptionSet, Hashable, Sendable {
    let rawValue: Int32

    static let zeroOnDemand = RowFlags(rawValue: 1)
    static let zeroSpot = RowFlags(rawValue: 2)
    static let jumpOnDemand = RowFlags(rawValue: 4)
    static let jumpSpot = RowFlags(rawValue: 8)
    /// The price is far from what other regions ask; also the spot price, which is mostly derived from it.
    static let outlier = RowFlags(rawValue: 16)

    static func of(_ market: Offer.Market) -> RowFlags {
        market == .spot ? [.zeroSpot, .jumpSpot, .outlier] : [.zeroOnDemand, .jumpOnDemand, .outlier]
    }
}

extension OfferRows {
    /// Rows of offers that somebody made by hand, one each.
    init(_ offers: some Sequence<Offer>) {
        for offer in offers {
            let isSpot = offer.market == .spot
            append(
                Row(
                    type: types.intern(offer.instanceType), region: regions.intern(offer.region),
                    zoneList: zoneList(offer.zone.map { [$0] } ?? []), accelerator: accelerator(offer.accelerator),
                    capabilitySet: capabilitySet(offer.capabilities),
                    sourcePair: sourcePair(PriceSource.plain[isSpot ? 2 : 0], PriceSource.plain[isSpot ? 0 : 2]),
                    cpus: offer.cpus, memoryGiB: offer.memoryGiB,
                    onDemand: isSpot ? Self.noPrice : offer.pricePerHour.nanodollars,
                    spot: isSpot ? offer.pricePerHour.nanodollars : Self.noPrice,
                    interruptions: offer.interruptionsPerMonth.map { Float($0) } ?? .nan,
                    available: offer.availableCount.map { Int32(clamping: $0) } ?? -1,
                    timeLimit: offer.timeLimit.map { Int32(clamping: $0.milliseconds / 1000) } ?? -1))
        }
    }
}
