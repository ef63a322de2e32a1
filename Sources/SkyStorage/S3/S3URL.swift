/// `s3://bucket/key`: an object, a beginning of keys, or with an empty key the bucket itself.
public struct S3URL: Hashable, Sendable, CustomStringConvertible {
    public var bucket: String
    public var key: String

    public init(bucket: String, key: String) {
        self.bucket = bucket
        self.key = key
    }

    /// Nil when the text is no such URL, or names a bucket that there cannot be.
    public init?(_ text: String) {
        guard text.hasPrefix("s3://") else { return nil }
        let rest = text.dropFirst(5)
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        self.init(bucket: String(rest[..<slash]), key: String(rest[slash...].dropFirst()))
        let isName = bucket.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x61...0x7a, 0x41...0x5a: true
            case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"): true
            default: false
            }
        }
        guard isName, (3...63).contains(bucket.utf8.count), bucket.first != ".", bucket.first != "-" else { return nil }
    }

    public var description: String { "s3://\(bucket)/\(key)" }
}
