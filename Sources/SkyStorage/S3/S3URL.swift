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

    /// With a `/` at the end of the key, unless that is empty: what the keys of a folder's objects begin with.
    public var asFolder: S3URL { isFolder ? self : S3URL(bucket: bucket, key: key + "/") }

    /// It cannot be an object that is a file: the bucket itself, or a key that ends with a `/`.
    public var isFolder: Bool { key.isEmpty || key.hasSuffix("/") }

    /// Whether a key, or what follows a folder's in one, can be the path of a file in a folder, and of none outside.
    public static func isPath(_ key: some StringProtocol) -> Bool {
        key.split(separator: "/", omittingEmptySubsequences: false)
            .allSatisfy { !["", ".", ".."].contains($0) && !$0.utf8.contains(0) }
    }

    public var description: String { "s3://\(bucket)/\(key)" }
}
