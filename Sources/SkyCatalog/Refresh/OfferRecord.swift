public import SkyCore

/// A row of an `offers.csv` as it is written: one machine type in one region, and where its prices come from.
public struct OfferRecord: Hashable, Sendable {
    /// What there is one price of, but for zones whose spot prices differ.
    public struct Key: Hashable, Sendable {
        public let type: String
        public let region: String
        public let accelerators: String
    }

    public var type: String
    public var region: String
    public var zones: [String] = []
    /// All of one machine: `A100:8`; empty for none.
    public var accelerators: String
    /// Decimal numbers, as the file has them.
    public var cpus: String
    public var memoryGiB: String
    /// Per hour; nil: not sold so.
    public var price: Money?
    public var spotPrice: Money?
    public var capabilities: [String]
    /// Keys of the two prices' sources.
    public var source: String
    public var spotSource: String
    /// Share of such spot machines that is taken away within a month; empty when nobody knows.
    public var interruptions = ""
    /// What a price was before it became ten times that, or a tenth, and nobody has accepted it yet.
    public var priceWas: Money?
    public var spotPriceWas: Money?

    public init(
        type: String, region: String, zones: [String] = [], accelerators: String = "", cpus: String,
        memoryGiB: String, price: Money? = nil, spotPrice: Money? = nil, capabilities: [String] = [],
        source: String = "none", spotSource: String = "none"
    ) {
        (self.type, self.region, self.zones, self.accelerators) = (type, region, zones, accelerators)
        (self.cpus, self.memoryGiB, self.price, self.spotPrice) = (cpus, memoryGiB, price, spotPrice)
        (self.capabilities, self.source, self.spotSource) = (capabilities, source, spotSource)
    }

    public var key: Key { Key(type: type, region: region, accelerators: accelerators) }
}

extension OfferRecord {
    private static let columns = [
        "instance_type", "region", "zones", "accelerators", "cpus", "memory_gib", "price", "spot_price", "capabilities",
        "provenance", "interruptions", "price_was", "spot_price_was",
    ]

    /// The rows of an `offers.csv` that has been read without complaints before.
    static func read(_ bytes: [UInt8], path: String) -> [OfferRecord] {
        var complaints = CSVComplaints(path: path, bytes: bytes)
        var table = CSVTable(bytes, required: [], optional: columns, allowsOthers: true, &complaints)
        var records: [OfferRecord] = []
        while let row = table.next(&complaints) {
            let texts = columns.indices.map { row.text($0) ?? "" }
            func money(_ column: Int) -> Money? { row.number(column).map { Money(nanodollars: $0.billionths) } }
            func list(_ column: Int) -> [String] { texts[column].split(separator: ";").map(String.init) }
            let sources = texts[9].split(separator: "/").map(String.init)
            var record = OfferRecord(
                type: texts[0], region: texts[1], zones: list(2), accelerators: texts[3], cpus: texts[4],
                memoryGiB: texts[5], price: money(6), spotPrice: money(7), capabilities: list(8),
                source: sources.first ?? "observed", spotSource: sources.last ?? "observed")
            record.interruptions = texts[10]
            (record.priceWas, record.spotPriceWas) = (money(11), money(12))
            records.append(record)
        }
        return records
    }

    /// A whole `offers.csv`. Rows that differ in their zones only become one; those of one machine stand together.
    package static func table(_ records: [OfferRecord]) -> String {
        var zones: [OfferRecord: Set<String>] = [:]
        for record in records {
            var key = record
            key.zones = []
            zones[key, default: []].formUnion(record.zones)
        }
        let lines = zones.map { record, zones in
            (order: "\(record.type)\u{1}\(record.accelerators)\u{1}\(record.region)", line: record.line(zones.sorted()))
        }
        let sorted = lines.sorted { ($0.order, $0.line) < ($1.order, $1.line) }
        return ([columns.joined(separator: ",")] + sorted.map(\.line)).joined(separator: "\n") + "\n"
    }

    private func line(_ zones: [String]) -> String {
        let sources = [price == nil ? "none" : source, spotPrice == nil ? "none" : spotSource]
        let fields = [
            type, region, zones.joined(separator: ";"), accelerators, cpus, memoryGiB, Self.dollars(price),
            Self.dollars(spotPrice), capabilities.sorted().joined(separator: ";"),
            sources[0] == sources[1] ? sources[0] : sources.joined(separator: "/"), interruptions,
            Self.dollars(priceWas), Self.dollars(spotPriceWas),
        ]
        return fields.map(Self.quoted).joined(separator: ",")
    }

    private static func dollars(_ price: Money?) -> String { price?.exactDecimal ?? "" }

    private static func quoted(_ field: String) -> String {
        guard field.utf8.contains(where: { [0x22, 0x2C, 0x0A, 0x0D].contains($0) }) else { return field }
        return "\"" + field.replacing("\"", with: "\"\"") + "\""
    }
}
