import FoundationEssentials
import SkyCore
public import SkyHTTP

/// Who calls are made as, and for which project.
public struct GoogleIdentity: Hashable, Sendable {
    /// An e-mail address, or what is known instead of one.
    public let account: String
    /// Where the credentials were found.
    public let source: String
    /// Nil where nothing names one.
    public let project: String?
    /// What calls are counted for, where it is not the project that they are about.
    public let quotaProject: String?
}

extension GoogleTokenSource {
    /// Asks for a token, and whose it is where the credentials do not say.
    public func identity() async throws(CredentialFailure) -> GoogleIdentity {
        let found = try await current()
        var account = found.credential.account
        if account == nil, let server = found.credential as? MetadataServer {
            account = try await server.text("instance/service-accounts/default/email", in: surroundings)
        }
        if account == nil { account = await owner(of: found.token.secret) }
        let fallback = (found.credential as? ExternalAccount)?.audience ?? "a user whose login does not say the address"
        return GoogleIdentity(
            account: account ?? fallback, source: found.source,
            project: try await project(), quotaProject: quotaProject(of: found.credential))
    }

    /// The project to work in: what the environment says, that of a service account's key, that of gcloud's active
    /// configuration, what a login's calls are counted for, that of the machine. The order is that of Google's own libraries.
    public func project() async throws(CredentialFailure) -> String? {
        for name in ["GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT"] {
            if let project = surroundings.variable(name) { return project }
        }
        let credential = try await ApplicationDefaultCredentials.find(in: surroundings).credential
        if let project = credential.project { return project }
        if let project = try GcloudConfiguration(surroundings).value("project", in: "core") { return project }
        if let project = credential.quotaProject { return project }
        guard let server = credential as? MetadataServer else { return nil }
        return try await server.text("project/project-id", in: surroundings)
    }

    /// What goes into the header `x-goog-user-project`; nil where calls are counted for the project that they are about.
    public func quotaProject() async throws(CredentialFailure) -> String? {
        quotaProject(of: try await current().credential)
    }

    private func quotaProject(of credential: any GoogleCredential) -> String? {
        surroundings.variable("GOOGLE_CLOUD_QUOTA_PROJECT") ?? credential.quotaProject
    }

    /// By the server that gave the token, if it wants to tell: logins are not bound to let it.
    private func owner(of token: Secret) async -> String? {
        struct Answer: Decodable { let email: String? }
        guard let slash = surroundings.tokenURL.lastIndex(of: "/") else { return nil }
        let exchange = TokenExchange(
            url: "\(surroundings.tokenURL[..<slash])/tokeninfo", surroundings: surroundings)
        let form = Array("access_token=\(token.reveal())".utf8)
        let body = try? await exchange.send(form, as: "application/x-www-form-urlencoded", secrets: [token])
        return body.flatMap { try? JSONDecoder().decode(Answer.self, from: Data($0)).email }
    }
}
