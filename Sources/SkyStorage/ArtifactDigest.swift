import SkyCore

/// The name of an immutable artifact: the SHA-256 of its contents, printed `sha256:<64 hex digits>`.
///
/// A file's digest is that of its bytes; a folder's is that of its manifest (paths, modes, digests).
public struct ArtifactDigest: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    /// 64 lower-case hexadecimal digits.
    public let hex: String

    public init?(hex: String) {
        guard hex.utf8.count == 64, hex.utf8.allSatisfy({ ($0 >= 0x30 && $0 <= 0x39) || ($0 >= 0x61 && $0 <= 0x66) })
        else { return nil }
        self.hex = hex
    }

    public init?(_ text: String) {
        guard text.hasPrefix("sha256:") else { return nil }
        self.init(hex: String(text.dropFirst(7)))
    }

    /// From the 32 bytes of a hash.
    init(bytes: [UInt8]) {
        hex = String(hexOf: bytes)
    }

    public var description: String { "sha256:\(hex)" }

    public static func < (a: ArtifactDigest, b: ArtifactDigest) -> Bool { a.hex < b.hex }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let digest = ArtifactDigest(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not an artifact digest: \(text)")
        }
        self = digest
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
