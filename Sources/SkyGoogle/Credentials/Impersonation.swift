import FoundationEssentials
import SkyAWS
import SkyCore
import SkyHTTP

/// Has the service that keeps service accounts give a token of one of them, on the strength of somebody else's token.
struct Impersonation: Sendable {
    /// `https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/EMAIL:generateAccessToken`
    let url: String
    var delegates: [String] = []
    var lifetime: Int64 = 3600

    /// What a token must be good for to impersonate with it.
    static let scopes = ["https://www.googleapis.com/auth/cloud-platform"]

    /// The address of whom it is about.
    var email: String? {
        guard let name = url.split(separator: "/").last, name.contains("@") else { return nil }
        return name.split(separator: ":").first.map { String($0) }
    }

    func token(
        for scopes: [String], by base: GoogleToken, in surroundings: GoogleSurroundings
    ) async throws(CredentialFailure) -> GoogleToken {
        struct Question: Encodable {
            let delegates: [String]
            let scope: [String]
            let lifetime: String
        }
        struct Answer: Decodable {
            let accessToken: Secret
            let expireTime: String
        }
        let question = Question(delegates: delegates, scope: scopes, lifetime: "\(lifetime)s")
        var exchange = TokenExchange(
            url: url,
            hint: "Whoever asks needs the role roles/iam.serviceAccountTokenCreator on \(email ?? "the account")",
            surroundings: surroundings)
        exchange.authorization = Secret("Bearer \(base.secret.reveal())")
        let body = (try? JSONEncoder().encode(question)).map { Array($0) } ?? []
        let said = try await exchange.send(body, as: "application/json", secrets: [base.secret])
        let answer = try CredentialReader.decode(Answer.self, from: said, "the answer of \(url)")
        guard let expires = Instant(iso8601: answer.expireTime) else {
            throw CredentialFailure(.refused, "the answer of \(url): 'expireTime' is no moment")
        }
        return GoogleToken(secret: answer.accessToken, expires: expires)
    }
}

extension Impersonation {
    /// Signs as the account, on the strength of the same token. Nil where the address is not of the usual form.
    func signer(
        in surroundings: GoogleSurroundings,
        base: @escaping @Sendable () async throws(CredentialFailure) -> GoogleToken
    ) -> GoogleSigner? {
        let suffix = ":generateAccessToken"
        guard let email, url.hasSuffix(suffix) else { return nil }
        return AccountSigning(
            url: "\(url.dropLast(suffix.count)):signBlob", account: email, delegates: delegates,
            surroundings: surroundings, token: base
        ).signer
    }
}

/// A service account that somebody else may act as (`gcloud auth application-default login --impersonate-service-account`).
struct ImpersonatedAccount: GoogleCredential {
    struct Form: Decodable {
        let service_account_impersonation_url: String
        let delegates: [String]?
        let quota_project_id: String?
    }

    private let impersonation: Impersonation
    private let base: any GoogleCredential
    let quotaProject: String?

    init(_ form: Form, base: any GoogleCredential) {
        impersonation = Impersonation(
            url: form.service_account_impersonation_url, delegates: form.delegates ?? [])
        self.base = base
        quotaProject = form.quota_project_id
    }

    var account: String? { impersonation.email }

    func identity(in surroundings: GoogleSurroundings) throws(CredentialFailure) -> [String]? {
        try base.identity(in: surroundings).map { [impersonation.url] + impersonation.delegates + $0 }
    }

    func token(
        for scopes: [String], in surroundings: GoogleSurroundings
    ) async throws(CredentialFailure) -> GoogleToken {
        let token = try await base.token(for: Impersonation.scopes, in: surroundings)
        return try await impersonation.token(for: scopes, by: token, in: surroundings)
    }

    func signer(in surroundings: GoogleSurroundings) -> GoogleSigner? {
        impersonation.signer(in: surroundings) { [base] () async throws(CredentialFailure) in
            try await base.token(for: Impersonation.scopes, in: surroundings)
        }
    }
}
