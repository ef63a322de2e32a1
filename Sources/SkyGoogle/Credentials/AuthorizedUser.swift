import SkyCore
import SkyHTTP

/// A person's login, as `gcloud auth application-default login` leaves it.
struct AuthorizedUser: GoogleCredential, Decodable {
    let clientID: String
    let clientSecret: Secret
    let refreshToken: Secret
    let quotaProject: String?
    private let email: String?

    enum CodingKeys: String, CodingKey {
        case clientID = "client_id"
        case clientSecret = "client_secret"
        case refreshToken = "refresh_token"
        case quotaProject = "quota_project_id"
        case email = "account"
    }

    var account: String? { email.flatMap { $0.isEmpty ? nil : $0 } }

    func identity(in surroundings: GoogleSurroundings) -> [String]? {
        ["authorized_user", surroundings.tokenURL, clientID, refreshToken.reveal()]
    }

    /// A login has the scopes that were agreed to when it was made; it is not asked for others.
    func token(
        for scopes: [String], in surroundings: GoogleSurroundings
    ) async throws(CredentialFailure) -> GoogleToken {
        let exchange = TokenExchange(
            url: surroundings.tokenURL, hint: "Log in anew: gcloud auth application-default login",
            surroundings: surroundings)
        return try await exchange.token(
            form: [
                ("grant_type", "refresh_token"), ("client_id", clientID), ("client_secret", clientSecret.reveal()),
                ("refresh_token", refreshToken.reveal()),
            ], secrets: [clientSecret, refreshToken])
    }
}

/// A login of a person whom another company vouches for (workforce identity).
struct ExternalUser: GoogleCredential, Decodable {
    let tokenURL: String
    let clientID: String
    let clientSecret: Secret
    let refreshToken: Secret
    let quotaProject: String?

    enum CodingKeys: String, CodingKey {
        case tokenURL = "token_url"
        case clientID = "client_id"
        case clientSecret = "client_secret"
        case refreshToken = "refresh_token"
        case quotaProject = "quota_project_id"
    }

    func identity(in surroundings: GoogleSurroundings) -> [String]? {
        ["external_account_authorized_user", tokenURL, clientID, refreshToken.reveal()]
    }

    func token(
        for scopes: [String], in surroundings: GoogleSurroundings
    ) async throws(CredentialFailure) -> GoogleToken {
        var exchange = TokenExchange(
            url: tokenURL, hint: "Log in anew: gcloud auth application-default login", surroundings: surroundings)
        exchange.authorization = TokenExchange.basic(clientID, clientSecret)
        return try await exchange.token(
            form: [("grant_type", "refresh_token"), ("refresh_token", refreshToken.reveal())],
            secrets: [clientSecret, refreshToken])
    }
}
