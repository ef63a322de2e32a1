/// How a store takes long objects.
public struct PartRules: Hashable, Sendable {
    /// What a store compares with what has arrived.
    public enum Checksum: String, Hashable, Sendable, Codable {
        case sha256, md5
        /// Of everything up to the end of the part: the last one is the whole's.
        case crc32c
    }

    public var checksum: Checksum
    /// The longest file that is sent by one call.
    public var longestCall: Int64
    /// Of all parts but the last. A part that was under way when its process died is sent again, so parts are small; each
    /// costs a request.
    public var smallestPart: Int64 = 8 << 20
    public var mostParts: Int64 = 9_000
    /// One after the other, and not side by side.
    public var isOrdered = false

    /// Of S3, which takes 10,000 parts.
    static let s3 = PartRules(checksum: .sha256, longestCall: 8 << 20)
    /// Of Azure, which takes 50,000 blocks.
    static let azure = PartRules(checksum: .md5, longestCall: 8 << 20, mostParts: 45_000)
    /// Of Google, which takes one stream that may be cut anywhere. What it has of a part that was under way it keeps.
    static let google = PartRules(
        checksum: .crc32c, longestCall: PartPlan.inMemory, smallestPart: 32 << 20, mostParts: .max, isOrdered: true)
}

/// How a long object is cut: parts of one size, the last one shorter. It follows from the size and the store's rules alone, so
/// that whoever goes on with a transfer cuts as whoever began it.
struct PartPlan: Hashable, Sendable {
    let size: Int64
    let partSize: Int64

    static let smallest: Int64 = 8 << 20
    /// What is taken into memory whole, of many files at once.
    static let inMemory: Int64 = 1 << 20

    init(size: Int64, _ rules: PartRules = .s3) {
        self.size = size
        let needed = (size / rules.mostParts) + (size % rules.mostParts > 0 ? 1 : 0)
        // Whole MiB, so that pages of the file's cache belong to one part.
        partSize = max(rules.smallestPart, ((needed + (1 << 20) - 1) >> 20) << 20)
    }

    /// All at once, from whoever cannot give parts.
    init(undivided size: Int64) {
        self.size = size
        partSize = max(size, 1)
    }

    var count: Int { size == 0 ? 1 : Int((size + partSize - 1) / partSize) }

    /// Bytes of the part, from 0 on.
    subscript(index: Int) -> Range<Int64> {
        let start = Int64(index) * partSize
        return start..<min(start + partSize, size)
    }
}
