import CLibYAML
import SkyCore

/// What libyaml stumbled over, in words for the person who wrote the file.
struct SyntaxProblem {
    private let problem: String
    private let context: String?
    private let place: SourcePosition
    private let contextPlace: SourcePosition?
    /// Tabs that indent the line where libyaml stopped or began: then they are the cause, whatever it says.
    private let tab: SourceRange?
    private let character: Unicode.Scalar?

    init(_ parser: yaml_parser_t, input: UnsafeBufferPointer<UInt8>) {
        problem = parser.problem.map { String(cString: $0) } ?? "unreadable text"
        context = parser.context.map { String(cString: $0) }
        if parser.error == YAML_READER_ERROR {
            // The marks are empty here; the offset counts bytes.
            place = position(ofByte: parser.problem_offset, in: input)
            (contextPlace, tab, character) = (nil, nil, Unicode.Scalar(UInt32(max(0, parser.problem_value))))
            return
        }
        place = SourcePosition(parser.problem_mark)
        contextPlace = parser.context == nil ? nil : SourcePosition(parser.context_mark)
        let lines = String(decoding: input, as: UTF8.self).split(omittingEmptySubsequences: false) { $0.isNewline }
        tab =
            Self.tabs(indenting: place.line, in: lines)
            ?? contextPlace.flatMap { Self.tabs(indenting: $0.line, in: lines) }
        let line = place.line <= lines.count ? lines[place.line - 1] : ""
        character = line.unicodeScalars.dropFirst(place.column - 1).first
    }

    /// The tabs among the blanks that start a line.
    private static func tabs(indenting number: Int, in lines: [Substring]) -> SourceRange? {
        guard number >= 1, number <= lines.count else { return nil }
        let scalars = lines[number - 1].unicodeScalars
        let spaces = scalars.prefix { $0 == " " }.count
        let tabs = scalars.dropFirst(spaces).prefix { $0 == "\t" }.count
        guard tabs > 0 else { return nil }
        return SourceRange(
            start: SourcePosition(line: number, column: spaces + 1),
            end: SourcePosition(line: number, column: spaces + tabs + 1))
    }

    func diagnostic(path: String) -> Diagnostic {
        if let tab {
            return Diagnostic(
                code: "yaml.tab", path: path, range: tab, message: "tab used for indentation", expected: "spaces",
                help: "YAML allows only spaces there; set your editor to insert spaces")
        }
        let (message, expected, atContext) = words
        let start = atContext ? contextPlace ?? place : place
        let range = SourceRange(start: start, end: SourcePosition(line: start.line, column: start.column + 1))
        return Diagnostic(
            code: "yaml.syntax", path: path, range: range, message: message, expected: expected,
            notes: atContext ? [] : note)
    }

    /// Where the thing began that libyaml could not finish, when that is another place.
    private var note: [Diagnostic.Note] {
        guard let context, let contextPlace, contextPlace != place else { return [] }
        let end = SourcePosition(line: contextPlace.line, column: contextPlace.column + 1)
        let kinds = ["mapping": "mapping", "sequence": "list", "collection": "list", "scalar": "text"]
        let kind = kinds.first { context.hasSuffix($0.key) }?.value ?? "part"
        return [Diagnostic.Note(range: SourceRange(start: contextPlace, end: end), message: "the \(kind) starts here")]
    }

    /// The message, what was expected, and whether the complaint belongs where the construct began.
    private var words: (message: String, expected: String?, atContext: Bool) {
        let spelled = character.map { $0.properties.isWhitespace ? "U+\(hexadecimal($0.value))" : "'\($0)'" } ?? ""
        switch problem {
        case "mapping values are not allowed in this context":
            return (
                "':' makes no sense here", "one 'key: value' per line, or quotes around text with ': ' in it", false
            )
        case "could not find expected ':'":
            return ("a line without ':' among 'key: value' lines", "'key: value'", true)
        case "did not find expected key":
            return ("this does not fit the mapping around it", "a key indented like its neighbours", false)
        case "did not find expected '-' indicator":
            return ("this does not fit the list around it", "'- ' indented like its neighbours", false)
        case "did not find expected ',' or '}'": return ("a '{' is not closed", "',' or '}' here", false)
        case "did not find expected ',' or ']'": return ("a '[' is not closed", "',' or ']' here", false)
        case "found unexpected end of stream":
            return ("quoted text is never closed", "a closing quote", true)
        case "found character that cannot start any token":
            return ("\(spelled) cannot start a value", "quotes around a value that starts with \(spelled)", false)
        case "control characters are not allowed":
            let code = character.map { hexadecimal($0.value) } ?? "?"
            return ("the file contains the control character U+\(code)", "text", false)
        default: return (problem, nil, false)
        }
    }

    private func hexadecimal(_ value: UInt32) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
