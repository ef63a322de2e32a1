import CCrypto
import FoundationEssentials
import Testing

/// An RSA key made for one run of the tests: its two forms as files have it, and a check of what it signed.
struct RSAKey: @unchecked Sendable {
    // Only read, after it was made.
    private let key: OpaquePointer

    static let shared: RSAKey? = RSAKey()

    init?() {
        guard let context = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, nil) else { return nil }
        defer { EVP_PKEY_CTX_free(context) }
        var made: OpaquePointer?
        guard EVP_PKEY_keygen_init(context) == 1, EVP_PKEY_keygen(context, &made) == 1, let made else { return nil }
        key = made
    }

    private var der: [UInt8] {
        var start: UnsafeMutablePointer<UInt8>?
        let count = i2d_PrivateKey(key, &start)
        guard let start, count > 0 else { return [] }
        return Array(UnsafeBufferPointer(start: start, count: Int(count)))
    }

    /// PKCS#1.
    var traditional: String { pem("RSA PRIVATE KEY", der) }

    /// PKCS#8, as Google's files have it: version 0, the algorithm, and the other form as a string of bytes.
    var wrapped: String {
        let algorithm: [UInt8] = [0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0]
        return pem("PRIVATE KEY", field(0x30, [2, 1, 0] + algorithm + field(4, der)))
    }

    private func field(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        [tag, 0x82, UInt8(content.count >> 8), UInt8(content.count & 255)] + content
    }

    private func pem(_ name: String, _ bytes: [UInt8]) -> String {
        let lines = Data(bytes).base64EncodedString(options: [.lineLength64Characters, .endLineWithLineFeed])
        return "-----BEGIN \(name)-----\n\(lines)\n-----END \(name)-----\n"
    }

    /// The claims of a token that this key signed; nil if it did not.
    func claims(of token: String) -> String? {
        let parts = token.split(separator: ".").map { String($0) }
        guard parts.count == 3, let signature = Self.bytes(parts[2]),
            verifies(Array("\(parts[0]).\(parts[1])".utf8), signature)
        else { return nil }
        return Self.bytes(parts[1]).map { String(decoding: $0, as: UTF8.self) }
    }

    func verifies(_ message: [UInt8], _ signature: [UInt8]) -> Bool {
        guard let context = EVP_MD_CTX_new() else { return false }
        defer { EVP_MD_CTX_free(context) }
        return EVP_DigestVerifyInit(context, nil, EVP_sha256(), nil, key) == 1
            && EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    }

    static func bytes(_ text: String) -> [UInt8]? {
        let padded = text + String(repeating: "=", count: (4 - text.count % 4) % 4)
        return Data(base64Encoded: padded.replacing("-", with: "+").replacing("_", with: "/")).map { Array($0) }
    }
}
