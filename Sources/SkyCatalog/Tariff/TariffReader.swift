import SkyCore

/// Reads the small tables: `egress.csv`, `throughput.csv` and `accelerators.csv`; malformed rows are reported and left out.
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
        let rates = reader.rows(of: ["from_region", "to", "usd_per_gb"]) { reader, fields -> EgressRate? in
            let region = reader.bytes.span.text(fields[0])
            if region != "*", !profile.regions.contains(where: { $0.name == region }) {
                let near = nearestName(to: region, among: profile.regions.map(\.name))
                reader.complaints.add(
                    "unknown-region", at: fields[0].range, "region '\(region)' is not in this provider's provider.yaml",
                    help: near.map { "did you mean '\($0)'?" })
            }
            guard let destination = EgressRate.Destination(reader.bytes.span.text(fields[1])) else {
                reader.complaints.add(
                    "bad-destination", at: fields[1].range,
                    "'\(reader.bytes.span.text(fields[1]))' is not a destination",
                    expected: "provider/region, provider/* or *")
                return nil
            }
            guard let price = reader.number(fields[2], expected: "US dollars per 10⁹ bytes such as 0.09") else {
                return nil
            }
            return EgressRate(
                provider: profile.name, region: region == "*" ? nil : region, destination: destination,
                perGigabyte: Money(nanodollars: price.billionths))
        }
        return (rates, reader.complaints.all)
    }

    static func throughput(
        _ bytes: [UInt8], path: String, into table: inout ThroughputTable
    ) -> [Diagnostic] {
        var reader = TariffReader(bytes: bytes, path: path)
        _ = reader.rows(of: ["from", "to", "gbps"]) { reader, fields -> Void? in
            guard
                let from = reader.location(fields[0], &table), let to = reader.location(fields[1], &table),
                let rate = reader.number(fields[2], expected: "a positive number of 10⁹ bits per second")
            else { return nil }
            guard rate.billionths > 0 else {
                reader.complaints.add("bad-number", at: fields[2].range, "a rate of 0 would never end")
                return nil
            }
            table.set(rate.double, from: from, to: to)
            return nil
        }
        return reader.complaints.all
    }

    static func speeds(_ bytes: [UInt8], path: String) -> (speeds: [String: Double], diagnostics: [Diagnostic]) {
        var reader = TariffReader(bytes: bytes, path: path)
        var speeds: [String: Double] = [:]
        _ = reader.rows(of: ["name", "tflops", "source"]) { reader, fields -> Void? in
            let name = reader.bytes.span.text(fields[0])
            guard let speed = reader.number(fields[1], expected: "10¹² operations per second such as 312") else {
                return nil
            }
            if speed.billionths <= 0 {
                reader.complaints.add("bad-number", at: fields[1].range, "'\(name)' would never get anything done")
            } else if speeds.updateValue(speed.double, forKey: name) != nil {
                reader.complaints.add("duplicate-name", at: fields[0].range, "'\(name)' is given twice")
            }
            return nil
        }
        return (speeds, reader.complaints.all)
    }

    /// Calls `parse` with the fields of each row, in the order of `names`.
    private mutating func rows<Row>(
        of names: [String], _ parse: (inout TariffReader, [CSVScanner.Field]) -> Row?
    ) -> [Row] {
        let storage = bytes
        var scanner = CSVScanner()
        var fields: [CSVScanner.Field] = []
        var rows: [Row] = []
        guard scanner.next(&fields, in: storage.span) == .row else {
            complaints.add("empty-file", at: nil, "the file has no header", expected: names.joined(separator: ","))
            return rows
        }
        let columns = CSVColumns(
            header: fields, in: storage.span, required: names, optional: [], complaints: &complaints)
        guard let columns else { return rows }
        while true {
            switch scanner.next(&fields, in: storage.span) {
            case .end: return rows
            case .badQuote(let offset):
                complaints.add(
                    "bad-quote", at: offset..<offset + 1, "this quote is never closed, or text follows the closing one")
            case .row where fields.count != columns.count:
                let row = scanner.rowStart..<(fields.last?.range.upperBound ?? scanner.rowStart)
                complaints.add(
                    "field-count", at: row, "the row has \(fields.count) fields, the header \(columns.count)")
            case .row:
                if let row = parse(&self, columns.places.map { fields[$0] }) { rows.append(row) }
            }
        }
    }

    private mutating func number(_ field: CSVScanner.Field, expected: String) -> DecimalBytes? {
        if let number = DecimalBytes(bytes.span, field.range) { return number }
        complaints.add("bad-number", at: field.range, "'\(bytes.span.text(field))' is not a number", expected: expected)
        return nil
    }

    private mutating func location(_ field: CSVScanner.Field, _ table: inout ThroughputTable) -> Int32? {
        let known = table.locations.count
        let id = table.intern(bytes.span, field.range)
        if id < known { return id }
        if case .location? = EgressRate.Destination(bytes.span.text(field)) { return id }
        complaints.add(
            "bad-location", at: field.range, "'\(bytes.span.text(field))' is not a location",
            expected: "provider/region")
        return nil
    }
}
