import SkyCore
import SkyHTTP
import Synchronization

/// Why a call did not do what it was for.
struct RESTFailure: Error, Sendable {
    let error: ProviderError
    /// Nobody can tell whether it did something all the same.
    var mayHaveWorked = false
    /// What was asked of is not there.
    var isNotFound = false
}

/// Makes the calls that a `rest.yaml` describes: with the account's key, no faster than is allowed, and again where that is safe.
struct RESTCalls: Sendable {
    let provider: String
    let description: RESTDescription
    let errors: ErrorTable
    private let base: String
    private let credentials: RESTCredentials
    private let caller: HTTPCaller
    private let pacer = RESTPacer()

    /// - Parameter base: instead of the description's.
    init(
        _ provider: String, _ description: RESTDescription, errors: ErrorTable, base: String?,
        environment: [String: String], caller: HTTPCaller
    ) {
        self.provider = provider
        self.description = description
        self.errors = errors
        self.caller = caller
        self.base = base ?? description.base
        credentials = RESTCredentials(
            description.auth, base: self.base, environment: environment, caller: caller)
    }

    /// What the answer's body is; a text that is no JSON is a string.
    ///
    /// - Parameters:
    ///   - isSafe: it may be made twice. Of one that may not, only an answer of "not now" is reason to.
    ///   - more: parameters beside those of the description.
    func call(
        _ endpoint: RESTDescription.Endpoint, _ scope: JSONValue, isSafe: Bool, more: [(String, String)] = []
    ) async throws(RESTFailure) -> JSONValue {
        let request = try request(endpoint, scope, more)
        let what = "\(request.method.rawValue) \(request.url.prefix { $0 != "?" })"
        var rounds = 0
        while true {
            rounds += 1
            await pacer.wait(endpoint.path, endpoint.pace)
            await pacer.wait(nil, description.pace)
            let response = try await answer(to: request, what, isSafe: isSafe)
            if response.isSuccess {
                return JSONValue(response.body) ?? .string(response.text.filter { !$0.isNewline })
            }
            if response.status == 401, rounds == 1, await credentials.forgetToken() { continue }
            if response.status == 429, rounds < Self.patientRounds, await pause(response, rounds) { continue }
            throw failure(response, what)
        }
    }

    /// All items of a list, of all pages.
    func items(
        _ listing: RESTDescription.Listing, _ scope: JSONValue
    ) async throws(RESTFailure) -> [JSONValue] {
        var all: [JSONValue] = []
        var more: [(String, String)] = []
        var page = 0
        // An API that goes in circles is not followed forever.
        for _ in 0..<1000 {
            if case .numbered(let parameter, let first, _) = listing.paging {
                more = [(parameter, String(first + page))]
            }
            let answer = try await call(listing.endpoint, scope, isSafe: true, more: more)
            let items = listing.items.values(in: answer)
            all += items
            page += 1
            switch listing.paging {
            case .none: return all
            case .token(let path, let parameter):
                guard let token = path.value(in: answer)?.text else { return all }
                more = [(parameter, token)]
            case .numbered(_, _, let size): if items.count < size { return all }
            }
        }
        throw RESTFailure(error: ProviderError(.transient, provider: provider, "its list of machines has no end"))
    }

    // MARK: One try

    private static let patientRounds = 6
    private static let retries = HTTPRetries(tries: 6, deadline: .seconds(120))

    private func request(
        _ endpoint: RESTDescription.Endpoint, _ scope: JSONValue, _ more: [(String, String)]
    ) throws(RESTFailure) -> HTTPRequest {
        guard let path = endpoint.path.rendered(scope, escape: Self.escape)?.text else {
            throw RESTFailure(
                error: ProviderError(.badRequest, provider: provider, "something that the path needs is not known"))
        }
        let query =
            endpoint.query.compactMap { parameter in
                parameter.value.rendered(scope)?.text.map { (parameter.name, $0) }
            } + more
        let parameters = query.map { "\(Self.escape($0.0))=\(Self.escape($0.1))" }.joined(separator: "&")
        var request = HTTPRequest(
            endpoint.method, base + path + (parameters.isEmpty ? "" : "?\(parameters)"),
            headers: ["Accept": "application/json"])
        if let body = endpoint.body?.rendered(scope) {
            request.body = .bytes(body.bytes)
            request.headers["Content-Type"] = "application/json"
        }
        return request
    }

