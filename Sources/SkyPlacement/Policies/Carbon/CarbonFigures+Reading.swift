public import SkyCore

extension CarbonFigures {
    /// Reads the two tables of `providers/carbon`.
    ///
    /// - Parameters:
    ///   - grid: `place,grams_per_kwh,year,source` in each line.
    ///   - power: `part,name,value,source` in each line.
    /// - Throws: everything that is wrong with either, with its place.
    public init(grid: SourceFile, power: SourceFile) throws(DiagnosticsError) {
        self.init(
            gramsPerKWh: [:], wattsPerCPU: [:], wattsPerGiB: 0, wattsPerAccelerator: [:], overhead: [:])
        var diagnostics: [Diagnostic] = []
        for row in FigureTable(grid, columns: ["place", "grams_per_kwh", "year", "source"]).rows(&diagnostics) {
            guard let grams = row.amount(1, &diagnostics) else { continue }
            if gramsPerKWh.updateValue(grams, forKey: row.fields[0]) != nil {
                row.complain(0, "'\(row.fields[0])' is given twice", expected: "one line for each place", &diagnostics)
            }
        }
        for row in FigureTable(power, columns: ["part", "name", "value", "source"]).rows(&diagnostics) {
            guard let value = row.amount(2, &diagnostics) else { continue }
            let name = row.fields[1]
            switch row.fields[0] {
            case "cpu": wattsPerCPU[name] = value
            case "memory": wattsPerGiB = value
            case "accelerator": wattsPerAccelerator[name] = value
            case "overhead": overhead[name] = value
            default:
                let parts = ["cpu", "memory", "accelerator", "overhead"]
                row.complain(
                    0, "no part of a machine is called '\(row.fields[0])'",
                    expected: "one of \(parts.joined(separator: ", "))",
                    help: nearestName(to: row.fields[0], among: parts).map { "did you mean '\($0)'?" }, &diagnostics)
            }
        }
        guard diagnostics.isEmpty else { throw DiagnosticsError(diagnostics, sources: [grid, power]) }
    }
}

/// Lines of fields separated by commas; `#` begins a comment.
private struct FigureTable {
    struct Row {
        let path: String
        let line: Int
        let fields: [String]

        /// A number that is not negative.
        func amount(_ column: Int, _ diagnostics: inout [Diagnostic]) -> Double? {
            if let value = Double(fields[column]), value.isFinite, value >= 0 { return value }
            complain(
                column, "'\(fields[column])' is no figure", expected: "a number such as 103.37", &diagnostics)
            return nil
        }

        func complain(
            _ column: Int, _ message: String, expected: String, help: String? = nil, _ diagnostics: inout [Diagnostic]
        ) {
            let start = fields.prefix(column).reduce(1) { $0 + $1.unicodeScalars.count + 1 }
            let range = SourceRange(
                start: SourcePosition(line: line, column: start),
                end: SourcePosition(line: line, column: start + fields[column].unicodeScalars.count))
            diagnostics.append(
                Diagnostic(
                    code: "carbon.bad-figure", path: path, range: range, message: message, expected: expected,
                    help: help))
        }
    }

    private let source: SourceFile
    private let columns: [String]

    init(_ source: SourceFile, columns: [String]) {
        self.source = source
        self.columns = columns
    }

    func rows(_ diagnostics: inout [Diagnostic]) -> [Row] {
        var rows: [Row] = []
        var hasHeader = false
        let lines = source.text.split(separator: "\n", omittingEmptySubsequences: false)
        for (number, text) in lines.enumerated() where !text.isEmpty && !text.hasPrefix("#") {
            let fields = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            let row = Row(path: source.path, line: number + 1, fields: fields)
            if fields.count != columns.count {
                row.complain(
                    0, "the line has \(counted(fields.count, "field"))",
                    expected: "\(columns.count): \(columns.joined(separator: ","))", &diagnostics)
            } else if !hasHeader {
                hasHeader = true
                guard fields != columns else { continue }
                row.complain(
                    0, "the first line names other columns", expected: columns.joined(separator: ","), &diagnostics)
            } else {
                rows.append(row)
            }
        }
        return rows
    }
}
