import CCrypto

/// SHA-256 and its HMAC, by the system's libcrypto.
enum SHA256 {
    private static let blockSize = 64

    static func hash(_ bytes: [UInt8]) -> [UInt8] { digest(of: bytes, by: EVP_sha256(), count: 32) }

    /// SHA-1, which names files of AWS's own tools and vouches for nothing.
    static func hashSHA1(_ bytes: [UInt8]) -> [UInt8] { digest(of: bytes, by: EVP_sha1(), count: 20) }

    private static func digest(of bytes: [UInt8], by kind: OpaquePointer?, count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            let isDone = bytes.withUnsafeBytes {
                EVP_Digest($0.baseAddress, $0.count, buffer.baseAddress, nil, kind, nil)
            }
            guard isDone == 1 else { fatalError("libcrypto offers no such hash, or memory is exhausted") }
            filled = count
        }
    }

    /// RFC 2104.
    static func hmac(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        var block = key.count > blockSize ? hash(key) : key
        block += [UInt8](repeating: 0, count: blockSize - block.count)
        return hash(block.map { $0 ^ 0x5c } + hash(block.map { $0 ^ 0x36 } + message))
    }
}
