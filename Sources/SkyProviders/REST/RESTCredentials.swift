import SkyCore
import SkyHTTP
import SkyProcess

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Finds what calls are signed with, and keeps tokens until shortly before they end.
actor RESTCredentials {
    private let auth: RESTAuth
    private let base: String
    private let environment: [String: String]
    private let caller: HTTPCaller
    private var token: (secret: Secret, ends: ContinuousClock.Instant)?

    init(_ auth: RESTAuth, base: String, environment: [String: String], caller: HTTPCaller) {
        self.auth = auth
        self.base = base
        self.environment = environment
        self.caller = caller
    }

    /// The header that says who asks.
    func header() async throws(CredentialFailure) -> HTTPHeaders {
        switch auth {
        case .none: return [:]
        case .bearer(let place): return ["Authorization": "Bearer \(try find(place).reveal())"]
        case .header(let name, let place): return [name: try find(place).reveal()]
        case .basic(let user, let password):
            let pair = "\(try find(user).reveal()):\(try find(password).reveal())"
            return ["Authorization": "Basic \(Data(pair.utf8).base64EncodedString())"]
        case .clientCredentials(let path, let id, let secret):
            return ["Authorization": "Bearer \(try await token(path, id, secret).reveal())"]
        }
    }

    /// The cloud does not believe it any more.
    func forgetToken() -> Bool {
        defer { token = nil }
        return token != nil
    }

    private func find(_ place: RESTSecret) throws(CredentialFailure) -> Secret {
        if let name = place.variable, let value = environment[name], !value.isEmpty { return Secret(value) }
        guard let file = place.file else {
            throw CredentialFailure(.missing, "there is no key: set \(place.places)")
        }
        let path = file.hasPrefix("~/") ? "\(environment["HOME"] ?? "")\(file.dropFirst())" : file
        let bytes: [UInt8]?
        do { bytes = try Files.read(path, limit: 1 << 20) } catch {
            throw CredentialFailure(.refused, "the key's file cannot be read: \(error)")
        }
        guard let bytes else { throw CredentialFailure(.missing, "there is no key: set \(place.places)") }
        guard let secret = KeyFile.value(place.key, in: String(decoding: bytes, as: UTF8.self)) else {
            throw CredentialFailure(.refused, "there is no \(place.key ?? "key") in \(file)")
        }
        return secret
    }

    // MARK: Tokens

    private struct Granted: Decodable {
        let access_token: String
        let expires_in: Double?
    }

    private func token(
        _ path: String, _ id: RESTSecret, _ secret: RESTSecret
    ) async throws(CredentialFailure) -> Secret {
        if let token, token.ends > .now { return token.secret }
        let body = JSONValue.object([
            "grant_type": .string("client_credentials"), "client_id": .string(try find(id).reveal()),
            "client_secret": .string(try find(secret).reveal()),
        ])
        let response = try await ask(path, body)
        guard response.isSuccess else {
            throw CredentialFailure(
                response.mayPass ? .noAnswer : .refused,
                "no token for \(id.places): \(base)\(path) answered \(response.status)")
        }
        guard let granted = try? JSONDecoder().decode(Granted.self, from: Data(response.body)) else {
            throw CredentialFailure(.noAnswer, "\(base)\(path) answered without a token")
        }
        let found = Secret(granted.access_token)
        let seconds = min(max(granted.expires_in ?? 0, 0), 86_400)
        token = (found, .now + .seconds(max(seconds - 60, seconds / 2)))
        return found
    }
}

extension RESTCredentials {
    private nonisolated func ask(_ path: String, _ body: JSONValue) async throws(CredentialFailure) -> HTTPResponse {
        let request = HTTPRequest(
            .post, base + path, headers: ["Content-Type": "application/json"], body: .bytes(body.bytes))
        do throws(HTTPError) {
            return try await caller.call(base, retries: HTTPRetries(tries: 4, deadline: .seconds(60))) {
                (timeLeft) throws(HTTPError) in
                var attempt = request
                attempt.timeout = min(timeLeft, .seconds(30))
                return try await caller.client.send(attempt)
            }
        } catch {
            throw CredentialFailure(error.kind == .cancelled ? .cancelled : .noAnswer, "no token: \(error.message)")
        }
    }
}

/// Files that vendors' tools keep keys in: INI, TOML, YAML and JSON alike have a line with a name and a value, or are one.
enum KeyFile {
    static func value(_ key: String?, in text: String) -> Secret? {
        guard let key else { return secret(text.split(whereSeparator: \.isNewline).first ?? "") }
        if case .string(let value)? = JSONValue(Array(text.utf8))?[key] { return secret(value[...]) }
        for line in text.split(whereSeparator: \.isNewline) {
            guard let mark = line.firstIndex(where: { $0 == "=" || $0 == ":" }) else { continue }
            if bare(line[..<mark]) == key { return secret(line[line.index(after: mark)...]) }
        }
        return nil
    }

    private static func secret(_ text: Substring) -> Secret? {
        let value = bare(text)
        return value.isEmpty ? nil : Secret(value)
    }

    private static func bare(_ text: Substring) -> String {
        let around: Set<Character> = [" ", "\t", "\"", "'", ",", "{", "}"]
        var rest = text.drop { around.contains($0) }
        while let last = rest.last, around.contains(last) { rest.removeLast() }
        return String(rest)
    }
}
