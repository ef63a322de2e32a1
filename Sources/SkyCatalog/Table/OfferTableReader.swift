import SkyCore

/// Reads an `offers.csv` in one pass. Every malformed row is reported and left out; reading goes on.
struct OfferTableReader {
    static let required = ["instance_type", "region", "cpus", "memory_gib", "price"]
    static let optional = [
        "zones", "accelerators", "spot_price", "capabilities", "provenance", "interruptions", "price_was",
        "spot_price_was", "count",
    ]

    private enum Column: Int {
        case instanceType, region, cpus, memory, price
        case zones, accelerators, spotPrice, capabilities, provenance, interruptions, priceWas, spotPriceWas, count
    }

    private var scanner = CSVScanner()
    private var fields: [CSVScanner.Field] = []
    /// By `Column`.
    private var places: [Int] = []
    private let bytes: [UInt8]
    private var complaints: CSVComplaints
    private var table = OfferRows()
    private let regionNames: Set<String>
    private let host: HostShape

    // Distinct texts of the columns that hold lists; their numbers are those of the parsed lists in `table`.
    private var zoneTexts = NameTable()
    private var acceleratorTexts = NameTable()
    private var capabilityTexts = NameTable()
    private var provenanceTexts = NameTable()
    private var isKnownProvenance: [Bool] = []
    private var provenancePairs: [Int32] = []
    private let sources: [PriceSource]
    private let isFree: Bool
    private let usual: PriceSource

    /// - Parameters:
    ///   - regionNames: what the provider's profile lists; rows elsewhere are mistakes.
    ///   - host: stands where a row says `host`.
    ///   - sources: what the profile lists, and rows may name.
    ///   - usual: where prices come from that name no source.
    ///   - isFree: a price of 0 is no mistake: the machine is one's own.
    init(
        bytes: [UInt8], path: String, regionNames: Set<String>, host: HostShape, sources: [PriceSource] = [],
        isFree: Bool = false, usual: PriceSource = PriceSource.plain[0]
    ) {
        self.bytes = bytes
        complaints = CSVComplaints(path: path, bytes: bytes)
        self.regionNames = regionNames
        self.host = host
        self.sources = sources + PriceSource.plain
        self.isFree = isFree
        self.usual = usual
        table.sources = self.sources
    }

    mutating func read() -> (table: OfferRows, diagnostics: [Diagnostic]) {
        // A copy of the reference, so that the span does not keep `self` from changing.
        let storage = bytes
        let bytes = storage.span
        guard scanner.next(&fields, in: bytes) == .row else {
            complaints.add("empty-file", at: nil, "the file has no header", expected: "a row of column names")
            return (table, complaints.all)
        }
        let columns = CSVColumns(
            header: fields, in: bytes, required: Self.required, optional: Self.optional, complaints: &complaints)
        guard let columns else { return (table, complaints.all) }
        places = columns.places
        table.reserve(bytes.count / 64)
        while true {
            switch scanner.next(&fields, in: bytes) {
            case .end: return (table, complaints.all)
            case .badQuote(let offset):
                complaints.add(
                    "bad-quote", at: offset..<offset + 1, "this quote is never closed, or text follows the closing one")
            case .row where fields.count != columns.count:
                let row = scanner.rowStart..<(fields.last?.range.upperBound ?? scanner.rowStart)
                complaints.add(
                    "field-count", at: row, "the row has \(fields.count) fields, the header \(columns.count)")
            case .row:
                if let row = row(bytes) { table.append(row) }
            }
        }
    }

    private func field(_ column: Column) -> CSVScanner.Field? {
        let place = places[column.rawValue]
        return place >= 0 ? fields[place] : nil
    }

