/// Writes texts so that a YAML reader gives exactly them back.
enum YAMLText {
    /// Plain where that is safe, else in double quotes.
    static func inline(_ text: String) -> String { isSafePlain(text) ? text : quoted(text) }

    /// ` value` on the key's own line, or a literal block below it, indented by `indent`.
    static func value(_ text: String, indent: String) -> String {
        guard text.contains("\n"), isSafeBlock(text) else { return " \(isSafeLine(text) ? text : inline(text))" }
        let lines = (text.hasSuffix("\n") ? text.dropLast() : text[...]).split(
            separator: "\n", omittingEmptySubsequences: false)
        let body = lines.map { $0.isEmpty ? "" : indent + $0 }.joined(separator: "\n")
        return " \(text.hasSuffix("\n") ? "|" : "|-")\n\(body)"
    }

    /// A command as people would write it: plain on the key's own line, outside of brackets.
    private static func isSafeLine(_ text: String) -> Bool {
        guard let first = text.utf8.first, isWord(first), text.contains(" "), text.last != " ", text.last != ":"
        else { return false }
        let isPrintable = text.utf8.allSatisfy { $0 >= 0x20 && $0 <= 0x7E }
        return isPrintable && !text.contains(": ") && !text.contains(" #")
    }

    /// Words that no YAML reader takes for anything but text.
    private static func isSafePlain(_ text: String) -> Bool {
        guard let first = text.utf8.first, isWord(first) || first == 0x2F || (first == 0x2E && text.hasPrefix("./"))
        else { return false }
        let rest = text.utf8.dropFirst().allSatisfy { byte in
            isWord(byte) || (byte >= 0x30 && byte <= 0x39) || [0x2D, 0x2E, 0x2F, 0x2B].contains(byte)
        }
        let reserved = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"]
        return rest && !reserved.contains(text.lowercased())
    }

    private static func isWord(_ byte: UInt8) -> Bool { (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || byte == 0x5F }

    /// A literal block keeps printable text with at most one line break at its end, and no blank at its start.
    private static func isSafeBlock(_ text: String) -> Bool {
        guard text.unicodeScalars.allSatisfy({ $0 == "\n" || $0 == "\t" || isPrintable($0) }) else { return false }
        guard let first = text.first, first != " ", first != "\t", first != "\n" else { return false }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let last = text.hasSuffix("\n") ? lines.dropLast().last : lines.last
        return last?.contains { $0 != " " && $0 != "\t" } ?? false
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x20...0x7E, 0xA0...0x2027, 0x202A...0xD7FF, 0xE000...0xFEFE, 0xFF00...0xFFFD, 0x10000...0x10FFFF: true
        default: false
        }
    }

    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case _ where isPrintable(scalar): result.unicodeScalars.append(scalar)
            default:
                let digits = String(scalar.value, radix: 16, uppercase: true)
                let width = scalar.value > 0xFFFF ? 8 : 4
                result += width == 8 ? "\\U" : "\\u"
                result += String(repeating: "0", count: width - digits.count) + digits
            }
        }
        return result + "\""
    }
}
