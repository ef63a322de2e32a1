/// What is to be found out of files of a node, so that it may send them to a store by itself.
public struct SurveyOrder: Sendable, Codable {
    /// What the store compares of each part.
    public enum Checksum: String, Sendable, Codable {
        case sha256, md5
        /// Of the whole, whatever the parts.
        case crc32c
    }

    public var checksum: Checksum
    /// In bytes; of all parts but the last.
    public var smallestPart: Int64
    public var mostParts: Int64

    public init(checksum: Checksum, smallestPart: Int64, mostParts: Int64) {
        self.checksum = checksum
        self.smallestPart = smallestPart
        self.mostParts = mostParts
    }

    /// Parts are as long as this: broker and node have to cut alike.
    public func partSize(of size: Int64) -> Int64 {
        let needed = size / mostParts + (size % mostParts > 0 ? 1 : 0)
        return max(smallestPart, ((needed + (1 << 20) - 1) >> 20) << 20)
    }
}

/// What is in a file or folder of a node.
public struct FileSurvey: Sendable, Codable {
    public struct Contents: Sendable, Codable {
        /// SHA-256 in hexadecimal digits.
        public var digest: String
        public var size: Int64
        /// In Base64, of each part, and of the kind that was asked for.
        public var checksums: [String]
        /// A file that has them; empty for an artifact that is a file.
        public var path: String
    }

    public var exists = true
    /// A folder before what is in it.
    public var entries: [FetchOrder.Entry] = []
    /// Each once.
    public var contents: [Contents] = []
    /// Why the node cannot tell. The broker then fetches it itself.
    public var obstacle: String?

    public init(obstacle: String? = nil) { self.obstacle = obstacle }
}

/// What a node is to send by itself, and whereto by HTTP.
///
/// The addresses and headers let whoever has them put just this, and for a while only; they are said on a standard input and
/// written nowhere.
public struct UploadOrder: Sendable, Codable {
    /// Some bytes of a file, which go with one request.
    public struct Piece: Sendable, Codable {
        /// Of the file, within what is sent; empty for an artifact that is a file.
        public var path: String
        public var offset: Int64
        public var count: Int64
        public var url: String
        /// `Name: value`
        public var headers: [String]
        /// It goes when the pieces of the same file before it have gone.
        public var isOrdered: Bool

        public init(path: String, offset: Int64, count: Int64, url: String, headers: [String], isOrdered: Bool) {
            self.path = path
            self.offset = offset
            self.count = count
            self.url = url
            self.headers = headers
            self.isOrdered = isOrdered
        }
    }

    public var pieces: [Piece]

    public init(pieces: [Piece]) { self.pieces = pieces }
}

/// What came of it. What has arrived, the broker asks the store.
public struct UploadReply: Hashable, Sendable, Codable {
    /// Bytes that the store took now.
    public var sent: Int64
    /// Why not all of it went; without any address.
    public var obstacle: String?
    /// Nothing else would get there either.
    public var isOutOfReach: Bool

    public init(sent: Int64, obstacle: String? = nil, isOutOfReach: Bool = false) {
        self.sent = sent
        self.obstacle = obstacle
        self.isOutOfReach = isOutOfReach
    }
}
