import FoundationEssentials
import SkyCore
import SkyHTTP

/// What is paid by one bill.
public struct AzureSubscription: Hashable, Sendable {
    public let id: String
    public let name: String?

    public init(id: String, name: String? = nil) {
        self.id = id
        self.name = name
    }
}

/// Who Azure takes us for, by what the token says.
public struct AzureCaller: Hashable, Sendable {
    /// A person's name in their directory, or an application's id.
    public let name: String
    public let tenant: String?

    private struct Claims: Decodable {
        let upn: String?
        let preferred_username: String?
        let unique_name: String?
        let app_displayname: String?
        let appid: String?
        let azp: String?
        let oid: String?
        let tid: String?
    }

    /// Nil when the token is none that can be read.
    init?(_ token: Secret) {
        let parts = token.reveal().split(separator: ".")
        guard parts.count == 3, let bytes = Encoding.bytes(base64URL: parts[1]),
            let claims = try? JSONDecoder().decode(Claims.self, from: Data(bytes))
        else { return nil }
        let person = claims.upn ?? claims.preferred_username ?? claims.unique_name
        let application = (claims.appid ?? claims.azp).map { "application \($0)" }
        guard let name = person ?? claims.app_displayname ?? application ?? claims.oid else { return nil }
        self.name = name
        tenant = claims.tid
    }
}

extension ResourceManager {
    private static let version = "2022-12-01"

    private struct Listed: Decodable {
        let subscriptionId: String
        let displayName: String?
        let state: String?
    }

    /// The subscription to rent in: the one that is asked for, that of `AZURE_SUBSCRIPTION_ID`, the default of Azure's command
    /// line, or the only one there is.
    ///
    /// - Parameter asked: an id or a name.
    public func subscription(_ asked: String?) async throws(ResourceManagerError) -> AzureSubscription {
        let surroundings = account.surroundings
        let profile: CommandLineProfile?
        do { profile = try CommandLineProfile(surroundings) } catch { throw ResourceManagerError(error) }
        if let wanted = asked ?? surroundings.variable("AZURE_SUBSCRIPTION_ID") {
            if wanted.isIdentifier { return AzureSubscription(id: wanted) }
            if let known = profile?.subscriptions.first(where: { $0.name == wanted }) {
                return AzureSubscription(id: known.id, name: known.name)
            }
            let found = try await subscriptions()
            if let match = found.first(where: { $0.name == wanted || $0.id == wanted }) { return match }
            throw ResourceManagerError(.credentials, "no subscription '\(wanted)'; \(Self.sentence(found))")
        }
        if let chosen = profile?.subscription { return AzureSubscription(id: chosen.id, name: chosen.name) }
        let found = try await subscriptions()
        if found.count == 1 { return found[0] }
        throw ResourceManagerError(
            .credentials,
            "which subscription? \(Self.sentence(found)). Name one: 'subscription' of azure in clouds.yaml, or "
                + "AZURE_SUBSCRIPTION_ID")
    }

    /// All that the account can use.
    public func subscriptions() async throws(ResourceManagerError) -> [AzureSubscription] {
        try await list(Listed.self, "/subscriptions", version: Self.version)
            .filter { $0.state == nil || $0.state == "Enabled" }
            .map { AzureSubscription(id: $0.subscriptionId, name: $0.displayName) }
    }

    public func name(of subscription: AzureSubscription) async throws(ResourceManagerError) -> String? {
        if let name = subscription.name { return name }
        return try await find(Listed.self, "/subscriptions/\(subscription.id)", version: Self.version)?.displayName
    }

    /// - Throws: when there is no token. Nil when it does not say whose it is.
    public func caller() async throws(ResourceManagerError) -> AzureCaller? { AzureCaller(try await token()) }

    private static func sentence(_ found: [AzureSubscription]) -> String {
        found.isEmpty
            ? "the account has none" : "there are: " + found.map { $0.name ?? $0.id }.joined(separator: ", ")
    }
}

extension String {
    /// `11111111-2222-3333-4444-555555555555`.
    fileprivate var isIdentifier: Bool {
        split(separator: "-", omittingEmptySubsequences: false).map(\.count) == [8, 4, 4, 4, 12]
            && allSatisfy { $0.isHexDigit || $0 == "-" }
    }
}
