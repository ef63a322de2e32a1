import Glibc
import SkyCore
import SkyProcess
import SkyYAML

/// How the program of a provider whose adapter is `exec` is started: from its `provider.yaml`.
struct ExecSettings: Hashable, Sendable {
    /// The provider's folder, which the program runs in.
    var folder: String
    /// With its arguments. A path, or a name that is looked for in `PATH`.
    var program: [String] = []
    /// Which of this process's variables it gets, beside `PATH`, `HOME`, `USER`, `LANG`, `TZ` and `TMPDIR`.
    var environment: [String] = []
    /// A program that has answered nothing for so long, and is asked something, is taken for dead.
    var timeLimit = ExecSettings.usualTimeLimit

    static let usualTimeLimit = TimeSpan.seconds(120)
    static let alwaysPassed = ["PATH", "HOME", "USER", "LANG", "TZ", "TMPDIR"]

    /// Reads the `provider.yaml` in a folder.
    ///
    /// - Throws: everything wrong with what it says of the program, with its place.
    static func read(in folder: String, home: String) throws(DiagnosticsError) -> ExecSettings {
        let path = "\(folder)/provider.yaml"
        if let settings = try ExecSettingsReader.settings(at: path, home: home) { return settings }
        throw DiagnosticsError(
            [Diagnostic(code: "exec.no-file", path: path, message: "there is no such file")], sources: [])
    }
}

/// Reads what only providers with `adapter: exec` say; all else in the file is the catalog's.
struct ExecSettingsReader: SettingsReader {
    static let code = "exec"
    static let otherNames: [String: String] = [:]
    let path: String
    let home: String
    var diagnostics: [Diagnostic] = []

    init(path: String, home: String) {
        self.path = path
        self.home = home
    }

    mutating func read(_ bytes: [UInt8]) -> ExecSettings {
        var settings = ExecSettings(folder: Files.parent(of: path))
        let parsed = YAML.parse(bytes: bytes, path: path)
        diagnostics += parsed.diagnostics
        guard let root = parsed.documents.first else { return settings }
        guard let program = root["program"] else {
            complain(
                root, "missing-field", "the field 'program' is missing: which program speaks for the provider",
                expected: "program: [./cloud.py]")
            return settings
        }
        settings.program = self.program(program, in: settings.folder)
        if let names = root["environment"], let elements = list(names, "environment") {
            settings.environment = elements.compactMap { variable($0) }
        }
        if let limit = root["time_limit"] { settings.timeLimit = timeLimit(limit) }
        return settings
    }

    private mutating func program(_ node: YAMLNode, in folder: String) -> [String] {
        let elements = node.sequence ?? [node]
        let words = elements.compactMap { element in element.scalar ?? text(element, "program") }
        guard let first = words.first, !first.isEmpty, words.count == elements.count else {
            complain(node, "bad-value", "no program is named", expected: "program: [./cloud.py]")
            return []
        }
        guard first.contains("/") else { return words }
        let path =
            first.hasPrefix("/") ? first : first.hasPrefix("~/") ? home + first.dropFirst() : "\(folder)/\(first)"
        if !Files.exists(path) {
            complain(elements[0], "no-file", "there is no program \(path)")
        } else if access(path, X_OK) != 0 {
            complain(elements[0], "not-executable", "\(path) may not be executed", help: "chmod +x \(path)")
        }
        return [path] + words.dropFirst()
    }

    private mutating func variable(_ node: YAMLNode) -> String? {
        guard let name = text(node, "a variable") else { return nil }
        guard !name.contains("="), !name.utf8.contains(0) else {
            complain(
                node, "bad-name", "'\(name)' is no variable's name",
                expected: "its name alone; its value comes from sky's environment")
            return nil
        }
        return name
    }

    private mutating func timeLimit(_ node: YAMLNode) -> TimeSpan {
        if let span = node.scalar.flatMap({ TimeSpan($0) }), (.seconds(1)...TimeSpan.hour).contains(span) {
            return span
        }
        complain(node, "bad-time", "not a time to wait for an answer", expected: "a time from 1s to 1h, such as 2m")
        return ExecSettings.usualTimeLimit
    }
}
