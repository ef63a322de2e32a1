import FoundationEssentials
import SkyAWS
import SkyCore
import SkyHTTP

/// Gets something for a token at a server that gives them. Every one of these calls is safe to repeat.
struct TokenExchange: Sendable {
    let url: String
    /// What to type when it is refused; empty where nothing helps.
    var hint = ""
    let surroundings: GoogleSurroundings
    /// The header of that name.
    var authorization: Secret?

    static func basic(_ name: String, _ password: Secret) -> Secret {
        Secret("Basic " + Data("\(name):\(password.reveal())".utf8).base64EncodedString())
    }

    /// What most of these servers answer.
    private struct Answer: Decodable {
        let access_token: Secret
        let expires_in: Int64
    }

    /// - Parameter secrets: what must not come back in a message, should the server repeat it.
    func token(
        form: [(name: String, value: String)], secrets: [Secret]
    ) async throws(CredentialFailure) -> GoogleToken {
        try token(in: try await send(form: form, secrets: secrets))
    }

    func send(
        form: [(name: String, value: String)], secrets: [Secret]
    ) async throws(CredentialFailure) -> [UInt8] {
        let fields = form.map { "\(PercentEncoding.encode($0.name))=\(PercentEncoding.encode($0.value))" }
        return try await send(
            Array(fields.joined(separator: "&").utf8), as: "application/x-www-form-urlencoded", secrets: secrets)
    }

    /// An answer of the usual form.
    func token(in body: [UInt8]) throws(CredentialFailure) -> GoogleToken {
        let answer = try CredentialReader.decode(Answer.self, from: body, "the answer of \(url)")
        return GoogleToken(secret: answer.access_token, expires: surroundings.now() + .seconds(answer.expires_in))
    }

    func send(
        _ body: [UInt8], as contentType: String, secrets: [Secret]
    ) async throws(CredentialFailure) -> [UInt8] {
        var headers: HTTPHeaders = ["Content-Type": contentType, "Accept": "application/json"]
        if let authorization { headers["Authorization"] = authorization.reveal() }
        return try await ask(
            HTTPRequest(.post, url, headers: headers, body: .bytes(body)), tries: 4, each: .seconds(20),
            secrets: secrets + (authorization.map { [$0] } ?? []))
    }

    /// The body of a success.
    ///
    /// - Throws: `.refused` in the server's words when it says no; `.noAnswer` when it does not come to that.
    func ask(
        _ request: HTTPRequest, tries: Int, each: TimeSpan, secrets: [Secret] = []
    ) async throws(CredentialFailure) -> [UInt8] {
        let response: HTTPResponse
        do {
            let caller = surroundings.caller
            let retries = HTTPRetries(tries: tries, deadline: .seconds(60))
            response = try await caller.call(url, retries: retries) { timeLeft throws(HTTPError) in
                var request = request
                request.timeout = min(timeLeft, each)
                request.connectTimeout = min(timeLeft, each)
                return try await caller.client.send(request)
            }
        } catch {
            throw CredentialFailure(error.kind == .cancelled ? .cancelled : .noAnswer, error.message)
        }
        if response.isSuccess { return response.body }
        let said = TokenRefusal(response).text(without: secrets)
        let path = url.prefix { $0 != "?" }
        let message = "\(request.method.rawValue) \(path): \(said)"
        guard !response.mayPass else { throw CredentialFailure(.noAnswer, message) }
        throw CredentialFailure(.refused, hint.isEmpty ? message : "\(message). \(hint)")
    }
}

/// A server's no, in the two forms that Google's have: that of OAuth, and that of its APIs.
struct TokenRefusal {
    private let parts: [String]

    init(_ response: HTTPResponse) {
        struct OAuth: Decodable {
            let error: String
            let error_description: String?
            let error_subtype: String?
        }
        struct API: Decodable {
            struct Content: Decodable {
                let message: String?
                let status: String?
            }
            let error: Content
        }
        let status = "HTTP \(response.status)"
        if let answer = try? JSONDecoder().decode(OAuth.self, from: Data(response.body)) {
            let subtype = answer.error_subtype.map { " (\($0))" } ?? ""
            parts = ["\(answer.error)\(subtype) (\(status))", answer.error_description ?? ""]
        } else if let answer = try? JSONDecoder().decode(API.self, from: Data(response.body)) {
            parts = [answer.error.status.map { "\($0) (\(status))" } ?? status, answer.error.message ?? ""]
        } else {
            parts = [status]
        }
    }

    func text(without secrets: [Secret]) -> String {
        let text = parts.filter { !$0.isEmpty }.joined(separator: ", ").prefix(1000)
        return secrets.map { $0.reveal() }.filter { !$0.isEmpty }.reduce(String(text)) {
            $0.replacing($1, with: "(secret)")
        }
    }
}
