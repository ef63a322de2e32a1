import SkyCore
import SkyHTTP

extension TokenRequest {
    /// From the service on this machine that knows it.
    func token(of managed: ManagedIdentity) async throws(CredentialFailure) -> AccessToken {
        var query = [(name: "resource", value: scope.resource)]
        if let client = managed.client { query.append(("client_id", client)) }
        let response: HTTPResponse
        switch managed.server {
        case .instanceMetadata(let origin):
            query.append(("api-version", "2018-02-01"))
            // It is also away for moments while it is renewed (404, 410).
            response = try await send(
                .get, "\(origin)/metadata/identity/oauth2/token?\(Encoding.form(query))", headers: ["Metadata": "true"],
                mayPass: { $0.mayPass || $0.status == 404 || $0.status == 410 })
        case .appService(let url, let header):
            query.append(("api-version", "2019-08-01"))
            response = try await send(
                .get, "\(url)?\(Encoding.form(query))", headers: ["X-IDENTITY-HEADER": header.reveal()])
        case .arc(let url):
            query.append(("api-version", "2019-11-01"))
            response = try await arc("\(url)?\(Encoding.form(query))")
        case .cloudShell(let url):
            response = try await send(
                .post, url, headers: ["Metadata": "true", "Content-Type": "application/x-www-form-urlencoded"],
                body: .bytes(Array(Encoding.form(query).utf8)))
        }
        return try TokenAnswer.token(response, source: identity.source, now: surroundings.now())
    }

    /// The agent names a file that only its group may read; what is in it proves who asks.
    private func arc(_ url: String) async throws(CredentialFailure) -> HTTPResponse {
        let challenge = try await send(.get, url, headers: ["Metadata": "true"])
        guard challenge.status == 401 else { return challenge }
        let realm = challenge.headers["WWW-Authenticate"].map { $0.split(separator: "=", maxSplits: 1) } ?? []
        let path = realm.count == 2 ? realm[1].filter { $0 != "\"" } : ""
        let name = path.split(separator: "/").last ?? ""
        // Nobody may have us read another file by this.
        guard path == "\(surroundings.arcKeyFolder)/\(name)", name.hasSuffix(".key") else {
            throw CredentialFailure(
                .refused, "\(identity.source): it names no key in \(surroundings.arcKeyFolder) for us to read")
        }
        guard let key = try surroundings.read(path, limit: 4097), key.count <= 4096 else {
            throw CredentialFailure(.refused, "\(identity.source): the key \(path) is not there, or too long")
        }
        let word = String(decoding: key, as: UTF8.self).filter { !$0.isNewline }
        return try await send(.get, url, headers: ["Metadata": "true", "Authorization": "Basic \(word)"])
    }
}
