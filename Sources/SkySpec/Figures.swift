import SkyCore
import SkyYAML

/// A figure with a low and a high end: `2h`, `2h..4h`, or `{low: 2h, expected: 3h, high: 6h}`.
struct FigureKind<Value: Hashable & Sendable & Codable & Comparable>: Sendable {
    /// The name of its section in the schema.
    let name: String
    /// What one value looks like.
    let one: TextForm
    let range: TextForm
    let code: String
    let read: @Sendable (String, SourceRange, Reading) -> Value?
    /// What is expected when only both ends are known.
    let middle: @Sendable (Value, Value) -> Value
    /// Reads back to exactly the same value.
    let shown: @Sendable (Value) -> String

    var shape: Shape { .anyOf([.text(range), .section(name)]) }

    var section: Section<FigureDraft<Value>> {
        let examples = range.phrase
        return Section(
            name: name, phrase: "an estimate", summary: "A figure between two ends: \(examples).",
            fields: [
                field("low", "The least that it should be.") { $1.low = $0 },
                field("expected", "What to plan with.") { $1.expected = $0 },
                field("high", "The most that it should be.") { $1.high = $0 },
            ])
    }

    private func field(
        _ name: String, _ summary: String,
        _ keep: @escaping @Sendable (Located<Value>, inout FigureDraft<Value>) -> Void
    ) -> Field<FigureDraft<Value>> {
        let read = self.read
        return Field(name, .text(one), summary) { entry, draft, reading in
            let range = entry.value.range
            if let value = read(entry.value.scalar ?? "", range, reading) {
                keep(Located(value, range), &draft)
            } else {
                draft.isBroken = true
            }
        }
    }

    /// Whether a mapping is meant as a figure, and not as something else with keys of its own.
    func isFigure(_ node: YAMLNode) -> Bool { ["low", "expected", "high"].contains { node[$0] != nil } }

    /// Nil after a complaint.
    func read(_ node: YAMLNode, at place: SourceRange, _ reading: Reading) -> Estimate<Value>? {
        guard node.mapping != nil else { return readText(node, reading) }
        var draft = FigureDraft<Value>()
        draft.isBroken = !section.read(node, into: &draft, at: place, reading).isEmpty
        return draft.isBroken ? nil : estimate(draft, at: place, reading)
    }

    private func readText(_ node: YAMLNode, _ reading: Reading) -> Estimate<Value>? {
        let text = node.scalar ?? ""
        guard let (low, high) = RangeText.endsOfOneUnit(text[...]) else {
            return read(text, node.range, reading).map { Estimate($0) }
        }
        guard !low.isEmpty, !high.isEmpty else {
            reading.error(
                code, at: node.range, "'\(text)' has one end only", expected: range.phrase)
            return nil
        }
        // Both ends are read, so that both are complained about.
        let ends = (read(low, node.range, reading), read(high, node.range, reading))
        guard let least = ends.0, let most = ends.1 else { return nil }
        guard least <= most else {
            Amounts.complainBackwards(mended: "\(high)..\(low)", at: node.range, reading)
            return nil
        }
        return Estimate(low: least, expected: middle(least, most), high: most)
    }

    private func estimate(
        _ draft: FigureDraft<Value>, at place: SourceRange, _ reading: Reading
    ) -> Estimate<Value>? {
        let pairs = [(draft.low, draft.expected), (draft.expected, draft.high), (draft.low, draft.high)]
        for case (let below?, let above?) in pairs where below.value > above.value {
            reading.error(
                "spec.impossible", at: above.range,
                "\(shown(above.value)) is less than \(shown(below.value)), which must not be above it",
                expected: "low, expected and high in this order",
                notes: [Diagnostic.Note(range: below.range, message: "what must not be above it")])
            return nil
        }
        switch (draft.low?.value, draft.expected?.value, draft.high?.value) {
        case (let low, let expected?, let high):
            return Estimate(low: low ?? expected, expected: expected, high: high ?? expected)
        case (let low?, nil, let high?): return Estimate(low: low, expected: middle(low, high), high: high)
        default:
            reading.error(
                "spec.missing-field", at: place, "an estimate with one end only has no 'expected'",
                expected: "expected, or both low and high")
            return nil
        }
    }

    /// The shortest text that reads back to the same estimate.
    func text(_ estimate: Estimate<Value>) -> String {
        let ends = (shown(estimate.low), shown(estimate.high))
        if estimate.isOneFigure { return ends.0 }
        if middle(estimate.low, estimate.high) == estimate.expected { return "\(ends.0)..\(ends.1)" }
        return "{low: \(ends.0), expected: \(shown(estimate.expected)), high: \(ends.1)}"
    }
}

struct FigureDraft<Value> {
    var low: Located<Value>?
    var expected: Located<Value>?
    var high: Located<Value>?
    var isBroken = false
}

/// The two kinds of figures that files estimate.
enum Figures {
    static let duration = FigureKind<TimeSpan>(
        name: "durationEstimate", one: Amounts.duration,
        range: TextForm("a duration such as 2h, or 2h..4h", pattern: #"^[0-9. a-zA-Z]+$"#), code: "spec.bad-duration",
        read: { Amounts.readDuration($0, at: $1, $2) },
        middle: { TimeSpan(milliseconds: between($0.milliseconds, $1.milliseconds)) }, shown: \.exactText)

    static let size = FigureKind<DataSize>(
        name: "sizeEstimate", one: Amounts.size,
        range: TextForm("a size such as 40GB, or 30GB..60GB", pattern: #"^[0-9. a-zA-Z]+$"#), code: "spec.bad-size",
        read: { Amounts.readSize($0, at: $1, $2) }, middle: { DataSize(bytes: between($0.bytes, $1.bytes)) },
        shown: \.exactText)

    /// Halfway, rounded down; neither number is negative.
    private static func between(_ low: Int64, _ high: Int64) -> Int64 { low + (high - low) / 2 }
}
