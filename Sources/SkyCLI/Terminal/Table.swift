import SkyCore

/// Columns that line up, two blanks apart, without lines or boxes; as wide as what is in it, and cut to the terminal
/// where it is not.
struct Table: Sendable {
    enum Alignment: Sendable { case left, right }

    struct Column: Sendable {
        let title: String
        let alignment: Alignment
        /// How narrow it may be made when the terminal is too small; nil: never cut.
        let shrinksTo: Int?
        /// Left out when no row has anything in it.
        let isOptional: Bool

        init(_ title: String, _ alignment: Alignment = .left, shrinksTo: Int? = nil, isOptional: Bool = false) {
            self.title = title
            self.alignment = alignment
            self.shrinksTo = shrinksTo
            self.isOptional = isOptional
        }
    }

    /// What stands in one column of a row, or across several.
    struct Cell: Sendable {
        let text: StyledText
        let span: Int

        init(_ text: StyledText, span: Int = 1) {
            self.text = text
            self.span = span
        }
    }

    let columns: [Column]
    private let indent: Int
    private var rows: [Row] = []

    private enum Row: Sendable {
        case cells([Cell])
        case note(StyledText, column: Int)
        case blank
    }

    private static let gap = 2

    init(_ columns: [Column], indent: Int = 0) {
        self.columns = columns
        self.indent = indent
    }

    /// The columns' titles, or others for what follows; cells as in a row.
    mutating func addHeader(_ titles: [Cell]? = nil) {
        let cells = titles ?? columns.map { Cell(StyledText($0.title)) }
        rows.append(.cells(cells.map { Cell(StyledText($0.text.painted(.plain), .dim), span: $0.span) }))
    }

    mutating func addRow(_ cells: [StyledText]) { rows.append(.cells(cells.map { Cell($0) })) }
    mutating func addRow(_ cells: [Cell]) { rows.append(.cells(cells)) }

    /// A line that begins under `column` and may run on to the edge of the terminal, where it is cut.
    mutating func addNote(_ text: StyledText, under column: Int) { rows.append(.note(text, column: column)) }
    mutating func addBlank() { rows.append(.blank) }

    /// The finished lines, at most `width` columns wide where cutting allows it.
    func lines(width: Int?) -> [StyledText] {
        let widths = columnWidths(limit: width)
        return rows.map { row in
            switch row {
            case .blank: .empty
            case .note(let text, let column): noteLine(text, column, widths, limit: width)
            case .cells(let cells): line(cells, widths).withoutTrailingBlanks
            }
        }
    }

    private func noteLine(_ text: StyledText, _ column: Int, _ widths: [Int], limit: Int?) -> StyledText {
        let start = widths[..<column].reduce(indent) { $0 + ($1 > 0 ? $1 + Self.gap : 0) }
        let shown = limit.map { text.truncated(to: max(1, $0 - start)) } ?? text
        return StyledText(String(repeating: " ", count: start)) + shown
    }

    private func line(_ cells: [Cell], _ widths: [Int]) -> StyledText {
        var line = StyledText(String(repeating: " ", count: indent))
        var column = 0
        var isFirst = true
        for cell in cells {
            let width = spannedWidth(column, cell.span, widths)
            let alignment = columns[column].alignment
            column += cell.span
            guard width > 0 else { continue }
            if !isFirst { line += StyledText(String(repeating: " ", count: Self.gap)) }
            isFirst = false
            line += cell.text.truncated(to: width).padded(to: width, onTheLeft: alignment == .right)
        }
        return line
    }

    private func spannedWidth(_ column: Int, _ span: Int, _ widths: [Int]) -> Int {
        let spanned = widths[column..<min(widths.count, column + span)].filter { $0 > 0 }
        return spanned.reduce(0, +) + max(0, spanned.count - 1) * Self.gap
    }

    private func columnWidths(limit: Int?) -> [Int] {
        var widths = naturalWidths()
        widenForSpans(&widths)
        if let limit { shrink(&widths, to: limit) }
        return widths
    }

    private func naturalWidths() -> [Int] {
        var widths = columns.map { _ in 0 }
        var isFilled = columns.map { !$0.isOptional }
        for (index, row) in rows.enumerated() {
            guard case .cells(let cells) = row else { continue }
            var column = 0
            for cell in cells where column < widths.count {
                if cell.span == 1 {
                    widths[column] = max(widths[column], cell.text.width)
                    if index > 0, !cell.text.isEmpty { isFilled[column] = true }
                }
                column += cell.span
            }
        }
        return zip(widths, isFilled).map { $1 ? $0 : 0 }
    }

    /// A cell across several columns widens the last of them that may be cut again, or else the last.
    private func widenForSpans(_ widths: inout [Int]) {
        for case .cells(let cells) in rows {
            var column = 0
            for cell in cells {
                let last = min(widths.count, column + cell.span) - 1
                let missing = cell.text.width - spannedWidth(column, cell.span, widths)
                if cell.span > 1, missing > 0 {
                    let flexible = (column...last).last { columns[$0].shrinksTo != nil && widths[$0] > 0 }
                    widths[flexible ?? last] += missing
                }
                column += cell.span
            }
        }
    }

    private func shrink(_ widths: inout [Int], to limit: Int) {
        var excess = indent + spannedWidth(0, widths.count, widths) - limit
        while excess > 0 {
            let room = columns.indices.filter { index in columns[index].shrinksTo.map { widths[index] > $0 } ?? false }
            guard let widest = room.max(by: { widths[$0] < widths[$1] }) else { return }
            widths[widest] -= 1
            excess -= 1
        }
    }
}
