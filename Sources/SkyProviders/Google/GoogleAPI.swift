import FoundationEssentials
import SkyAWS
import SkyCore
import SkyGoogle
import SkyHTTP

/// Calls Google Cloud's REST APIs as whom the application-default credentials say.
///
/// Every call that is made through here is safe to repeat: it asks, it deletes, or it carries a name or an id of its own.
struct GoogleAPI: Sendable {
    /// The parts of Google Cloud that are spoken to.
    enum Service: String, Sendable {
        case compute, tpu
        case projects = "cloudresourcemanager"
    }

    struct Call: Sendable {
        var method = HTTPRequest.Method.get
        var service = Service.compute
        /// Begins with a slash and the version.
        var path: String
        var query: [(name: String, value: String)] = []
        var body: [UInt8]?
        /// Of one try: a wait for an operation is answered late.
        var limit = TimeSpan.seconds(30)
        var deadline = TimeSpan.seconds(120)
    }

    let provider: String
    let tokens: GoogleTokenSource
    let caller: HTTPCaller
    let errors: ErrorTable
    /// Instead of Google's own addresses.
    let endpoint: String?

    func answer<Answer: Decodable>(_ type: Answer.Type, _ call: Call) async throws(GoogleFailure) -> Answer {
        let body = try await send(call)
        do { return try JSONDecoder().decode(type, from: Data(body)) } catch {
            throw failure(call, nil, [], "the answer is not the JSON that was expected")
        }
    }

    static func body(_ value: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(value)).map { Array($0) } ?? []
    }

    /// The body of a success.
    @discardableResult
    func send(_ call: Call) async throws(GoogleFailure) -> [UInt8] {
        var token = try await token()
        var response = try await response(to: call, token)
        if response.status == 401 {
            // It was taken back before its time.
            await tokens.forget(token)
            token = try await self.token()
            response = try await self.response(to: call, token)
        }
        if response.isSuccess { return response.body }
        let refusal = GoogleRefusal(response, from: call.service)
        throw failure(call, response.status, refusal.codes, refusal.text)
    }

    private func token() async throws(GoogleFailure) -> Secret {
        do { return try await tokens.token() } catch { throw GoogleFailure(error, provider: provider) }
    }

    private func response(to call: Call, _ token: Secret) async throws(GoogleFailure) -> HTTPResponse {
        let origin = endpoint ?? "https://\(call.service.rawValue).googleapis.com"
        let query = call.query.map { "\(PercentEncoding.encode($0.name))=\(PercentEncoding.encode($0.value))" }
        let url = "\(origin)\(call.path)" + (query.isEmpty ? "" : "?\(query.joined(separator: "&"))")
        var headers: HTTPHeaders = ["Authorization": "Bearer \(token.reveal())"]
        if call.body != nil { headers["Content-Type"] = "application/json" }
        do {
            if let project = try await tokens.quotaProject() { headers["x-goog-user-project"] = project }
        } catch { throw GoogleFailure(error, provider: provider) }
        let (caller, errors) = (caller, errors)
        do {
            let answer = try await caller.call(
                origin, retries: HTTPRetries(tries: 6, deadline: call.deadline)
            ) { [headers] timeLeft throws(HTTPError) in
                let response = try await caller.client.send(
                    HTTPRequest(
                        call.method, url, headers: headers, body: call.body.map { .bytes($0) },
                        timeout: min(timeLeft, call.limit), stallTimeout: call.limit))
                return PacedAnswer(response, errors: errors, service: call.service)
            }
            return answer.said
        } catch {
            let kind: ProviderError.Kind = .transient
            throw GoogleFailure(
                status: nil, codes: [], error: ProviderError(kind, provider: provider, error.message))
        }
    }

    /// - Parameter codes: the most exact first.
    func failure(_ call: Call, _ status: Int?, _ codes: [String], _ message: String) -> GoogleFailure {
        failure("\(call.method.rawValue) \(call.path)", status, codes, message)
    }

    func failure(_ asked: String, _ status: Int?, _ codes: [String], _ message: String) -> GoogleFailure {
        GoogleFailure(status: status, codes: codes, error: errors.error(codes, status: status, "\(asked): \(message)"))
    }
}

/// An answer as whoever paces calls should see it: Google complains of too many calls with 403 also.
private struct PacedAnswer: HTTPAnswer {
    let said: HTTPResponse
    let response: HTTPResponse

    init(_ said: HTTPResponse, errors: ErrorTable, service: GoogleAPI.Service) {
        self.said = said
        let isComplaint =
            said.status == 403
            && GoogleRefusal(said, from: service).codes.lazy.compactMap { errors.row(for: $0) }.first?.isThrottling
                == true
        response = isComplaint ? HTTPResponse(status: 429, headers: said.headers, body: said.body) : said
    }
}

/// Why a call came to nothing, with what adapters have to tell apart.
struct GoogleFailure: Error {
    let status: Int?
    let codes: [String]
    let error: ProviderError

    init(status: Int?, codes: [String], error: ProviderError) {
        self.status = status
        self.codes = codes
        self.error = error
    }

    init(_ failure: CredentialFailure, provider: String) {
        let kind: ProviderError.Kind =
            switch failure.kind {
            case .missing, .refused: .credentials
            case .noAnswer, .cancelled: .transient
            }
        self.init(status: nil, codes: [], error: ProviderError(kind, provider: provider, failure.message))
    }

    var isNotFound: Bool { status == 404 }
    var isConflict: Bool { status == 409 }
    var isForbidden: Bool { status == 403 }
}
