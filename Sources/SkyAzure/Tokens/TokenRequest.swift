import SkyCore
import SkyHTTP

/// Asks for one token, by whatever the identity is.
struct TokenRequest {
    let identity: AzureIdentity
    let scope: AzureScope
    let surroundings: AzureSurroundings

    func send() async throws(CredentialFailure) -> AccessToken {
        switch identity.kind {
        case .clientSecret(let application, let secret):
            try await token(of: application, [("client_secret", secret.reveal())])
        case .clientCertificate(let application, let path, let password, let sendsChain):
            try await token(of: application, assertion(application, path, password, sendsChain))
        case .workload(let application, let file):
            try await token(of: application, Self.assertion(try federated(file)))
        case .managed(let managed): try await token(of: managed)
        case .commandLine(let login):
            try await token(
                tenant: login.tenant,
                [
                    ("grant_type", "refresh_token"), ("client_id", CommandLineLogin.client),
                    ("refresh_token", login.refreshToken.reveal()), ("scope", scope.text),
                ])
        }
    }

    private typealias Fields = [(name: String, value: String)]

    private func token(
        of application: AzureIdentity.Application, _ proof: Fields
    ) async throws(CredentialFailure) -> AccessToken {
        try await token(
            tenant: application.tenant,
            [("grant_type", "client_credentials"), ("client_id", application.client), ("scope", scope.text)] + proof)
    }

    private static func assertion(_ token: Secret) -> Fields {
        [
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", token.reveal()),
        ]
    }

    private func assertion(
        _ application: AzureIdentity.Application, _ path: String, _ password: Secret?, _ sendsChain: Bool
    ) throws(CredentialFailure) -> Fields {
        guard let pem = try surroundings.read(path) else {
            throw CredentialFailure(.refused, "\(path), which \(identity.source) names, is not there")
        }
        let certificate = try CertificateFile(pem, path: path, password: password)
        let assertion = ClientAssertion(
            application: application, audience: endpoint(application.tenant), sendsChain: sendsChain)
        return Self.assertion(try assertion.signed(by: certificate, at: surroundings.now()))
    }

    private func federated(_ path: String) throws(CredentialFailure) -> Secret {
        guard let bytes = try surroundings.read(path, limit: 1 << 20), !bytes.isEmpty else {
            throw CredentialFailure(.refused, "\(path), which AZURE_FEDERATED_TOKEN_FILE names, is not there, or empty")
        }
        return Secret(String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace })
    }

    private func endpoint(_ tenant: String) -> String { "\(identity.endpoints.authority)/\(tenant)/oauth2/v2.0/token" }

    private func token(tenant: String, _ fields: Fields) async throws(CredentialFailure) -> AccessToken {
        let body = HTTPRequest.Body.bytes(Array(Encoding.form(fields).utf8))
        let headers: HTTPHeaders = ["Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"]
        let response = try await send(.post, endpoint(tenant), headers: headers, body: body)
        return try TokenAnswer.token(response, source: identity.source, now: surroundings.now())
    }

    /// Asking for a token changes nothing, so it may be asked for again.
    func send(
        _ method: HTTPRequest.Method, _ url: String, headers: HTTPHeaders, body: HTTPRequest.Body? = nil,
        mayPass: @escaping @Sendable (HTTPResponse) -> Bool = { $0.mayPass }
    ) async throws(CredentialFailure) -> HTTPResponse {
        do {
            let caller = surroundings.caller
            let retries = HTTPRetries(tries: 5, deadline: .seconds(60))
            return try await caller.call("azure-tokens", retries: retries, mayPass: mayPass) {
                timeLeft throws(HTTPError) in
                try await caller.client.send(
                    HTTPRequest(method, url, headers: headers, body: body, timeout: min(timeLeft, .seconds(20))))
            }
        } catch {
            throw CredentialFailure(
                error.kind == .cancelled ? .cancelled : .noAnswer, "\(identity.source): \(error.message)")
        }
    }
}
