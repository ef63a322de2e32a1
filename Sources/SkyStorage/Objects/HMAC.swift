import CCrypto

/// RFC 2104, with SHA-256, by the system's libcrypto.
enum HMAC {
    private static let blockSize = 64

    static func sha256(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        var block = key.count > blockSize ? hash(key) : key
        block += [UInt8](repeating: 0, count: blockSize - block.count)
        return hash(block.map { $0 ^ 0x5c } + hash(block.map { $0 ^ 0x36 } + message))
    }

    private static func hash(_ bytes: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 32) { buffer, filled in
            let isDone = bytes.withUnsafeBytes {
                EVP_Digest($0.baseAddress, $0.count, buffer.baseAddress, nil, EVP_sha256(), nil)
            }
            guard isDone == 1 else { fatalError("libcrypto offers no SHA-256, or memory is exhausted") }
            filled = 32
        }
    }
}
