public import SkyCore
public import SkyHTTP
import SkyProcess

/// What looking for credentials touches of the world outside, handed in so that tests can hand in something else.
public struct GoogleSurroundings: Sendable {
    public var environment: [String: String]
    public var caller: HTTPCaller
    public var now: @Sendable () -> Instant
    /// Where tokens are kept between two commands, for this user only; nil to keep them in memory alone.
    public var tokenFolder: String?

    public init(
        environment: [String: String], caller: HTTPCaller, tokenFolder: String? = nil,
        now: @escaping @Sendable () -> Instant
    ) {
        self.environment = environment
        self.caller = caller
        self.tokenFolder = tokenFolder
        self.now = now
    }

    /// Nil for an empty one too.
    func variable(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }

    /// With `~` resolved.
    func path(_ text: String) -> String {
        text.hasPrefix("~/") ? (variable("HOME") ?? "/") + text.dropFirst() : text
    }

    /// The folder of gcloud's settings.
    var gcloudFolder: String { path(variable("CLOUDSDK_CONFIG") ?? "~/.config/gcloud") }

    /// Where people's logins are exchanged for tokens; gcloud's own variable sets another place.
    var tokenURL: String { variable("CLOUDSDK_AUTH_TOKEN_HOST") ?? "https://oauth2.googleapis.com/token" }

    /// The service that signs and gives tokens for service accounts.
    var accountsURL: String { endpoint("IAMCREDENTIALS") ?? "https://iamcredentials.googleapis.com" }

    /// The service that exchanges tokens for others.
    var exchangeURL: String { endpoint("STS") ?? "https://sts.googleapis.com" }

    /// The service of objects, where it is to be reached at another address than its usual one.
    public var storageURL: String? { endpoint("STORAGE") }

    /// By gcloud's variables for private endpoints, which have a slash at their end.
    private func endpoint(_ service: String) -> String? {
        variable("CLOUDSDK_API_ENDPOINT_OVERRIDES_\(service)").map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
    }

    /// Nil when there is no such file.
    func read(_ path: String) throws(CredentialFailure) -> [UInt8]? {
        do { return try Files.read(path, limit: 1 << 20) } catch {
            throw CredentialFailure(.refused, "\(path) cannot be read: \(error)")
        }
    }
}
