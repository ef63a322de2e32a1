/// What a node is to bring by itself, from where it can be had by HTTP, and how it is laid out.
///
/// The addresses and headers let whoever has them read just this, and for a while only; they are said on a standard input and
/// written nowhere.
public struct FetchOrder: Sendable, Codable {
    /// Contents of a file.
    public struct Contents: Sendable, Codable {
        /// Hexadecimal digits of its own: what has come is gone on with under the same name only.
        public var name: String
        /// SHA-256 in hexadecimal digits; nil where nobody knows it.
        public var digest: String?
        public var size: Int64
        public var url: String
        /// `Name: value`
        public var headers: [String]

        public init(name: String, digest: String?, size: Int64, url: String, headers: [String]) {
            self.name = name
            self.digest = digest
            self.size = size
            self.url = url
            self.headers = headers
        }
    }

    public struct Entry: Sendable, Codable {
        public enum Kind: String, Sendable, Codable { case folder, file, link }

        /// Empty for an artifact that is a file.
        public var path: String
        public var kind: Kind
        /// The name of a file's contents.
        public var contents: String?
        public var isExecutable: Bool
        /// Of a link.
        public var target: String?

        public init(
            path: String, kind: Kind, contents: String? = nil, isExecutable: Bool = false, target: String? = nil
        ) {
            self.path = path
            self.kind = kind
            self.contents = contents
            self.isExecutable = isExecutable
            self.target = target
        }
    }

    /// Each once.
    public var contents: [Contents]
    /// A folder before what is in it.
    public var entries: [Entry]

    public init(contents: [Contents], entries: [Entry]) {
        self.contents = contents
        self.entries = entries
    }
}

/// What came of it.
public struct FetchReply: Hashable, Sendable, Codable {
    /// Bytes that came now.
    public var fetched: Int64
    /// Why it is not there; without any address. The broker then brings it itself.
    public var obstacle: String?

    public init(fetched: Int64, obstacle: String? = nil) {
        self.fetched = fetched
        self.obstacle = obstacle
    }
}
