import SkyAWS
public import SkyCore
public import SkyHTTP

/// Speaks to one account of Azure's Blob service
/// (https://learn.microsoft.com/rest/api/storageservices/blob-service-rest-api).
public final class AzureBlobClient: ObjectStore {
    let caller: HTTPCaller
    let identity: AzureStorageIdentity
    let now: @Sendable () -> Instant
    let keys = DelegationKeys()
    private let patience: TimeSpan?

    /// Of the service, whose answers keep to it.
    static let version = "2023-11-03"

    /// - Parameter patience: for callers who would rather do without: a call is tried twice, and that long.
    public init(
        _ identity: AzureStorageIdentity, caller: HTTPCaller, now: @escaping @Sendable () -> Instant,
        patience: TimeSpan? = nil
    ) {
        self.identity = identity
        self.caller = caller
        self.now = now
        self.patience = patience
    }

    public var origin: String { identity.endpoint }

    public var rules: PartRules { .azure }

    /// - Throws: `.refused` for every status but those expected.
    func expect(_ call: AzureCall, _ statuses: Set<Int> = [200]) async throws(StorageError) -> HTTPResponse {
        let response = try await perform(call)
        guard statuses.contains(response.status) else { throw Self.refusal(of: call, response) }
        return response
    }

    /// Whatever the answer.
    func perform(_ call: AzureCall) async throws(StorageError) -> HTTPResponse {
        var headers = call.headers
        if case .tokens(let source) = identity.proof {
            do throws(CredentialFailure) {
                headers["Authorization"] = "Bearer \(try await source.token().reveal())"
            } catch {
                throw StorageError(error)
            }
        }
        let retries = patience.map { HTTPRetries(tries: 2, deadline: $0) } ?? call.retries
        do throws(HTTPError) {
            return try await caller.call(identity.endpoint, retries: retries) { [headers] timeLeft throws(HTTPError) in
                let request = request(call, headers, timeLeft: timeLeft)
                return try await caller.client.send(request, to: call.destination)
            }
        } catch {
            throw StorageError(error)
        }
    }

    private func request(_ call: AzureCall, _ headers: HTTPHeaders, timeLeft: TimeSpan) -> HTTPRequest {
        var headers = headers
        headers["x-ms-version"] = Self.version
        headers["x-ms-date"] = now().httpDate
        // The client says it too, but it has to be signed.
        if let part = call.destination?.part { headers["Range"] = "bytes=\(part.lowerBound)-\(part.upperBound - 1)" }
        let body = call.body ?? (call.method == .put ? .bytes([]) : nil)
        if body != nil, headers["Content-Type"] == nil { headers["Content-Type"] = "application/octet-stream" }
        let query = call.query.map { "\(PercentEncoding.encode($0.name))=\(PercentEncoding.encode($0.value))" }
        var address = identity.endpoint + PercentEncoding.encode(call.path, keepingSlashes: true)
        var parts = query
        switch identity.proof {
        case .key(let key):
            headers["Authorization"] = SharedKey(account: identity.account, key: key).authorization(
                call.method, path: Self.path(of: address), query: call.query, headers: headers,
                length: body?.count ?? 0)
        case .signature(let signature): parts.append(signature.reveal())
        case .tokens, .none: break
        }
        if !parts.isEmpty { address += "?\(parts.joined(separator: "&"))" }
        let isLong = call.destination != nil || body?.isFile == true
        return HTTPRequest(
            call.method, address, headers: headers, body: body,
            timeout: isLong ? timeLeft : min(timeLeft, .seconds(60)))
    }

    /// Of an address, with its slash.
    private static func path(of address: String) -> String {
        let host = address.firstRange(of: "://")?.upperBound ?? address.startIndex
        return String(address[host...].drop { $0 != "/" })
    }

    func answer(_ response: HTTPResponse, to call: AzureCall) throws(StorageError) -> XMLElement {
        do { return try XMLElement(parsing: response.body) } catch {
            throw .service(
                ServiceError(
                    .badAnswer, status: response.status, "\(call.asked): the answer cannot be read: \(error.reason)"))
        }
    }

    /// Errors are `<Error><Code/><Message/></Error>`, and for `HEAD` the code is in a header.
    static func refusal(of call: AzureCall, _ response: HTTPResponse) -> StorageError {
        let error = try? XMLElement(parsing: response.body)
        // The service's sentence is followed by lines with the request's id and time.
        let said = error?.text("Message")?.split(whereSeparator: \.isNewline).first.map { String($0) }
        return .service(ServiceError(call.asked, response, code: code(of: response), said: said ?? ""))
    }

    static func code(of response: HTTPResponse) -> String {
        response.headers["x-ms-error-code"] ?? (try? XMLElement(parsing: response.body))?.text("Code") ?? ""
    }

    /// There was one, and it had to be left alone.
    static func isKept(_ response: HTTPResponse) -> Bool {
        response.status == 412 || (response.status == 409 && code(of: response) == "BlobAlreadyExists")
    }
}

extension HTTPRequest.Body {
    var count: Int64 {
        switch self {
        case .bytes(let bytes): Int64(bytes.count)
        case .file(_, _, let count): count
        }
    }
}
