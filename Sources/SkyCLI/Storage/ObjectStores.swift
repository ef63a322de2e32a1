import SkyAWS
import SkyAzure
import SkyCore
import SkyGoogle
import SkyHTTP
import SkyStorage
import Synchronization

/// The object stores that URLs name. One client for each service, account and identity: it keeps connections and what it has
/// learnt.
final class ObjectStores: Sendable {
    /// What of S3 is not to be found in AWS's settings.
    struct Choice: Hashable, Sendable {
        var endpoint: String?
        var region: String?
        var profile: String?
    }

    private struct Key: Hashable {
        var scheme: ObjectURL.Scheme
        var account: String
        var choice: Choice
    }

    private struct State {
        var stores: [Key: any ObjectStore] = [:]
        /// Made when the first client is: most runs need no bucket, and loading libcurl takes a while.
        var caller: HTTPCaller?
    }

    private let context: CommandContext
    private let calls: Int
    private let patience: TimeSpan?
    private let state = Mutex(State())

    /// - Parameters:
    ///   - calls: under way at once to one host, at the most.
    ///   - patience: for those who would rather do without an answer.
    init(_ context: CommandContext, calls: Int = 64, patience: TimeSpan? = nil) {
        self.context = context
        self.calls = calls
        self.patience = patience
    }

    /// - Throws: what is wrong with the settings of the service.
    func store(of url: ObjectURL, _ choice: Choice = Choice()) throws -> any ObjectStore {
        let account = url.scheme == .az ? String(url.bucket.prefix { $0 != "/" }) : ""
        let key = Key(scheme: url.scheme, account: account, choice: url.scheme == .s3 ? choice : Choice())
        return try state.withLock { state in
            if let store = state.stores[key] { return store }
            let caller = try state.caller ?? context.caller(most: calls)
            state.caller = caller
            let store = try made(key, caller)
            state.stores[key] = store
            return store
        }
    }

    private func made(_ key: Key, _ caller: HTTPCaller) throws -> any ObjectStore {
        switch key.scheme {
        case .s3:
            let surroundings = AWSSurroundings(environment: context.environment, caller: caller, now: context.now)
            return S3Client(
                try AWSSettings(profile: key.choice.profile, in: surroundings), endpoint: key.choice.endpoint,
                region: key.choice.region, patience: patience)
        case .gs: return google(caller)
        case .az: return try azure(account: key.account, caller)
        case .https, .http: return WebSource(caller: caller, patience: patience)
        }
    }

    private func variable(_ name: String) -> String? { context.environment[name].flatMap { $0.isEmpty ? nil : $0 } }

    private func google(_ caller: HTTPCaller) -> GCSClient {
        // A server that stands in for Google's, as all of Google's libraries have it, asks nobody who he is.
        let host = variable("STORAGE_EMULATOR_HOST")
        let surroundings = context.googleSurroundings(caller)
        let tokens = GoogleTokenSource(surroundings)
        // What gcloud's own variable says wins, as with gcloud.
        let given: (any BearerTokenSource)? = variable("CLOUDSDK_AUTH_ACCESS_TOKEN").map {
            GivenToken(secret: Secret($0))
        }
        let own: (any BearerTokenSource)? = host == nil ? tokens : nil
        let source = given ?? own
        let grants = source.map { source in
            GCSGrants(
                signer: { () async throws(CredentialFailure) in given == nil ? try await tokens.signer() : nil },
                narrowed: NarrowedTokens(source, in: surroundings), now: context.now)
        }
        return GCSClient(
            source, project: { () async throws(CredentialFailure) -> String? in try await tokens.project() },
            endpoint: host.map { $0.contains("://") ? $0 : "http://\($0)" } ?? surroundings.storageURL, grants: grants,
            lasting: { () async throws(CredentialFailure) in given == nil ? try await tokens.lasting() : nil },
            caller: caller, patience: patience)
    }

    private func azure(account name: String, _ caller: HTTPCaller) throws -> AzureBlobClient {
        let account = AzureAccount(
            AzureSurroundings(
                environment: context.environment, caller: caller, cacheFolder: context.tokenFolder, now: context.now))
        let identity = try AzureStorageIdentity.find(
            account: name, in: context.environment, tokens: account.tokens(for: .storage))
        return AzureBlobClient(identity, caller: caller, now: context.now, patience: patience)
    }
}

/// A token that somebody else has found.
private struct GivenToken: BearerTokenSource {
    let secret: Secret

    func token() async throws(CredentialFailure) -> Secret { secret }
}