    /// Reads every field even after a bad one, so that all complaints about a row come together.
    private mutating func row(_ bytes: Span<UInt8>) -> OfferRows.Row? {
        let type = instanceType(bytes)
        let region = region(bytes)
        let cpus = size(bytes, .cpus, host.cpus)
        let memory = size(bytes, .memory, host.memoryGiB)
        let onDemand = price(bytes, .price)
        let spot = price(bytes, .spotPrice)
        let zones = zoneList(bytes)
        let accelerator = accelerator(bytes)
        let capabilities = capabilitySet(bytes)
        let provenance = provenance(bytes, onDemand: onDemand, spot: spot)
        let interruptions = interruptions(bytes)
        let available = available(bytes)
        let was = (price(bytes, .priceWas), price(bytes, .spotPriceWas))
        guard
            let type, let region, let cpus, let memory, let onDemand, let spot, let accelerator, let provenance,
            let interruptions, let available, let before = was.0, let spotBefore = was.1
        else { return nil }
        guard onDemand != OfferRows.noPrice || spot != OfferRows.noPrice else {
            complaints.add(
                "no-price", at: field(.price)?.range, "the row has neither an on-demand nor a spot price")
            return nil
        }
        var row = OfferRows.Row(
            type: type, region: region, zoneList: zones, accelerator: accelerator, capabilitySet: capabilities,
            sourcePair: provenance, cpus: cpus, memoryGiB: memory, onDemand: onDemand, spot: spot,
            interruptions: interruptions, available: available)
        if !isFree, onDemand == 0 { row.flags.insert(.zeroOnDemand) }
        if !isFree, spot == 0 { row.flags.insert(.zeroSpot) }
        if before != OfferRows.noPrice || spotBefore != OfferRows.noPrice {
            table.flagJump(&row, onDemandWas: before, spotWas: spotBefore)
        }
        return row
    }

    private mutating func interruptions(_ bytes: Span<UInt8>) -> Float? {
        guard let field = field(.interruptions), !field.range.isEmpty else { return .nan }
        if let number = DecimalBytes(bytes, field.range), number.billionths <= 1_000_000_000 {
            return Float(number.double)
        }
        complaints.add(
            "bad-number", at: field.range, "'\(bytes.text(field))' is not a share of machines",
            expected: "the share that is taken away within a month, from 0 to 1, such as 0.05")
        return nil
    }

    private mutating func available(_ bytes: Span<UInt8>) -> Int32? {
        guard let field = field(.count), !field.range.isEmpty else { return -1 }
        if let number = Int32(bytes.text(field)), number > 0 { return number }
        complaints.add(
            "bad-number", at: field.range, "'\(bytes.text(field))' is not a number of machines",
            expected: "a positive whole number, or nothing")
        return nil
    }

    private mutating func instanceType(_ bytes: Span<UInt8>) -> Int32? {
        guard let field = field(.instanceType), !field.range.isEmpty else {
            complaints.add("missing-value", at: field(.instanceType)?.range, "instance_type is empty")
            return nil
        }
        return Self.intern(field, in: bytes, into: &table.types)
    }

    private mutating func region(_ bytes: Span<UInt8>) -> Int32? {
        guard let field = field(.region), !field.range.isEmpty else {
            complaints.add("missing-value", at: field(.region)?.range, "region is empty")
            return nil
        }
        let known = table.regions.count
        let id = Self.intern(field, in: bytes, into: &table.regions)
        guard id >= known else { return id }
        let name = table.regions[id]
        if !regionNames.contains(name) {
            let near = nearestName(to: name, among: regionNames).map { "did you mean '\($0)'?" }
            complaints.add(
                "unknown-region", at: field.range, "region '\(name)' is not in this provider's provider.yaml",
                help: near)
        }
        return id
    }

    private static func intern(
        _ field: CSVScanner.Field, in bytes: Span<UInt8>, into names: inout NameTable
    ) -> Int32 {
        guard field.hasDoubledQuotes else { return names.intern(bytes, field.range) }
        return names.intern(bytes.text(field))
    }

    private mutating func size(_ bytes: Span<UInt8>, _ column: Column, _ hostValue: Double) -> Double? {
        guard let field = field(column) else { return nil }
        if let number = DecimalBytes(bytes, field.range), number.billionths > 0 { return number.double }
        if bytes.text(field) == "host" { return hostValue }
        complaints.add(
            "bad-number", at: field.range, "'\(bytes.text(field))' is not a size",
            expected: "a positive decimal number such as 16 or 3.75, or host")
        return nil
    }

