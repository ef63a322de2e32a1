public import SkyCore
public import SkyHTTP

/// Gives whoever calls Google's APIs the tokens of the application-default credentials: found at the first use, found again
/// before they end.
public actor GoogleTokenSource: BearerTokenSource {
    /// What nearly every API of Google Cloud takes.
    public static let platform = "https://www.googleapis.com/auth/cloud-platform"

    /// Tokens are renewed when less than this is left of them.
    private static let margin = TimeSpan.seconds(300)

    let surroundings: GoogleSurroundings
    private let scopes: [String]
    private var found: Found?
    private var search: Task<Result<Found, CredentialFailure>, Never>?
    private var refused: Secret?

    struct Found: Sendable {
        let token: GoogleToken
        let credential: any GoogleCredential
        let source: String
    }

    public init(_ surroundings: GoogleSurroundings, scopes: [String] = [GoogleTokenSource.platform]) {
        self.surroundings = surroundings
        self.scopes = scopes
    }

    /// - Throws: saying where was looked and what to do; whatever kept the server that gives tokens from answering.
    public func token() async throws(CredentialFailure) -> Secret { try await current().token.secret }

    /// One that lasts that long, where such a token is to be had.
    public func token(lasting span: TimeSpan) async throws(CredentialFailure) -> Secret {
        let found = try await current()
        if surroundings.now() + span < found.token.expires { return found.token.secret }
        let renewed = try await Self.find(scopes, in: surroundings, without: found.token.secret)
        // A metadata server gives the same one until shortly before its end.
        if renewed.token.expires > found.token.expires { self.found = renewed }
        return renewed.token.secret
    }

    /// Who signs for whoever speaks; nil where that is no service account.
    public func signer() async throws(CredentialFailure) -> GoogleSigner? {
        try await ApplicationDefaultCredentials.find(in: surroundings).credential.signer(in: surroundings)
    }

    /// An API has refused this token though it should still be good: the next one is asked for anew.
    public func forget(_ token: Secret) {
        guard found == nil || found?.token.secret == token else { return }
        found = nil
        refused = token
    }

    func current() async throws(CredentialFailure) -> Found {
        if let found, Self.isFresh(found.token, at: surroundings.now()) { return found }
        // One search for everybody who waits; whoever is cancelled leaves it to the others.
        let search =
            self.search
            ?? Task { [surroundings, scopes, refused] in
                do throws(CredentialFailure) {
                    return .success(try await Self.find(scopes, in: surroundings, without: refused))
                } catch {
                    return .failure(error)
                }
            }
        self.search = search
        let result = await search.value
        if self.search == search { self.search = nil }
        let found = try result.get()
        if found.token.secret != refused { self.found = found }
        return found
    }

    private static func isFresh(_ token: GoogleToken, at now: Instant) -> Bool { now + margin < token.expires }

    /// - Parameter refused: not to be taken from the disk again.
    private static func find(
        _ scopes: [String], in surroundings: GoogleSurroundings, without refused: Secret?
    ) async throws(CredentialFailure) -> Found {
        let credentials = try await ApplicationDefaultCredentials.find(in: surroundings)
        var file: TokenFile?
        if let folder = surroundings.tokenFolder, let identity = try credentials.credential.identity(in: surroundings) {
            file = TokenFile(folder: folder, identity: identity + scopes.sorted())
        }
        func found(_ token: GoogleToken) -> Found {
            Found(token: token, credential: credentials.credential, source: credentials.source)
        }
        if let kept = file?.read(), kept.secret != refused, isFresh(kept, at: surroundings.now()) { return found(kept) }
        let token = try await credentials.credential.token(for: scopes, in: surroundings)
        file?.write(token)
        return found(token)
    }
}
