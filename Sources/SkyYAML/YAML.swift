public import SkyCore

/// Reads YAML with the exact place of every key and value.
public enum YAML {
    /// Reads every document of `source`, and reports every problem that reading can get past.
    ///
    /// Duplicate keys, unknown aliases, bad merges, unusable keys and unknown tags are reported and reading goes on;
    /// a syntax error, a file too deep or too large ends it, and `documents` then holds those that were complete.
    /// Never traps, whatever the text.
    public static func parse(_ source: SourceFile, limits: YAMLLimits = .standard) -> YAMLDocuments {
        var bytes = Array(source.text.utf8)
        // A byte order mark is no character of the first line: with it every column there would be one too far.
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
        return bytes.withUnsafeBufferPointer { buffer in
            guard let events = EventReader(buffer, path: source.path) else {
                return YAMLDocuments(
                    documents: [],
                    diagnostics: [Diagnostic(code: "yaml.memory", path: source.path, message: "out of memory")])
            }
            var composer = Composer(events: events, path: source.path, limits: limits)
            return composer.composeAll()
        }
    }

    /// The same for bytes as they lie on disk; bytes that are no UTF-8 are a diagnostic at their place.
    public static func parse(bytes: [UInt8], path: String, limits: YAMLLimits = .standard) -> YAMLDocuments {
        let (source, diagnostic) = SourceFile.decoding(bytes, path: path)
        if let diagnostic { return YAMLDocuments(documents: [], diagnostics: [diagnostic]) }
        return parse(source, limits: limits)
    }
}

/// The documents of one file, and what is wrong with it.
public struct YAMLDocuments: Sendable {
    /// In file order; an empty file has none.
    public let documents: [YAMLNode]
    /// Empty when all is well. The documents may be used in spite of some: a duplicate key keeps its first value.
    public let diagnostics: [Diagnostic]

    public init(documents: [YAMLNode], diagnostics: [Diagnostic]) {
        self.documents = documents
        self.diagnostics = diagnostics
    }
}

/// What a file may ask for at most: small texts can otherwise stand for gigabytes.
public struct YAMLLimits: Sendable {
    /// Values in all documents together, with every alias written out.
    public var expandedNodes: Int
    /// Lists and mappings inside each other; also the depth of recursion in every reader of the result.
    public var depth: Int

    public init(expandedNodes: Int = 100_000, depth: Int = 64) {
        self.expandedNodes = expandedNodes
        self.depth = depth
    }

    public static let standard = YAMLLimits()
}