    private func answer(
        to request: HTTPRequest, _ what: String, isSafe: Bool
    ) async throws(RESTFailure) -> HTTPResponse {
        var request = request
        request.isOnce = !isSafe
        do throws(CredentialFailure) {
            for field in try await credentials.header().fields { request.headers[field.name] = field.value }
        } catch {
            let kind: ProviderError.Kind = [.missing, .refused].contains(error.kind) ? .credentials : .transient
            throw RESTFailure(error: ProviderError(kind, provider: provider, error.message))
        }
        let whole = request
        do throws(HTTPError) {
            return try await caller.call(
                base, retries: isSafe ? Self.retries : .never(deadline: Self.retries.deadline),
                mayPass: { $0.mayPass && $0.status != 429 }
            ) { (timeLeft) throws(HTTPError) in
                var attempt = whole
                attempt.timeout = min(timeLeft, .seconds(60))
                return try await caller.client.send(attempt)
            }
        } catch {
            let neverLeft: Set<HTTPError.Kind> = [.couldNotConnect, .tls, .invalidURL, .invalidRequest, .unavailable]
            throw RESTFailure(
                error: ProviderError(.transient, provider: provider, error.message),
                mayHaveWorked: !neverLeft.contains(error.kind))
        }
    }

    private func failure(_ response: HTTPResponse, _ what: String) -> RESTFailure {
        let body = JSONValue(response.body)
        let codes = body.map { body in description.errors.code.compactMap { $0.value(in: body)?.text } } ?? []
        let said =
            body.flatMap { body in description.errors.message.lazy.compactMap { $0.value(in: body)?.text }.first }
            ?? String(response.text.prefix(300))
        let id = response.requestID.map { ", request \($0)" } ?? ""
        let error = errors.error(
            ["\(response.status) \(said)"] + codes + ["\(response.status)"], status: response.status,
            "\((codes + [said]).filter { !$0.isEmpty }.joined(separator: ": ")) (\(what): \(response.status)\(id))")
        return RESTFailure(
            error: error, mayHaveWorked: response.status >= 500 || response.status == 408,
            isNotFound: response.status == 404 || error.kind == .lost)
    }

    /// As long as the cloud says. False when nobody waits any more, or it would be too long.
    private func pause(_ response: HTTPResponse, _ round: Int) async -> Bool {
        let asked = response.headers["Retry-After"].flatMap { Int64($0) } ?? 0
        guard asked <= 60 else { return false }
        let milliseconds = asked * 1000 + Int64.random(in: 0...(250 << Int64(round)))
        return (try? await Task.sleep(for: .milliseconds(milliseconds))) != nil
    }

    /// RFC 3986: what is put into a path or a query stays one piece of it.
    private static func escape(_ text: String) -> String {
        var escaped = ""
        for byte in text.utf8 {
            let scalar = Unicode.Scalar(byte)
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "-", ".", "_", "~": escaped.unicodeScalars.append(scalar)
            default: escaped += byte < 16 ? "%0\(String(byte, radix: 16))" : "%\(String(byte, radix: 16).uppercased())"
            }
        }
        return escaped
    }
}

/// Keeps calls so far apart as the cloud wants them.
final class RESTPacer: Sendable {
    private let next = Mutex<[RESTTemplate?: ContinuousClock.Instant]>([:])

    /// Returns when it is the turn of a call of this kind; nil for those of all kinds.
    func wait(_ kind: RESTTemplate?, _ apart: TimeSpan?) async {
        guard let apart, apart > .zero else { return }
        let turn = next.withLock { next in
            let turn = max(next[kind] ?? .now, .now)
            next[kind] = turn + .milliseconds(apart.milliseconds)
            return turn
        }
        try? await Task.sleep(until: turn, clock: .continuous)
    }
}
