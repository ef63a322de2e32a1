import SkyCore

/// Reads the small tables: `egress.csv` and `throughput.csv`; malformed rows are reported and left out.
struct TariffReader {
    private let bytes: [UInt8]
    private var complaints: CSVComplaints

    private init(bytes: [UInt8], path: String) {
        self.bytes = bytes
        complaints = CSVComplaints(path: path, bytes: bytes)
    }

    static func egress(
        _ bytes: [UInt8], path: String, of profile: ProviderProfile
    ) -> (rates: [EgressRate], diagnostics: [Diagnostic]) {
        var reader = TariffReader(bytes: bytes, path: path)
        var tiers = TierLists()
        reader.rows(of: ["from_region", "to", "usd_per_gb"], optional: ["up_to_gb"]) { reader, fields in
            guard let origin = fields[0] else { return }
            let region = reader.bytes.span.text(origin)
            if region != "*", !profile.regions.contains(where: { $0.name == region }) {
                let near = nearestName(to: region, among: profile.regions.map(\.name))
                reader.complaints.add(
                    "unknown-region", at: origin.range, "region '\(region)' is not in this provider's provider.yaml",
                    help: near.map { "did you mean '\($0)'?" })
            }
            guard let destination = reader.destination(fields[1]), let tier = reader.tier(fields[2], fields[3]) else {
                return
            }
            let way = TierLists.Way(
                provider: profile.name, region: region == "*" ? nil : region, destination: destination)
            if !tiers.add(tier, to: way) {
                reader.complaints.add(
                    "duplicate-tier", at: (fields[3] ?? origin).range, "this volume is priced twice for the same way",
                    expected: "one row per way and volume, with rising up_to_gb, the last without")
            }
        }
        return (tiers.rates, reader.complaints.all)
    }

    static func throughput(
        _ bytes: [UInt8], path: String
    ) -> (pairs: [MeasuredThroughput], diagnostics: [Diagnostic]) {
        var reader = TariffReader(bytes: bytes, path: path)
        var pairs: [MeasuredThroughput] = []
        reader.rows(of: ["from", "to", "gbps"], optional: []) { reader, fields in
            guard
                let from = reader.location(fields[0]), let to = reader.location(fields[1]),
                let rate = reader.rate(fields[2])
            else { return }
            pairs.append(MeasuredThroughput(from: from, to: to, gigabitsPerSecond: rate))
        }
        return (pairs, reader.complaints.all)
    }

    /// A file of `--tariffs`: `from,to,usd_per_gb[,up_to_gb][,gbps]`.
    ///
    /// - Parameter providers: what a `from` of `*` stands for.
    static func replacement(
        _ bytes: [UInt8], path: String, providers: [String]
    ) -> (tariffs: Tariffs, diagnostics: [Diagnostic]) {
        var reader = TariffReader(bytes: bytes, path: path)
        var tiers = TierLists()
        var speeds: [MeasuredThroughput] = []
        reader.rows(of: ["from", "to", "usd_per_gb"], optional: ["up_to_gb", "gbps"]) { reader, fields in
            guard
                let field = fields[0], let origin = reader.destination(field),
                let destination = reader.destination(fields[1]), let tier = reader.tier(fields[2], fields[3])
            else { return }
            let ways: [TierLists.Way]
            switch origin {
            case .anywhere: ways = providers.map { .init(provider: $0, region: nil, destination: destination) }
            case .provider(let name): ways = [.init(provider: name, region: nil, destination: destination)]
            case .location(let place):
                ways = [.init(provider: place.provider, region: place.region, destination: destination)]
            }
            for way in ways where !tiers.add(tier, to: way) {
                reader.complaints.add("duplicate-tier", at: field.range, "this volume is priced twice for the same way")
                return
            }
            guard let field = fields[4], !field.range.isEmpty, let rate = reader.rate(field) else { return }
            guard case .location(let from) = origin, case .location(let to) = destination else {
                reader.complaints.add(
                    "bad-location", at: field.range, "a rate can only be given between two regions",
                    expected: "provider/region in from and to")
                return
            }
            speeds.append(MeasuredThroughput(from: from, to: to, gigabitsPerSecond: rate))
        }
        return (Tariffs(egress: tiers.rates, throughput: speeds), reader.complaints.all)
    }

