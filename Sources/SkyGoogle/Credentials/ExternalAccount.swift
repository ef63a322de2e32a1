import FoundationEssentials
import SkyAWS
import SkyCore
import SkyHTTP

/// A workload of another cloud or company, which Google knows by a token of theirs (workload identity federation).
struct ExternalAccount: GoogleCredential, Decodable {
    private struct ImpersonationOptions: Decodable {
        let token_lifetime_seconds: Int64?
    }

    let audience: String
    let subjectTokenType: String
    let tokenURL: String
    let source: SubjectTokenSource
    let quotaProject: String?
    private let clientID: String?
    private let clientSecret: Secret?
    private let userProject: String?
    private let impersonationURL: String?
    private let impersonationOptions: ImpersonationOptions?

    enum CodingKeys: String, CodingKey {
        case audience
        case subjectTokenType = "subject_token_type"
        case tokenURL = "token_url"
        case source = "credential_source"
        case quotaProject = "quota_project_id"
        case clientID = "client_id"
        case clientSecret = "client_secret"
        case userProject = "workforce_pool_user_project"
        case impersonationURL = "service_account_impersonation_url"
        case impersonationOptions = "service_account_impersonation"
    }

    private var impersonation: Impersonation? {
        impersonationURL.map {
            Impersonation(url: $0, lifetime: impersonationOptions?.token_lifetime_seconds ?? 3600)
        }
    }

    var account: String? { impersonation?.email }

    /// Only a token in a file can be looked at before anybody is asked.
    func identity(in surroundings: GoogleSurroundings) throws(CredentialFailure) -> [String]? {
        guard case .file(let file) = source else { return nil }
        let subject = try file.token(in: surroundings)
        return ["external_account", tokenURL, audience, impersonationURL ?? "", userProject ?? "", subject.reveal()]
    }

    func token(
        for scopes: [String], in surroundings: GoogleSurroundings
    ) async throws(CredentialFailure) -> GoogleToken {
        guard let impersonation else { return try await ownToken(for: scopes, in: surroundings) }
        let base = try await ownToken(for: Impersonation.scopes, in: surroundings)
        return try await impersonation.token(for: scopes, by: base, in: surroundings)
    }

    func signer(in surroundings: GoogleSurroundings) -> GoogleSigner? {
        impersonation?.signer(in: surroundings) { () async throws(CredentialFailure) in
            try await ownToken(for: Impersonation.scopes, in: surroundings)
        }
    }

    /// Of the workload itself, whomever it acts as then.
    private func ownToken(
        for scopes: [String], in surroundings: GoogleSurroundings
    ) async throws(CredentialFailure) -> GoogleToken {
        let subject = try await source.token(
            for: SubjectTokenSource.Purpose(
                audience: audience, tokenType: subjectTokenType, email: impersonation?.email),
            in: surroundings)
        return try await exchange(subject, for: scopes, in: surroundings)
    }

    /// RFC 8693, at Google's Security Token Service.
    private func exchange(
        _ subject: Secret, for scopes: [String], in surroundings: GoogleSurroundings
    ) async throws(CredentialFailure) -> GoogleToken {
        var form: [(name: String, value: String)] = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), ("audience", audience),
            ("scope", scopes.joined(separator: " ")),
            ("requested_token_type", "urn:ietf:params:oauth:token-type:access_token"),
            ("subject_token", subject.reveal()), ("subject_token_type", subjectTokenType),
        ]
        // People of a workforce pool have no project of their own that the call could be counted for.
        if let userProject, clientID == nil { form.append(("options", #"{"userProject":"\#(userProject)"}"#)) }
        var exchange = TokenExchange(
            url: tokenURL,
            hint: "The pool behind \(audience) must accept this token: its issuer, audience and conditions",
            surroundings: surroundings)
        if let clientID { exchange.authorization = TokenExchange.basic(clientID, clientSecret ?? Secret("")) }
        return try await exchange.token(form: form, secrets: [subject])
    }
}
