import CCrypto
import FoundationEssentials

/// Makes what a store compares of the parts of a file.
struct PartHasher {
    private let kind: PartRules.Checksum
    /// Nil for what is no hash of libcrypto's.
    private let digest: MessageDigest?
    private var crc = CRC32C()

    init(_ kind: PartRules.Checksum) {
        self.kind = kind
        digest =
            switch kind {
            case .sha256: MessageDigest(EVP_sha256())
            // What Azure compares; it vouches for nothing else.
            case .md5: MessageDigest(EVP_md5())
            case .crc32c: nil
            }
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        if let digest { digest.update(bytes) } else { crc.update(bytes) }
    }

    /// Ends a part. In Base64.
    mutating func next() -> String { digest.map { $0.next().base64 } ?? crc.base64 }

    static func checksum(_ kind: PartRules.Checksum, of bytes: [UInt8]) -> String {
        var hasher = PartHasher(kind)
        bytes.withUnsafeBytes { hasher.update($0) }
        return hasher.next()
    }
}

/// A hash of the system's libcrypto.
private final class MessageDigest {
    private let context: OpaquePointer
    private let function: OpaquePointer?

    init(_ function: OpaquePointer?) {
        self.function = function
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, function, nil) == 1 else {
            fatalError("libcrypto offers no such hash, or memory is exhausted")
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    func update(_ bytes: UnsafeRawBufferPointer) { EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) }

    /// Ends one, and begins the next.
    func next() -> [UInt8] {
        let bytes = [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { buffer, count in
            var length: UInt32 = 0
            EVP_DigestFinal_ex(context, buffer.baseAddress, &length)
            count = Int(length)
        }
        EVP_DigestInit_ex(context, function, nil)
        return bytes
    }
}

/// CRC-32 with Castagnoli's polynomial, eight bytes at a time.
struct CRC32C: Hashable, Sendable {
    private var state: UInt32 = .max

    /// `tables[k][b]` is what byte `b` comes to with `k` zero bytes after it.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 8 * 256)
        for byte in 0..<256 {
            tables[byte] = (0..<8).reduce(UInt32(byte)) { value, _ in
                value & 1 == 1 ? value >> 1 ^ 0x82f6_3b78 : value >> 1
            }
        }
        for index in 256..<tables.count {
            let before = tables[index - 256]
            tables[index] = before >> 8 ^ tables[Int(before & 0xff)]
        }
        return tables
    }()

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        var value = state
        Self.tables.withUnsafeBufferPointer { tables in
            var place = 0
            while place + 8 <= bytes.count {
                let word =
                    UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self)) ^ UInt64(value)
                value = 0
                for byte in 0..<8 { value ^= tables[(7 - byte) << 8 | Int(word >> (8 * UInt64(byte)) & 0xff)] }
                place += 8
            }
            while place < bytes.count {
                value = value >> 8 ^ tables[Int((value ^ UInt32(bytes[place])) & 0xff)]
                place += 1
            }
        }
        state = value
    }

    /// In Base64, the most significant byte first: as Google writes it.
    var base64: String {
        let value = ~state
        return (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * UInt32($0))) }.base64
    }
}

extension [UInt8] {
    var base64: String { Data(self).base64EncodedString() }
}
