package import SkyCore
package import SkyYAML

/// Reads the values of a script's fields and collects what is wrong with them.
package struct ScriptReader {
    let path: String
    /// What the codes of its complaints begin with: `mock` in `mock.bad-number`.
    let subject: String
    package var diagnostics: [Diagnostic]

    package init(path: String, subject: String = "mock", diagnostics: [Diagnostic]) {
        self.path = path
        self.subject = subject
        self.diagnostics = diagnostics
    }

    package mutating func complain(
        _ range: SourceRange, _ code: String, _ message: String, expected: String? = nil, help: String? = nil
    ) {
        diagnostics.append(
            Diagnostic(code: code, path: path, range: range, message: message, expected: expected, help: help))
    }

    package mutating func wrongKind(_ node: YAMLNode, expected: String) {
        complain(node.range, "\(subject).wrong-type", "\(node.kindName) where it does not fit", expected: expected)
    }

    /// The values by field name. An absent value is a mapping without fields.
    package mutating func fields(
        of node: YAMLNode, _ what: String, _ names: [String], required: [String] = []
    ) -> [String: YAMLNode] {
        guard let entries = node.isNull ? [] : node.mapping else {
            wrongKind(node, expected: "\(what): a mapping of \(names.sorted().joined(separator: ", "))")
            return [:]
        }
        var values: [String: YAMLNode] = [:]
        for entry in entries {
            if names.contains(entry.key) {
                values[entry.key] = entry.value
            } else {
                complain(
                    entry.keyRange, "\(subject).unknown-field", "unknown field '\(entry.key)' in \(what)",
                    expected: "one of \(names.sorted().joined(separator: ", "))",
                    help: nearestName(to: entry.key, among: names).map { "did you mean '\($0)'?" })
            }
        }
        for name in required where values[name] == nil {
            complain(node.range, "\(subject).missing-field", "\(what) needs '\(name)'")
        }
        return values
    }

    /// The elements read by `read`; those that cannot be read are left out, with their complaints made.
    mutating func list<Element>(
        _ node: YAMLNode?, _ read: (YAMLNode, inout ScriptReader) -> Element?
    ) -> [Element] {
        guard let node, !node.isNull else { return [] }
        guard let elements = node.sequence else {
            wrongKind(node, expected: "a list of rules, such as [{first: 2}]")
            return []
        }
        return elements.compactMap { read($0, &self) }
    }

    mutating func text(_ node: YAMLNode) -> String? {
        guard let text = node.scalar, !node.isNull else {
            wrongKind(node, expected: "a name")
            return nil
        }
        return text
    }

    mutating func boolean(_ node: YAMLNode) -> Bool? {
        guard let value = node.boolean else {
            wrongKind(node, expected: "true or false")
            return nil
        }
        return value
    }

    package mutating func wholeNumber(_ node: YAMLNode, atLeast least: Int) -> Int? {
        guard let value = node.integer, value >= least else {
            complain(
                node.range, "\(subject).bad-number", "not a count: \(shown(node))",
                expected: "a whole number from \(least)")
            return nil
        }
        return value
    }

    package mutating func probability(_ node: YAMLNode) -> Double? {
        guard let value = node.number, (0...1).contains(value) else {
            complain(
                node.range, "\(subject).bad-number", "not a probability: \(shown(node))",
                expected: "a number from 0 to 1")
            return nil
        }
        return value
    }

    package mutating func span(_ node: YAMLNode) -> TimeSpan? {
        guard let span = span(node.scalar ?? "") else {
            complain(
                node.range, "\(subject).bad-duration", "not a duration: \(shown(node))",
                expected: "a number with a unit, such as 300ms, 10s or 2m, up to a year")
            return nil
        }
        return span
    }

    /// A year is far more than any script can wait for, and far from where moments overflow.
    private func span(_ text: some StringProtocol) -> TimeSpan? {
        TimeSpan(text).flatMap { $0 <= .seconds(365 * 86_400) ? $0 : nil }
    }

    /// `10s`, or `200ms..2s`.
    package mutating func spans(_ node: YAMLNode) -> SpanRange? {
        let ends = (node.scalar ?? "").split(separator: "..", omittingEmptySubsequences: false).map { span($0) }
        if ends.count == 1, let only = ends[0] { return SpanRange(only, only) }
        if ends.count == 2, let least = ends[0], let most = ends[1], least <= most { return SpanRange(least, most) }
        complain(
            node.range, "\(subject).bad-duration", "not a duration: \(shown(node))",
            expected: "a duration such as 10s, or a range such as 200ms..2s, up to a year")
        return nil
    }

    private func shown(_ node: YAMLNode) -> String { node.scalar.map { "'\($0)'" } ?? node.kindName }
}
