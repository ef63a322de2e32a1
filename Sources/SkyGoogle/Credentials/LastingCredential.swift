public import SkyCore
public import SkyHTTP

/// Credentials that a program on another machine can get tokens with, for as long as nobody takes them back.
public enum LastingCredential: Hashable, Sendable {
    /// The content of a service account's key file.
    case serviceAccount(Secret)
    case login(Login)

    /// A person's.
    public struct Login: Hashable, Sendable {
        public let clientID: String
        public let clientSecret: Secret
        public let refreshToken: Secret
        public let tokenURL: String
    }
}

extension GoogleTokenSource {
    /// Nil where there are tokens alone: of a machine's own account, of an account that is acted for, of another cloud's.
    public func lasting() async throws(CredentialFailure) -> LastingCredential? {
        try await ApplicationDefaultCredentials.find(in: surroundings).credential.lasting(in: surroundings)
    }
}

extension ServiceAccountKey {
    func lasting(in surroundings: GoogleSurroundings) -> LastingCredential? {
        var file: JSONValue = [
            "type": "service_account", "client_email": .string(email), "private_key": .string(privateKey.reveal()),
            "token_uri": .string(url(surroundings)),
        ]
        file["private_key_id"] = keyID.map { .string($0) }
        file["project_id"] = project.map { .string($0) }
        return .serviceAccount(Secret(String(decoding: file.bytes, as: UTF8.self)))
    }
}

extension AuthorizedUser {
    func lasting(in surroundings: GoogleSurroundings) -> LastingCredential? {
        .login(
            .init(
                clientID: clientID, clientSecret: clientSecret, refreshToken: refreshToken,
                tokenURL: surroundings.tokenURL))
    }
}
