public import SkyCore

/// A pipeline file, read: the pipeline, what in the file has no effect, and the secrets' values beside it.
public struct ReadPipeline: Sendable {
    public let pipeline: Pipeline
    /// Complaints that stop nothing: `spec.ignored-field`, `spec.secret-in-file`, …
    public let warnings: [Diagnostic]
    /// The file's text, for showing the warnings.
    public let source: SourceFile
    /// Values of secrets that the file or the overrides gave; the others come from the environment at launch.
    public let secrets: SecretValues

    public init(pipeline: Pipeline, warnings: [Diagnostic], source: SourceFile, secrets: SecretValues) {
        self.pipeline = pipeline
        self.warnings = warnings
        self.source = source
        self.secrets = secrets
    }
}

/// Values of secrets by name. Neither printing nor reflection shows them, and they cannot be encoded.
public struct SecretValues: Sendable {
    private let values: [String: String]

    public init(_ values: [String: String] = [:]) { self.values = values }

    /// The value given for `name`; nil when it must come from the environment.
    public func value(of name: String) -> String? { values[name] }

    /// What a stage that needs `names` gets: given values first, then `environment`; and the names that have neither.
    public func resolve(
        _ names: [String], environment: [String: String]
    ) -> (found: [String: String], missing: [String]) {
        var found: [String: String] = [:]
        for name in names { found[name] = values[name] ?? environment[name] }
        return (found, names.filter { found[$0] == nil })
    }
}

extension SecretValues: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "\(values.count) secrets" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
