import SkyCore
import SkyHTTP

/// One way to be somebody at Google: the content of a file of application-default credentials, or the machine's own.
protocol GoogleCredential: Sendable {
    /// The account's e-mail address, where that is known without asking.
    var account: String? { get }
    /// The project that the account belongs to.
    var project: String? { get }
    /// The project that calls are counted for, where that is another one.
    var quotaProject: String? { get }

    /// What a token that is kept on disk depends on, so that it is never taken for another's. Nil for tokens that are not
    /// kept there, because that cannot be told before one is asked for.
    func identity(in surroundings: GoogleSurroundings) throws(CredentialFailure) -> [String]?

    func token(
        for scopes: [String], in surroundings: GoogleSurroundings
    ) async throws(CredentialFailure) -> GoogleToken

    /// Nil for whoever is no service account, and cannot sign.
    func signer(in surroundings: GoogleSurroundings) async throws(CredentialFailure) -> GoogleSigner?

    /// What a program on another machine gets tokens with; nil where nothing of it can be handed on.
    func lasting(in surroundings: GoogleSurroundings) -> LastingCredential?
}

/// What Google's APIs take, for as long as it lasts.
struct GoogleToken: Hashable, Sendable {
    let secret: Secret
    let expires: Instant
}

extension GoogleCredential {
    var account: String? { nil }
    var project: String? { nil }
    var quotaProject: String? { nil }

    func signer(in surroundings: GoogleSurroundings) async throws(CredentialFailure) -> GoogleSigner? { nil }

    func lasting(in surroundings: GoogleSurroundings) -> LastingCredential? { nil }
}
