import FoundationEssentials
import SkyAWS
public import SkyCore
public import SkyGoogle
public import SkyHTTP

/// Speaks to Google Cloud Storage by its JSON API (https://cloud.google.com/storage/docs/json_api/v1).
public final class GCSClient: ObjectStore {
    let caller: HTTPCaller
    let tokens: (any BearerTokenSource)?
    let endpoint: String
    let grants: GCSGrants?
    /// Whose buckets are listed, and where new ones are made.
    let project: Project
    /// What others are handed who speak for long.
    let lasting: Lasting?
    private let patience: TimeSpan?

    public typealias Project = @Sendable () async throws(CredentialFailure) -> String?
    public typealias Lasting = @Sendable () async throws(CredentialFailure) -> LastingCredential?

    public static let ownEndpoint = "https://storage.googleapis.com"

    /// - Parameters:
    ///   - tokens: who speaks; nil for nobody in particular, who may read what is public.
    ///   - project: asked for the list of buckets, and to make one.
    ///   - endpoint: `http://host:port` of a server that speaks like it, if Google's own is not meant.
    ///   - grants: how others are let read; without, by the tokens themselves.
    ///   - lasting: what a bucket is mounted with; nil where there are tokens alone.
    ///   - patience: for callers who would rather do without: a call is tried twice, and that long.
    public init(
        _ tokens: (any BearerTokenSource)?, project: @escaping Project, endpoint: String? = nil,
        grants: GCSGrants? = nil, lasting: Lasting? = nil, caller: HTTPCaller, patience: TimeSpan? = nil
    ) {
        self.tokens = tokens
        self.grants = grants
        self.lasting = lasting
        self.project = project
        self.endpoint = endpoint ?? Self.ownEndpoint
        self.caller = caller
        self.patience = patience
    }

    public var origin: String { endpoint }

    public var rules: PartRules { .google }

    /// - Throws: `.refused` for every status but those expected.
    func expect(_ call: GCSCall, _ statuses: Set<Int> = [200]) async throws(StorageError) -> HTTPResponse {
        let response = try await perform(call)
        guard statuses.contains(response.status) else { throw Self.refusal(of: call, response) }
        return response
    }

    /// Whatever the answer.
    func perform(_ call: GCSCall) async throws(StorageError) -> HTTPResponse {
        var headers = call.headers
        if let tokens {
            do throws(CredentialFailure) {
                headers["Authorization"] = "Bearer \(try await tokens.token().reveal())"
            } catch {
                throw StorageError(error)
            }
        }
        let retries = patience.map { HTTPRetries(tries: 2, deadline: $0) } ?? call.retries
        do throws(HTTPError) {
            return try await caller.call(endpoint, retries: retries) { [headers] timeLeft throws(HTTPError) in
                let isLong = call.destination != nil || call.body?.isFile == true
                let request = HTTPRequest(
                    call.method, call.url(at: endpoint), headers: headers, body: call.body,
                    timeout: isLong ? timeLeft : min(timeLeft, .seconds(60)))
                return try await caller.client.send(request, to: call.destination)
            }
        } catch {
            throw StorageError(error)
        }
    }

    func answer<Answer: Decodable>(
        _ type: Answer.Type, _ response: HTTPResponse, to call: GCSCall
    ) throws(StorageError) -> Answer {
        do { return try JSONDecoder().decode(Answer.self, from: Data(response.body)) } catch {
            throw .service(
                ServiceError(
                    .badAnswer, status: response.status, "\(call.asked): the answer is not what it should be"))
        }
    }

    /// Errors are `{"error": {"message", "errors": [{"reason"}]}}`, but those of uploads may be a line of text.
    static func refusal(of call: GCSCall, _ response: HTTPResponse) -> StorageError {
        let error = (try? JSONDecoder().decode(GCSError.self, from: Data(response.body)))?.error
        let isJSON = error != nil
        let said = error?.message ?? (response.body.count <= 400 ? response.text : "")
        var code = error?.errors?.first?.reason ?? ""
        // The reason of a wrong checksum is that of all other wrong fields.
        if response.status == 400, isJSON || !said.isEmpty, said.contains("doesn't match calculated") {
            code = "BadDigest"
        }
        return .service(ServiceError(call.asked, response, code: code, said: said))
    }
}

private struct GCSError: Decodable {
    let error: Inner

    struct Inner: Decodable {
        let message: String?
        let errors: [Reason]?
    }

    struct Reason: Decodable { let reason: String? }
}

extension HTTPRequest.Body {
    var isFile: Bool {
        if case .file = self { return true }
        return false
    }
}
