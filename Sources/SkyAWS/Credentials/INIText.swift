/// The text of AWS's `config` and `credentials` files: sections, settings, and settings below a setting.
struct INIText {
    struct Setting: Hashable {
        let value: String
        let line: Int
    }

    /// `profile work` or `default`, to its settings. One below another is `s3.endpoint_url`.
    private(set) var sections: [String: [String: Setting]] = [:]

    /// - Throws: `AWSError` of the kind `.settings`, with file and line.
    init(_ text: String, path: String) throws(AWSError) {
        var section: String?
        var parent: String?
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let content = Self.trimmed(line)
            guard let first = content.first, first != "#", first != ";" else { continue }
            if first == "[" {
                guard let end = content.firstIndex(of: "]") else {
                    throw Self.wrong(path, index + 1, "a section is '[name]'", content)
                }
                let words = content[content.index(after: content.startIndex)..<end].split { $0 == " " || $0 == "\t" }
                section = words.joined(separator: " ")
                parent = nil
                sections[section ?? "", default: [:]] = sections[section ?? ""] ?? [:]
                continue
            }
            guard let section else {
                throw Self.wrong(path, index + 1, "a setting stands below a '[section]'", content)
            }
            guard let equals = content.firstIndex(of: "=") else {
                throw Self.wrong(path, index + 1, "a setting is 'name = value'", content)
            }
            let name = Self.trimmed(content[..<equals]).lowercased()
            let value = Self.withoutComment(Self.trimmed(content[content.index(after: equals)...]))
            let isNested = line.first == " " || line.first == "\t"
            if isNested, let parent {
                sections[section]?["\(parent).\(name)"] = Setting(value: value, line: index + 1)
            } else {
                parent = value.isEmpty ? name : nil
                sections[section]?[name] = Setting(value: value, line: index + 1)
            }
        }
    }

    /// The line itself may hold a secret, so no more of it is shown than its first word.
    private static func wrong(_ path: String, _ line: Int, _ expected: String, _ content: Substring) -> AWSError {
        let word = content.prefix { !$0.isWhitespace && $0 != "=" }.prefix(20)
        return AWSError(.settings, "\(path):\(line): '\(word)…' cannot be read: \(expected)")
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0.isWhitespace }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return text
    }

    /// A `#` or `;` begins a comment after a blank.
    private static func withoutComment(_ value: Substring) -> String {
        var before: Character = "x"
        for index in value.indices {
            if value[index] == "#" || value[index] == ";", before == " " || before == "\t" {
                return String(trimmed(value[..<index]))
            }
            before = value[index]
        }
        return String(value)
    }
}
