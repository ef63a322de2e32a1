import SkyCore

/// Goes through a small comma-separated file row by row, with the columns in the order that the caller names them.
/// For files whose size does not matter; `OfferTableReader` does without the strings.
struct CSVTable {
    struct Row {
        fileprivate let bytes: [UInt8]
        fileprivate let fields: [CSVScanner.Field?]

        /// Nil for a column that the file does not have.
        func text(_ column: Int) -> String? { fields[column].map { bytes.span.text($0) } }

        func range(_ column: Int) -> Range<Int>? { fields[column]?.range }

        /// Nil for what is no decimal number, nothing included.
        func number(_ column: Int) -> DecimalBytes? { fields[column].flatMap { DecimalBytes(bytes.span, $0.range) } }
    }

    private let bytes: [UInt8]
    private var scanner = CSVScanner()
    private var fields: [CSVScanner.Field] = []
    private let columns: CSVColumns?

    /// - Parameter allowsOthers: columns that are not named are passed over instead of being mistakes.
    init(
        _ bytes: [UInt8], required: [String], optional: [String], allowsOthers: Bool = false,
        _ complaints: inout CSVComplaints
    ) {
        self.bytes = bytes
        let storage = bytes
        guard scanner.next(&fields, in: storage.span) == .row else {
            complaints.add(
                "empty-file", at: nil, "the file has no header", expected: required.joined(separator: ","))
            columns = nil
            return
        }
        columns = CSVColumns(
            header: fields, in: storage.span, required: required, optional: optional, allowsOthers: allowsOthers,
            complaints: &complaints)
    }

    /// The next row that has all its fields; those that have not are complained about.
    mutating func next(_ complaints: inout CSVComplaints) -> Row? {
        guard let columns else { return nil }
        // A copy of the reference, so that the span does not keep `self` from changing.
        let storage = bytes
        while true {
            switch scanner.next(&fields, in: storage.span) {
            case .end: return nil
            case .badQuote(let offset):
                complaints.add(
                    "bad-quote", at: offset..<offset + 1, "this quote is never closed, or text follows the closing one")
            case .row where fields.count != columns.count:
                let row = scanner.rowStart..<(fields.last?.range.upperBound ?? scanner.rowStart)
                complaints.add(
                    "field-count", at: row, "the row has \(fields.count) fields, the header \(columns.count)")
            case .row: return Row(bytes: bytes, fields: columns.places.map { $0 >= 0 ? fields[$0] : nil })
            }
        }
    }
}
