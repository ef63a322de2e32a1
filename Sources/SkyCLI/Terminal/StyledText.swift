import SkyCore

/// Text whose colours are still apart from its letters, so that it can be measured, cut and aligned before it is
/// painted. Control characters never get in: what clouds and jobs say cannot steer the terminal.
struct StyledText: Hashable, Sendable {
    struct Span: Hashable, Sendable {
        let text: String
        let tint: TextStyle.Tint
        let isBold: Bool

        init(_ text: String, _ tint: TextStyle.Tint = .none, bold: Bool = false) {
            self.text = text.unicodeScalars.contains(where: isControl) ? withoutControls(text) : text
            self.tint = tint
            isBold = bold
        }
    }

    private(set) var spans: [Span]

    init(_ text: String, _ tint: TextStyle.Tint = .none, bold: Bool = false) {
        spans = text.isEmpty ? [] : [Span(text, tint, bold: bold)]
    }

    private init(spans: [Span]) { self.spans = spans }

    static let empty = StyledText("")

    var isEmpty: Bool { spans.isEmpty }
    var width: Int { spans.reduce(0) { $0 + displayWidth(of: $1.text) } }

    static func + (a: StyledText, b: StyledText) -> StyledText { StyledText(spans: a.spans + b.spans) }
    static func += (a: inout StyledText, b: StyledText) { a.spans += b.spans }

    /// The letters, painted as `style` allows.
    func painted(_ style: TextStyle) -> String {
        spans.map { span in
            span.tint == .none && !span.isBold ? span.text : style.paint(span.text, span.tint, bold: span.isBold)
        }.joined()
    }

    /// At most `limit` columns; what is cut ends with `…`.
    func truncated(to limit: Int) -> StyledText {
        guard width > limit else { return self }
        guard limit > 0 else { return .empty }
        var room = limit - 1
        var kept: [Span] = []
        for span in spans {
            var text = ""
            for character in span.text {
                let width = displayWidth(of: String(character))
                guard width <= room else {
                    kept.append(Span(text + "…", span.tint, bold: span.isBold))
                    return StyledText(spans: kept)
                }
                room -= width
                text.append(character)
            }
            kept.append(span)
        }
        return StyledText(spans: kept)
    }

    /// Blanks added until it takes `width` columns, on the left or the right.
    func padded(to width: Int, onTheLeft: Bool = false) -> StyledText {
        let missing = width - self.width
        guard missing > 0 else { return self }
        let blanks = StyledText(String(repeating: " ", count: missing))
        return onTheLeft ? blanks + self : self + blanks
    }

    /// Blanks at the end taken off: no line ends with them.
    var withoutTrailingBlanks: StyledText {
        var rest = spans
        while let last = rest.last {
            let text = String(last.text.reversed().drop { $0 == " " }.reversed())
            if text == last.text { break }
            rest.removeLast()
            if !text.isEmpty {
                rest.append(Span(text, last.tint, bold: last.isBold))
                break
            }
        }
        return StyledText(spans: rest)
    }
}

extension StyledText: ExpressibleByStringInterpolation {
    struct StringInterpolation: StringInterpolationProtocol {
        var text = StyledText.empty

        init(literalCapacity: Int, interpolationCount: Int) {}

        mutating func appendLiteral(_ literal: String) { text += StyledText(literal) }
        mutating func appendInterpolation(_ value: StyledText) { text += value }
        mutating func appendInterpolation(
            _ value: some CustomStringConvertible, _ tint: TextStyle.Tint = .none, bold: Bool = false
        ) {
            text += StyledText(value.description, tint, bold: bold)
        }
    }

    init(stringLiteral value: String) { self.init(value) }
    init(stringInterpolation: StringInterpolation) { self = stringInterpolation.text }
}

/// C0 and C1 controls, and the marks that make text run backwards.
private func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F..<0xA0, 0x202A...0x202E, 0x2066...0x2069: true
    default: false
    }
}

private func withoutControls(_ text: String) -> String {
    var clean = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
        clean.append(isControl(scalar) ? (scalar == "\n" || scalar == "\t" ? " " : "\u{FFFD}") : scalar)
    }
    return String(clean)
}
