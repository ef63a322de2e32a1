import CCrypto
import FoundationEssentials
import SkyCore
import SkyHTTP

/// What proves to have a certificate's key: a short-lived JSON Web Token signed by it, as RFC 7523 and Microsoft's identity
/// platform want it (PS256, the certificate named by the SHA-256 of its DER form).
struct ClientAssertion {
    let application: AzureIdentity.Application
    /// Where it will be shown.
    let audience: String
    let sendsChain: Bool

    func signed(by certificate: CertificateFile, at now: Instant) throws(CredentialFailure) -> Secret {
        struct Header: Encodable {
            enum CodingKeys: String, CodingKey {
                case alg, typ, x5c
                case thumbprint = "x5t#S256"
            }
            let alg = "PS256"
            let typ = "JWT"
            let thumbprint: String
            let x5c: [String]?
        }
        struct Claims: Encodable {
            let aud: String
            let exp: Int64
            let iss: String
            let jti: String
            let nbf: Int64
            let sub: String
        }
        let seconds = now.millisecondsSince1970 / 1000
        let header = Header(
            thumbprint: Encoding.base64URL(Encoding.sha256(certificate.chain.first ?? [])),
            x5c: sendsChain ? certificate.chain.map { Data($0).base64EncodedString() } : nil)
        let claims = Claims(
            aud: audience, exp: seconds + 600, iss: application.client, jti: UUID().uuidString, nbf: seconds,
            sub: application.client)
        let text = try "\(part(header)).\(part(claims))"
        return Secret("\(text).\(Encoding.base64URL(try certificate.sign(Array(text.utf8))))")
    }

    private func part(_ value: some Encodable) throws(CredentialFailure) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do { return Encoding.base64URL([UInt8](try encoder.encode(value))) } catch {
            throw CredentialFailure(.refused, "the assertion for \(audience) cannot be written")
        }
    }
}