    private mutating func price(_ bytes: Span<UInt8>, _ column: Column) -> Int64? {
        guard let field = field(column), !field.range.isEmpty else { return OfferRows.noPrice }
        if let number = DecimalBytes(bytes, field.range) { return number.billionths }
        complaints.add(
            "bad-number", at: field.range, "'\(bytes.text(field))' is not a price",
            expected: "US dollars per hour such as 0.3456, with at most nine decimals, or nothing")
        return nil
    }

    private mutating func zoneList(_ bytes: Span<UInt8>) -> Int32 {
        let known = zoneTexts.count
        let id = field(.zones).map { Self.intern($0, in: bytes, into: &zoneTexts) } ?? zoneTexts.intern("")
        if id >= known { table.zoneLists.append(Self.list(zoneTexts[id])) }
        return id
    }

    private mutating func capabilitySet(_ bytes: Span<UInt8>) -> Int32 {
        let known = capabilityTexts.count
        let id =
            field(.capabilities).map { Self.intern($0, in: bytes, into: &capabilityTexts) }
            ?? capabilityTexts.intern("")
        if id >= known { table.capabilitySets.append(Self.list(capabilityTexts[id]).sorted()) }
        return id
    }

    private static func list(_ text: String) -> [String] { text.split(separator: ";").map(String.init) }

    private mutating func accelerator(_ bytes: Span<UInt8>) -> Int32? {
        guard let field = field(.accelerators), !field.range.isEmpty else { return -1 }
        let known = acceleratorTexts.count
        let id = Self.intern(field, in: bytes, into: &acceleratorTexts)
        guard id >= known else { return id }
        let text = acceleratorTexts[id]
        let colon = text.lastIndex(of: ":") ?? text.endIndex
        let count = DecimalBytes(String(text[colon...].dropFirst()))
        if let count, count.billionths > 0, colon > text.startIndex {
            table.accelerators.append(AcceleratorCount(name: String(text[..<colon]), count: count.double))
            return id
        }
        // Keeps the numbers of texts and of parsed values the same.
        table.accelerators.append(AcceleratorCount(name: text, count: 0))
        complaints.add(
            "bad-accelerator", at: field.range, "'\(text)' is not an accelerator", expected: "name:count such as A100:8"
        )
        return nil
    }

    /// A source for both prices, or two as in `observed/derived`: of the on-demand price, then of the spot price.
    private mutating func provenance(_ bytes: Span<UInt8>, onDemand: Int64?, spot: Int64?) -> Int32? {
        guard let field = field(.provenance), !field.range.isEmpty else {
            return table.sourcePair(
                onDemand == OfferRows.noPrice ? PriceSource.plain[2] : usual,
                spot == OfferRows.noPrice ? PriceSource.plain[2] : usual)
        }
        let known = provenanceTexts.count
        let id = Self.intern(field, in: bytes, into: &provenanceTexts)
        if id < known { return isKnownProvenance[Int(id)] ? provenancePairs[Int(id)] : nil }
        let words = provenanceTexts[id].split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let found = words.map { word in sources.first { $0.key == word } }
        guard words.count <= 2, let first = found.first, let onDemand = first, let last = found.last, let spot = last
        else {
            isKnownProvenance.append(false)
            provenancePairs.append(-1)
            let unknown = words.first { word in !sources.contains { $0.key == word } } ?? provenanceTexts[id]
            complaints.add(
                "bad-provenance", at: field.range, "'\(unknown)' does not say how the prices are known",
                expected: "one of \(sources.map(\.key).joined(separator: ", ")); two of them as in "
                    + "observed/derived when spot differs",
                help: nearestName(to: unknown, among: sources.map(\.key)).map { "did you mean '\($0)'?" })
            return nil
        }
        isKnownProvenance.append(true)
        provenancePairs.append(table.sourcePair(onDemand, spot))
        return provenancePairs[Int(id)]
    }
}
