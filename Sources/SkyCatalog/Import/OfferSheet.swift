import SkyCore

/// Offers on their way into an `offers.csv`. Rows that differ in their zone only become one row with all its zones.
struct OfferSheet {
    static let header = [
        "instance_type", "region", "zones", "accelerators", "cpus", "memory_gib", "price", "spot_price", "capabilities",
        "provenance", "interruptions", "price_was", "spot_price_was",
    ]

    struct Row: Hashable {
        var type: String
        var region: String
        /// `A100:8`; empty for none.
        var accelerator = ""
        var cpus: String
        var memory: String
        /// Billionths of a dollar; nil: not sold so.
        var price: Int64?
        var spot: Int64?
        var capabilities: [String] = []
        /// Sources of the two prices.
        var source: String
        var spotSource: String
        var interruptions = ""

        init(_ row: SkyPilotRow, source: String, spotSource: String) {
            (type, region, cpus, memory) = (row.type, row.region, row.cpus, row.memory)
            (price, spot) = (row.price, row.spot)
            (self.source, self.spotSource) = (source, spotSource)
        }
    }

    private var zones: [Row: Set<String>] = [:]

    var count: Int { zones.count }
    var regions: Set<String> { Set(zones.keys.map(\.region)) }

    /// Rows without any price are left out.
    mutating func add(_ row: Row, zone: String) {
        guard row.price != nil || row.spot != nil else { return }
        zones[row, default: []].formUnion(zone.isEmpty ? [] : [zone])
    }

    /// The whole table; rows in an order that keeps those of one machine together.
    ///
    /// - Parameter previous: what the last snapshot asked, by machine, region and accelerators: prices that jumped tenfold
    ///   are marked.
    func text(previous: [PreviousPrices.Key: PreviousPrices.Prices]) -> (text: String, jumps: Int) {
        var jumps = 0
        var lines = [Self.header.joined(separator: ",")]
        let rows = zones.map { (row: $0.key, key: SortKey($0.key), zones: $0.value) }.sorted { $0.key < $1.key }
        for (row, _, zones) in rows {
            let before = previous[PreviousPrices.Key(row.type, row.region, row.accelerator)]
            let was = before.flatMap { $0.onDemand.jump(to: row.price) }.map { Self.dollars($0) } ?? ""
            let spotWas = before.flatMap { $0.spot.jump(to: row.spot) }.map { Self.dollars($0) } ?? ""
            if !was.isEmpty || !spotWas.isEmpty { jumps += 1 }
            let sources = [row.price == nil ? "none" : row.source, row.spot == nil ? "none" : row.spotSource]
            let provenance = sources[0] == sources[1] ? sources[0] : sources.joined(separator: "/")
            let fields = [
                row.type, row.region, zones.sorted().joined(separator: ";"), row.accelerator, Self.plain(row.cpus),
                Self.plain(row.memory), Self.dollars(row.price), Self.dollars(row.spot),
                row.capabilities.sorted().joined(separator: ";"), provenance, row.interruptions, was, spotWas,
            ]
            lines.append(fields.joined(separator: ","))
        }
        return (lines.joined(separator: "\n") + "\n", jumps)
    }

    static func dollars(_ price: Int64?) -> String { price.map { Money(nanodollars: $0).exactDecimal } ?? "" }

    /// `8.0` as `8`.
    static func plain(_ number: String) -> String {
        DecimalBytes(number).map { Money(nanodollars: $0.billionths).exactDecimal } ?? number
    }

    /// Numbers within names count as numbers: `a:2` before `a:16`.
    private struct SortKey: Comparable {
        private let parts: [(text: String, number: Int)]

        init(_ row: Row) {
            parts =
                Self.parts(row.type) + Self.parts(row.accelerator) + [(row.region, 0)]
                + [(row.cpus, 0), (row.memory, 0), ("", Int(row.price ?? -1)), ("", Int(row.spot ?? -1))]
                + [(row.capabilities.joined(), 0), (row.source + row.spotSource + row.interruptions, 0)]
        }

        private static func parts(_ name: String) -> [(text: String, number: Int)] {
            var parts: [(String, Int)] = []
            var rest = name.utf8[...]
            while !rest.isEmpty {
                let word = rest.prefix { !(48...57).contains($0) }
                rest = rest.dropFirst(word.count)
                let digits = rest.prefix { (48...57).contains($0) }
                rest = rest.dropFirst(digits.count)
                parts.append((String(word) ?? "", Int(String(digits) ?? "") ?? -1))
            }
            // Ends one name before the next begins.
            return parts + [("", -2)]
        }

        static func == (a: SortKey, b: SortKey) -> Bool { !(a < b) && !(b < a) }

        static func < (a: SortKey, b: SortKey) -> Bool {
            for (x, y) in zip(a.parts, b.parts) where x != y {
                return x.text != y.text ? x.text < y.text : x.number < y.number
            }
            return a.parts.count < b.parts.count
        }
    }
}

/// What the snapshot that is about to be replaced asks.
enum PreviousPrices {
    struct Key: Hashable {
        var type: String
        var region: String
        var accelerator: String

        init(_ type: String, _ region: String, _ accelerator: String) {
            (self.type, self.region, self.accelerator) = (type, region, accelerator)
        }
    }

    struct Price {
        var price: Int64?
        /// What it was before it jumped, if nobody has accepted that yet.
        var was: Int64?

        /// The price that `new` is ten times, or a tenth of: this one, or the one before if this is what jumped.
        func jump(to new: Int64?) -> Int64? {
            guard let price, let new else { return nil }
            if new == price { return was }
            return OfferRows.isJump(from: price, to: new) ? price : nil
        }
    }

    struct Prices {
        var onDemand: Price
        var spot: Price
    }

    /// Empty when there is no readable snapshot: a first import has nothing to compare with.
    static func read(_ folder: String) -> [Key: Prices] {
        guard let bytes = try? textBytes("\(folder)/offers.csv") else { return [:] }
        var complaints = CSVComplaints(path: folder, bytes: bytes)
        var table = CSVTable(
            bytes, required: [],
            optional: [
                "instance_type", "region", "accelerators", "price", "spot_price", "price_was", "spot_price_was",
            ], allowsOthers: true, &complaints)
        var prices: [Key: Prices] = [:]
        while let row = table.next(&complaints) {
            let key = Key(row.text(0) ?? "", row.text(1) ?? "", row.text(2) ?? "")
            prices[key] = Prices(
                onDemand: Price(price: row.number(3)?.billionths, was: row.number(5)?.billionths),
                spot: Price(price: row.number(4)?.billionths, was: row.number(6)?.billionths))
        }
        return prices
    }
}
