import SkyCore
import SkyProcess
import SkyYAML

/// Reads settings of a person's own, and reports everything wrong with them at once.
protocol SettingsReader {
    associatedtype Settings

    /// What complaints' codes begin with.
    static var code: String { get }
    /// What other tools call fields, and what they are here.
    static var otherNames: [String: String] { get }
    var path: String { get }
    /// What a leading `~` in a path stands for.
    var home: String { get }
    var diagnostics: [Diagnostic] { get set }

    init(path: String, home: String)

    /// What the bytes of the file say; of use if there is no complaint.
    mutating func read(_ bytes: [UInt8]) -> Settings
}

extension SettingsReader {
    /// Reads a file; nil where there is none.
    ///
    /// - Throws: everything wrong with it, with its place.
    static func settings(at path: String, home: String) throws(DiagnosticsError) -> Settings? {
        let found: [UInt8]?
        do { found = try Files.read(path) } catch {
            throw DiagnosticsError(
                [Diagnostic(code: "\(code).unreadable", path: path, message: "\(error)")], sources: [])
        }
        guard let bytes = found else { return nil }
        var reader = Self(path: path, home: home)
        let settings = reader.read(bytes)
        guard reader.diagnostics.isEmpty else {
            let source = SourceFile(path: path, text: String(decoding: bytes, as: UTF8.self))
            throw DiagnosticsError(reader.diagnostics, sources: [source])
        }
        return settings
    }

    mutating func port(_ node: YAMLNode?) -> Int? {
        guard let node else { return nil }
        if let port = node.integer, (1...65_535).contains(port) { return port }
        complain(node, "bad-number", "not a port", expected: "a number from 1 to 65535")
        return nil
    }

    mutating func price(_ node: YAMLNode?, of what: String = "one host") -> Money? {
        guard let node else { return nil }
        if let price = node.scalar.flatMap({ Money($0) }), price >= .zero { return price }
        complain(node, "bad-number", "not a price", expected: "US dollars per hour of \(what), such as 1.20")
        return nil
    }

    /// What OpenSSH is given as a name: nothing that it could take for an option, or a shell for more.
    mutating func address(_ node: YAMLNode?, _ what: String) -> String? {
        guard let node, let text = text(node, what) else { return nil }
        let isSound = text.unicodeScalars.allSatisfy {
            $0.properties.isAlphabetic || ("0"..."9").contains($0) || "-_.:%[]@".unicodeScalars.contains($0)
        }
        if isSound, !text.hasPrefix("-") { return text }
        complain(
            node, "bad-name", "'\(text)' cannot be \(what == "a host" ? "a host's name" : what)",
            expected: "such as node1")
        return nil
    }

    mutating func filePath(_ node: YAMLNode?, _ what: String) -> String? {
        guard let node, let text = text(node, what) else { return nil }
        let path = text == "~" || text.hasPrefix("~/") ? home + text.dropFirst() : text
        guard path.hasPrefix("/") else {
            complain(node, "bad-path", "\(what) '\(text)' is no full path", expected: "from / or ~/ on")
            return nil
        }
        guard Files.exists(path) else {
            complain(node, "no-file", "there is no file \(text)", help: what == "key" ? "ssh-keygen makes a key" : nil)
            return nil
        }
        return path
    }

    mutating func text(_ node: YAMLNode?, _ what: String) -> String? {
        guard let node else { return nil }
        if let text = node.scalar, !node.isNull, !text.isEmpty { return text }
        complain(node, "bad-value", "\(what) cannot be \(node.kindName)", expected: "text")
        return nil
    }

    mutating func list(_ node: YAMLNode, _ what: String) -> [YAMLNode]? {
        if let elements = node.sequence { return elements }
        complain(node, "bad-value", "\(what) cannot be \(node.kindName)", expected: "a list")
        return nil
    }

    mutating func mapping(
        _ node: YAMLNode, known: [String]? = nil, what: String
    ) -> [YAMLNode.Entry] {
        guard let entries = node.mapping else {
            complain(node, "bad-value", "\(what) cannot be \(node.kindName)", expected: "a mapping")
            return []
        }
        guard let known else { return entries }
        for entry in entries where !known.contains(entry.key) {
            let meant = Self.otherNames[entry.key].flatMap { known.contains($0) ? $0 : nil }
            let nearest = meant ?? nearestName(to: entry.key, among: known)
            complain(
                at: entry.keyRange, "unknown-field", "unknown field '\(entry.key)'",
                expected: "one of \(known.joined(separator: ", "))", help: nearest.map { "did you mean '\($0)'?" })
        }
        return entries
    }

    mutating func complain(
        _ node: YAMLNode?, _ code: String, _ message: String, expected: String? = nil, help: String? = nil
    ) {
        complain(at: node?.range, code, message, expected: expected, help: help)
    }

    mutating func complain(
        at range: SourceRange?, _ code: String, _ message: String, expected: String? = nil, help: String? = nil
    ) {
        diagnostics.append(
            Diagnostic(
                code: "\(Self.code).\(code)", path: path, range: range, message: message, expected: expected, help: help
            ))
    }
}
