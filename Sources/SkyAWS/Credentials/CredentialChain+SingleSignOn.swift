import SkyCore
import SkyHTTP

extension CredentialChain {
    /// By the token that `aws sso login` left; nobody logs in here.
    func singleSignOn(_ name: String) async throws(AWSError) -> FoundCredentials {
        func need(_ setting: String, _ value: String?) throws(AWSError) -> String {
            guard let value else {
                throw AWSError(
                    .settings, "profile '\(name)' in \(settings.configPath) signs on by SSO and has no \(setting)")
            }
            return value
        }
        let session = settings.value("sso_session", of: name)
        func shared(_ setting: String) -> String? {
            session.flatMap { settings.value(setting, ofSession: $0) } ?? settings.value(setting, of: name)
        }
        let account = try need("sso_account_id", settings.value("sso_account_id", of: name))
        let role = try need("sso_role_name", settings.value("sso_role_name", of: name))
        let region = try need("sso_region", shared("sso_region"))
        let start = try need("sso_start_url", shared("sso_start_url"))
        let token = try loginToken(session ?? start, profile: name)
        let source = "single sign-on of profile '\(name)'"
        let origin =
            settings.surroundings.variable("AWS_ENDPOINT_URL_SSO")
            ?? "https://portal.sso.\(region).\(AWSPartition.domain(of: region))"
        let query = CanonicalRequest.query([.init("role_name", role), .init("account_id", account)])
        let response = try await get(
            "\(origin)/federation/credentials?\(query)",
            headers: ["x-amz-sso_bearer_token": token.reveal()], timeout: .seconds(20), tries: 4)
        guard response.status == 200 else {
            throw AWSError(
                .credentials, status: response.status,
                "\(source): HTTP \(response.status) for role \(role) of account \(account). "
                    + "If you may have it, type: aws sso login --profile \(name)")
        }
        return FoundCredentials(
            credentials: try CredentialJSON.singleSignOn(response.body, source: source), source: source)
    }

    private func loginToken(_ key: String, profile: String) throws(AWSError) -> Secret {
        let path = surroundings.path("~/.aws/sso/cache/\(String(hexOf: SHA256.hashSHA1(Array(key.utf8)))).json")
        let login = "type: aws sso login --profile \(profile)"
        guard let text = try surroundings.read(path) else {
            throw AWSError(.credentials, "profile '\(profile)' signs on by SSO and nobody has logged in: \(login)")
        }
        let token = try CredentialJSON.read(CredentialJSON.LoginToken.self, from: Array(text.utf8), source: path)
        guard let end = Instant(iso8601: token.expiresAt), surroundings.now() < end else {
            throw AWSError(.credentials, "the SSO login of profile '\(profile)' ended at \(token.expiresAt): \(login)")
        }
        return Secret(token.accessToken)
    }

    /// Every one of these is safe to repeat.
    func get(
        _ url: String, method: HTTPRequest.Method = .get, headers: HTTPHeaders = [:], timeout: TimeSpan, tries: Int
    ) async throws(AWSError) -> HTTPResponse {
        do {
            let caller = surroundings.caller
            let retries = HTTPRetries(tries: tries, deadline: .seconds(60))
            return try await caller.call("credentials", retries: retries) { timeLeft throws(HTTPError) in
                try await caller.client.send(
                    HTTPRequest(
                        method, url, headers: headers, timeout: min(timeLeft, timeout), connectTimeout: timeout))
            }
        } catch {
            throw AWSError(error)
        }
    }
}
