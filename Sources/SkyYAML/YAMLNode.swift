public import SkyCore

/// One value of a YAML document with the exact stretch of text it came from.
///
/// Scalars stay text: whether `no` is a word or a boolean is decided by the field that reads it.
public struct YAMLNode: Sendable {
    public enum Content: Sendable {
        /// `isPlain` is false for quoted and block scalars, which are always text. An absent value is a plain `""`.
        case scalar(String, isPlain: Bool)
        case sequence([YAMLNode])
        /// In file order, merge keys already applied; keys are unique.
        case mapping([Entry])
    }

    public struct Entry: Sendable {
        public let key: String
        public let keyRange: SourceRange
        public let value: YAMLNode

        public init(key: String, keyRange: SourceRange, value: YAMLNode) {
            self.key = key
            self.keyRange = keyRange
            self.value = value
        }
    }

    public let content: Content
    /// Of the value itself; for an aliased value, where the anchor's value stands.
    public let range: SourceRange

    public init(content: Content, range: SourceRange) {
        self.content = content
        self.range = range
    }
}
