import SkyCore

/// Where each column of a comma-separated file stands: the header names them, in any order.
struct CSVColumns {
    /// By column as the caller numbers them: its place in the file, or -1 for an optional one that is not there.
    let places: [Int]
    let count: Int

    /// Nil, with complaints, when a required column is missing or one is unknown or given twice.
    init?(
        header: [CSVScanner.Field], in bytes: Span<UInt8>, required: [String], optional: [String],
        allowsOthers: Bool = false, complaints: inout CSVComplaints
    ) {
        let known = required + optional
        var places = Array(repeating: -1, count: known.count)
        let before = complaints.diagnostics.count
        for (place, field) in header.enumerated() {
            let name = bytes.text(field)
            guard let column = known.firstIndex(of: name) else {
                if allowsOthers { continue }
                let near = nearestName(to: name, among: known).map { "did you mean '\($0)'?" }
                complaints.add(
                    "unknown-column", at: field.range, "unknown column '\(name)'",
                    expected: "one of \(known.joined(separator: ", "))", help: near)
                continue
            }
            if places[column] >= 0 {
                complaints.add("duplicate-column", at: field.range, "column '\(name)' is given twice")
            }
            places[column] = place
        }
        for (column, name) in required.enumerated() where places[column] < 0 {
            complaints.add(
                "missing-column", at: header.first?.range, "the column '\(name)' is missing",
                expected: "the columns \(required.joined(separator: ", "))")
        }
        guard complaints.diagnostics.count == before else { return nil }
        self.places = places
        count = header.count
    }
}
