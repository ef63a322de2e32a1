public import SkyCore
public import SkyHTTP

/// Who asks Azure, found at the first use; gives a token for each of its services, found once and renewed before it ends.
public actor AzureAccount {
    public nonisolated let surroundings: AzureSurroundings
    private var found: AzureIdentity?
    private var identitySearch: Task<Result<AzureIdentity, CredentialFailure>, Never>?
    private var tokens: [AzureScope: AccessToken] = [:]
    private var tokenSearches: [AzureScope: Task<Result<AccessToken, CredentialFailure>, Never>] = [:]

    public init(_ surroundings: AzureSurroundings) { self.surroundings = surroundings }

    /// Tokens for one service, for whoever speaks to it.
    public nonisolated func tokens(for scope: AzureScope) -> any BearerTokenSource {
        ServiceTokens(account: self, scope: scope)
    }

    /// Where the account was found, for people: `AZURE_CLIENT_SECRET`.
    public func source() async throws(CredentialFailure) -> String { try await identity().source }

    /// The addresses of the Azure that the account is in.
    public func endpoints() async throws(CredentialFailure) -> AzureEndpoints { try await identity().endpoints }

    /// - Throws: what keeps the token from being had, with where was looked and what to type.
    public func token(for scope: AzureScope) async throws(CredentialFailure) -> AccessToken {
        if let token = tokens[scope], token.isFresh(at: surroundings.now()) { return token }
        let identity = try await identity()
        // One search for everybody who waits; whoever is cancelled leaves it to the others.
        let search = tokenSearches[scope] ?? Task { [surroundings] in await Self.search(identity, scope, surroundings) }
        tokenSearches[scope] = search
        let result = await search.value
        if tokenSearches[scope] == search { tokenSearches[scope] = nil }
        let token = try result.get()
        tokens[scope] = token
        return token
    }

    /// A token that a service has refused is not given out again.
    public func forget(_ token: Secret, for scope: AzureScope) {
        guard tokens[scope]?.secret == token else { return }
        tokens[scope] = nil
        if let found { TokenCache(found, scope, folder: surroundings.cacheFolder)?.forget() }
    }

    func identity() async throws(CredentialFailure) -> AzureIdentity {
        if let found { return found }
        let search = identitySearch ?? Task { [surroundings] in await Self.find(surroundings) }
        identitySearch = search
        let result = await search.value
        if identitySearch == search { identitySearch = nil }
        found = try result.get()
        return try result.get()
    }

    private static func find(_ surroundings: AzureSurroundings) async -> Result<AzureIdentity, CredentialFailure> {
        do throws(CredentialFailure) { return .success(try await CredentialChain(surroundings).find()) } catch {
            return .failure(error)
        }
    }

    private static func search(
        _ identity: AzureIdentity, _ scope: AzureScope, _ surroundings: AzureSurroundings
    ) async -> Result<AccessToken, CredentialFailure> {
        let cache = TokenCache(identity, scope, folder: surroundings.cacheFolder)
        if let token = cache?.load(), token.isFresh(at: surroundings.now()) { return .success(token) }
        do throws(CredentialFailure) {
            let request = TokenRequest(identity: identity, scope: scope, surroundings: surroundings)
            let token = try await request.send()
            cache?.keep(token)
            return .success(token)
        } catch {
            return .failure(error)
        }
    }
}

private struct ServiceTokens: BearerTokenSource {
    let account: AzureAccount
    let scope: AzureScope

    func token() async throws(CredentialFailure) -> Secret { try await account.token(for: scope).secret }
}