    /// Calls `parse` with the fields of each row, in the order of `names` and then `optional`; nil for a column that is
    /// not there.
    private mutating func rows(
        of names: [String], optional: [String], _ parse: (inout TariffReader, [CSVScanner.Field?]) -> Void
    ) {
        let storage = bytes
        var scanner = CSVScanner()
        var fields: [CSVScanner.Field] = []
        guard scanner.next(&fields, in: storage.span) == .row else {
            complaints.add("empty-file", at: nil, "the file has no header", expected: names.joined(separator: ","))
            return
        }
        let columns = CSVColumns(
            header: fields, in: storage.span, required: names, optional: optional, complaints: &complaints)
        guard let columns else { return }
        while true {
            switch scanner.next(&fields, in: storage.span) {
            case .end: return
            case .badQuote(let offset):
                complaints.add(
                    "bad-quote", at: offset..<offset + 1, "this quote is never closed, or text follows the closing one")
            case .row where fields.count != columns.count:
                let row = scanner.rowStart..<(fields.last?.range.upperBound ?? scanner.rowStart)
                complaints.add(
                    "field-count", at: row, "the row has \(fields.count) fields, the header \(columns.count)")
            case .row:
                parse(&self, columns.places.map { $0 >= 0 ? fields[$0] : nil })
            }
        }
    }

    private mutating func destination(_ field: CSVScanner.Field?) -> EgressRate.Destination? {
        guard let field else { return nil }
        if let destination = EgressRate.Destination(bytes.span.text(field)) { return destination }
        complaints.add(
            "bad-destination", at: field.range, "'\(bytes.span.text(field))' is not a destination",
            expected: "provider/region, provider/* or *")
        return nil
    }

    private mutating func tier(_ price: CSVScanner.Field?, _ limit: CSVScanner.Field?) -> EgressTier? {
        guard let price, let amount = number(price, expected: "US dollars per 10⁹ bytes such as 0.09") else {
            return nil
        }
        let perGigabyte = Money(nanodollars: amount.billionths)
        guard let limit, !limit.range.isEmpty else { return EgressTier(perGigabyte: perGigabyte) }
        if let upToGB = Int64(bytes.span.text(limit)), upToGB > 0 {
            return EgressTier(upToGB: upToGB, perGigabyte: perGigabyte)
        }
        complaints.add(
            "bad-number", at: limit.range, "'\(bytes.span.text(limit))' is not a volume",
            expected: "GB in a month as a whole number such as 10240, or nothing")
        return nil
    }

    private mutating func rate(_ field: CSVScanner.Field?) -> Double? {
        guard let field, let rate = number(field, expected: "a positive number of 10⁹ bits per second") else {
            return nil
        }
        if rate.billionths > 0 { return rate.double }
        complaints.add("bad-number", at: field.range, "a rate of 0 would never end")
        return nil
    }

    private mutating func number(_ field: CSVScanner.Field, expected: String) -> DecimalBytes? {
        if let number = DecimalBytes(bytes.span, field.range) { return number }
        complaints.add("bad-number", at: field.range, "'\(bytes.span.text(field))' is not a number", expected: expected)
        return nil
    }

    private mutating func location(_ field: CSVScanner.Field?) -> Location? {
        guard let field else { return nil }
        let text = bytes.span.text(field)
        if case .location(let location)? = EgressRate.Destination(text) { return location }
        complaints.add(
            "bad-location", at: field.range, "'\(text)' is not a location", expected: "provider/region")
        return nil
    }
}

/// Rows of one way with rising volumes are one rate.
private struct TierLists {
    struct Way: Hashable {
        var provider: String
        var region: String?
        var destination: EgressRate.Destination
    }

    private var order: [Way] = []
    private var tiers: [Way: [EgressTier]] = [:]

    /// False when the way has a price for that volume already.
    mutating func add(_ tier: EgressTier, to way: Way) -> Bool {
        if tiers[way] == nil { order.append(way) }
        guard !(tiers[way] ?? []).contains(where: { $0.upToGB == tier.upToGB }) else { return false }
        tiers[way, default: []].append(tier)
        return true
    }

    var rates: [EgressRate] {
        order.map {
            EgressRate(
                provider: $0.provider, region: $0.region, destination: $0.destination, tiers: tiers[$0] ?? [])
        }
    }
}
