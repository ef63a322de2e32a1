import SkyAWS
import SkyCore
import SkyHTTP

/// Tells a machine of Google's about itself, and gives the tokens of its service account.
struct MetadataServer: GoogleCredential {
    /// `http://169.254.169.254`
    let origin: String

    /// That of this machine. Nil where there is none, which shows within a second.
    static func find(in surroundings: GoogleSurroundings) async -> MetadataServer? {
        guard surroundings.variable("NO_GCE_CHECK")?.lowercased() != "true" else { return nil }
        if let host = surroundings.variable("GCE_METADATA_HOST") { return MetadataServer(origin: "http://\(host)") }
        let address = surroundings.variable("GCE_METADATA_IP") ?? "169.254.169.254"
        let server = MetadataServer(origin: "http://\(address)")
        let request = HTTPRequest(
            .get, "\(server.origin)/", headers: flavor, timeout: .seconds(1), connectTimeout: .seconds(1))
        // Other clouds have theirs at the same address.
        let answer = try? await surroundings.caller.client.send(request)
        return answer?.headers["Metadata-Flavor"] == "Google" ? server : nil
    }

    private static let flavor: HTTPHeaders = ["Metadata-Flavor": "Google"]

    /// The server keeps tokens itself.
    func identity(in surroundings: GoogleSurroundings) -> [String]? { nil }

    func token(
        for scopes: [String], in surroundings: GoogleSurroundings
    ) async throws(CredentialFailure) -> GoogleToken {
        let list = PercentEncoding.encode(scopes.joined(separator: ","))
        let (exchange, request) = question("instance/service-accounts/default/token?scopes=\(list)", surroundings)
        return try exchange.token(in: try await exchange.ask(request, tries: 4, each: .seconds(5)))
    }

    /// The text under a key, such as `project/project-id`.
    func text(_ key: String, in surroundings: GoogleSurroundings) async throws(CredentialFailure) -> String {
        let (exchange, request) = question(key, surroundings)
        let body = try await exchange.ask(request, tries: 4, each: .seconds(5))
        return String(decoding: body.filter { $0 > 0x20 }, as: UTF8.self)
    }

    func signer(in surroundings: GoogleSurroundings) async throws(CredentialFailure) -> GoogleSigner? {
        let email = try await text("instance/service-accounts/default/email", in: surroundings)
        // Machines without an account of their own have the word `default` or nothing there.
        guard email.contains("@") else { return nil }
        let service = AccountSigning(
            url: "\(surroundings.accountsURL)/v1/projects/-/serviceAccounts/\(email):signBlob", account: email,
            surroundings: surroundings
        ) { () async throws(CredentialFailure) in
            try await token(for: [GoogleTokenSource.platform], in: surroundings)
        }
        return service.signer
    }

    private func question(_ key: String, _ surroundings: GoogleSurroundings) -> (TokenExchange, HTTPRequest) {
        let url = "\(origin)/computeMetadata/v1/\(key)"
        let hint = "Has this machine a service account? gcloud compute instances describe says"
        return (
            TokenExchange(url: url, hint: hint, surroundings: surroundings),
            HTTPRequest(.get, url, headers: Self.flavor)
        )
    }
}
