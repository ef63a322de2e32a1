import SkyCore
import SkyHTTP

/// The key of a service account, as the console gives it as a file.
struct ServiceAccountKey: GoogleCredential, Decodable {
    let email: String
    let project: String?
    let quotaProject: String?
    let privateKey: Secret
    let keyID: String?
    private let tokenURL: String?

    enum CodingKeys: String, CodingKey {
        case email = "client_email"
        case project = "project_id"
        case quotaProject = "quota_project_id"
        case privateKey = "private_key"
        case keyID = "private_key_id"
        case tokenURL = "token_uri"
    }

    var account: String? { email }

    func identity(in surroundings: GoogleSurroundings) -> [String]? {
        ["service_account", url(surroundings), email, keyID ?? privateKey.reveal()]
    }

    func token(
        for scopes: [String], in surroundings: GoogleSurroundings
    ) async throws(CredentialFailure) -> GoogleToken {
        struct Claims: Encodable {
            let iss: String
            let scope: String
            let aud: String
            let iat: Int64
            let exp: Int64
        }
        let url = url(surroundings)
        let now = surroundings.now().millisecondsSince1970 / 1000
        let claims = Claims(
            iss: email, scope: scopes.joined(separator: " "), aud: url, iat: now, exp: now + 3600)
        let assertion = try JSONWebToken(key: key, keyID: keyID).text(claims)
        let exchange = TokenExchange(
            url: url,
            hint: "If this machine's clock is right, the key of \(email) has been deleted or the account disabled: "
                + "gcloud iam service-accounts keys list --iam-account \(email)",
            surroundings: surroundings)
        return try await exchange.token(
            form: [
                ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", assertion.reveal()),
            ], secrets: [assertion, privateKey])
    }

    func signer(in surroundings: GoogleSurroundings) -> GoogleSigner? {
        GoogleSigner(account: email, longest: .seconds(7 * 86_400)) { [key] message throws(CredentialFailure) in
            try key.sign(message)
        }
    }

    private var key: RSAPrivateKey { RSAPrivateKey(pem: privateKey, owner: email) }

    func url(_ surroundings: GoogleSurroundings) -> String { tokenURL ?? surroundings.tokenURL }
}
