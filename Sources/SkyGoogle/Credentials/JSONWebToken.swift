import FoundationEssentials
import SkyCore
import SkyHTTP

/// Claims that are signed with an RSA key and SHA-256 (`RS256` of RFC 7518).
struct JSONWebToken {
    let key: RSAPrivateKey
    let keyID: String?

    func text(_ claims: some Encodable) throws(CredentialFailure) -> Secret {
        guard let header = encoded(Header(kid: keyID)), let payload = encoded(claims) else { throw key.unusable() }
        let message = "\(header).\(payload)"
        return Secret("\(message).\(Self.base64URL(try key.sign(Array(message.utf8))))")
    }

    private struct Header: Encodable {
        var alg = "RS256"
        var typ = "JWT"
        let kid: String?
    }

    private func encoded(_ value: some Encodable) -> String? {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(value)).map { Self.base64URL(Array($0)) }
    }

    /// RFC 4648, section 5, without padding.
    private static func base64URL(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}
