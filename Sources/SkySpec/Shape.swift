import SkyCore
import SkyYAML

/// Which YAML a field takes. The reader checks values against it and the JSON Schema is written from it.
indirect enum Shape: Sendable {
    case text(TextForm)
    case wholeNumber
    case number
    case boolean
    case nothing
    case list(Shape)
    /// Names that the file's author chooses, each with a value.
    case map(keys: TextForm, values: Shape)
    /// A mapping with the fields of the section of this name.
    case section(String)
    case anyOf([Shape])
    case anything

    static let plainText = Shape.text(TextForm("text"))
}

/// Text of one kind: `a size such as 40GB`.
struct TextForm: Sendable {
    let phrase: String
    /// An ECMA regular expression for editors; the reader itself parses.
    let pattern: String?
    /// When not empty, the only words allowed.
    let choices: [String]
    /// Whether the choices may be written in any case.
    let ignoresCase: Bool

    init(_ phrase: String, pattern: String? = nil, choices: [String] = [], ignoresCase: Bool = false) {
        self.phrase = phrase
        self.pattern = pattern
        self.choices = choices
        self.ignoresCase = ignoresCase
    }

    static func oneOf(_ words: [String], ignoringCase: Bool = false) -> TextForm {
        TextForm(
            words.map { "'\($0)'" }.joined(separator: " or "), choices: words, ignoresCase: ignoringCase)
    }

    func admits(_ word: String) -> Bool {
        choices.isEmpty || choices.contains(ignoresCase ? word.lowercased() : word)
    }
}

extension Shape {
    /// What was expected, for messages.
    var phrase: String {
        switch self {
        case .text(let form): form.phrase
        case .wholeNumber: "a whole number"
        case .number: "a number"
        case .boolean: "true or false"
        case .nothing: "nothing"
        case .list(let element): "a list (of \(element.phrase))"
        case .map(let keys, let values): "a mapping from \(keys.phrase) to \(values.phrase)"
        case .section: "a mapping"
        case .anyOf(let shapes): shapes.map(\.phrase).joined(separator: ", or ")
        case .anything: "a value"
        }
    }

    /// Whether `node` is of this kind at its top; what is inside is not looked at.
    private func fits(_ node: YAMLNode) -> Bool {
        switch self {
        case .text: node.scalar != nil && !node.isNull
        case .wholeNumber: node.scalar.flatMap { Int($0) } != nil
        case .number: node.scalar.flatMap(decimal) != nil
        case .boolean: node.boolean != nil
        case .nothing: node.isNull
        case .list: node.sequence != nil
        case .map, .section: node.mapping != nil
        case .anyOf(let shapes): shapes.contains { $0.fits(node) }
        case .anything: true
        }
    }

    /// Checks `node`, called `label` in messages, and what is inside it; complains at each place that is wrong.
    ///
    /// Returns whether `node` itself is of this shape. Wrong values inside it are marked as broken, so that its other
    /// values are read all the same.
    func admits(_ node: YAMLNode, label: String, _ reading: Reading) -> Bool {
        guard fits(node) else {
            let what = node.isNull ? "\(label) has no value" : "\(label) is \(node.kindName)"
            reading.error("spec.wrong-type", at: node.range, what, expected: phrase)
            reading.markBroken(node)
            return false
        }
        switch self {
        case .text(let form):
            guard let word = node.scalar, !form.admits(word) else { return true }
            reading.error(
                "spec.bad-choice", at: node.range, "\(label) is '\(word)'", expected: form.phrase,
                help: reading.suggestion(for: word, among: form.choices))
            reading.markBroken(node)
            return false
        case .list(let shape):
            for element in node.sequence ?? [] {
                _ = shape.admits(element, label: "an element of \(label)", reading)
            }
            return true
        case .map(_, let shape):
            for entry in node.mapping ?? [] { _ = shape.admits(entry.value, label: "'\(entry.key)'", reading) }
            return true
        case .anyOf(let shapes):
            return shapes.first { $0.fits(node) }?.admits(node, label: label, reading) ?? false
        default: return true
        }
    }
}

/// A finite decimal number such as `8`, `-1`, `0.5` or `1e-3`; nil for anything else.
func decimal(_ text: String) -> Double? {
    let allowed = text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "+"): true
        case UInt8(ascii: "e"), UInt8(ascii: "E"): true
        default: false
        }
    }
    guard allowed, let value = Double(text), value.isFinite else { return nil }
    return value
}
