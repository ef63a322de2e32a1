import CCrypto
import FoundationEssentials

/// The spellings that tokens and their requests need.
enum Encoding {
    /// RFC 3986: letters, digits and `- . _ ~` stay.
    static func percent(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                bytes.append(byte)
            default: bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// `a=1&b=2`, of a query and of a form.
    static func form(_ fields: [(name: String, value: String)]) -> String {
        fields.map { "\(percent($0.name))=\(percent($0.value))" }.joined(separator: "&")
    }

    /// As tokens have it: without padding.
    static func base64URL(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    static func bytes(base64URL text: some StringProtocol) -> [UInt8]? {
        let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        let plain = String(text).replacing("-", with: "+").replacing("_", with: "/") + padding
        return Data(base64Encoded: plain).map { [UInt8]($0) }
    }

    static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 32) { buffer, filled in
            let isDone = bytes.withUnsafeBytes {
                EVP_Digest($0.baseAddress, $0.count, buffer.baseAddress, nil, EVP_sha256(), nil)
            }
            guard isDone == 1 else { fatalError("libcrypto offers no such hash, or memory is exhausted") }
            filled = 32
        }
    }
}
