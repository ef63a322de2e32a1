import FoundationEssentials
import SkyCore
public import SkyHTTP

/// Speaks to Azure Resource Manager. What it is asked for is safe to repeat: names are the caller's own, so a `PUT` makes one thing
/// however often it is sent.
public struct ResourceManager: Sendable {
    public let account: AzureAccount
    private let otherOrigin: String?

    /// - Parameter endpoint: another address than that of the account's Azure, without a slash at its end.
    public init(_ account: AzureAccount, endpoint: String? = nil) {
        self.account = account
        otherOrigin = endpoint
    }

    /// What to ask of which resource.
    public struct Call: Sendable {
        public var method: HTTPRequest.Method
        /// From `/subscriptions` on.
        public var path: String
        public var version: String
        public var query: [(name: String, value: String)]
        public var body: JSONValue?

        public init(
            _ method: HTTPRequest.Method, _ path: String, version: String,
            query: [(name: String, value: String)] = [], body: JSONValue? = nil
        ) {
            self.method = method
            self.path = path
            self.version = version
            self.query = query
            self.body = body
        }

        /// Without subscription and group, for people: `PUT virtualMachines/sky-1`.
        public var title: String {
            "\(method.rawValue) \(path.split(separator: "/").suffix(2).joined(separator: "/"))"
        }

        var target: String {
            "\(path)?\(Encoding.form([("api-version", version)] + query))"
        }
    }

    private struct Page<Value: Decodable>: Decodable {
        let value: [Value]
        let nextLink: String?
    }

    /// The answer to a call, whatever its status.
    ///
    /// - Throws: when there is none, or nobody to ask as.
    public func answer(_ call: Call) async throws(ResourceManagerError) -> HTTPResponse {
        try await send(call.method, try await origin() + call.target, body: call.body?.bytes)
    }

    /// - Throws: also what the answer refuses.
    public func perform(_ call: Call) async throws(ResourceManagerError) -> HTTPResponse {
        let response = try await answer(call)
        guard response.isSuccess else { throw ResourceManagerError(call.title, response) }
        return response
    }

    /// A resource; nil when there is none, nor the group that it would be in.
    public func find<Value: Decodable>(
        _ type: Value.Type, _ path: String, version: String, query: [(name: String, value: String)] = []
    ) async throws(ResourceManagerError) -> Value? {
        let call = Call(.get, path, version: version, query: query)
        let response = try await answer(call)
        if Self.isMissing(response) { return nil }
        guard response.isSuccess else { throw ResourceManagerError(call.title, response) }
        return try Self.decode(type, response.body, call.title)
    }

    /// All pages of a list; empty where the group that it would be of is not there.
    public func list<Value: Decodable>(
        _ type: Value.Type, _ path: String, version: String, query: [(name: String, value: String)] = []
    ) async throws(ResourceManagerError) -> [Value] {
        let call = Call(.get, path, version: version, query: query)
        let origin = try await origin()
        var next: String? = origin + call.target
        var all: [Value] = []
        while let url = next {
            let response = try await send(.get, url)
            if Self.isMissing(response) { return [] }
            guard response.isSuccess else { throw ResourceManagerError(call.title, response) }
            let page = try Self.decode(Page<Value>.self, response.body, call.title)
            all += page.value
            next = page.nextLink.flatMap { $0.isEmpty ? nil : $0 }
            // Our token goes with the question.
            if let next, !Self.isOurs(next, origin) {
                throw ResourceManagerError(.refused, "\(call.title): its next page is said to be elsewhere, at \(next)")
            }
        }
        return all
    }

    /// Not there, or its group is not: an unknown subscription is another matter.
    private static func isMissing(_ response: HTTPResponse) -> Bool {
        response.status == 404 && Fault(response.body)?.code != "SubscriptionNotFound"
    }

    /// Some of Azure's answers name the port that everybody takes anyway.
    static func isOurs(_ url: String, _ origin: String) -> Bool {
        url.hasPrefix("\(origin)/") || url.hasPrefix("\(origin):443/")
    }

    public static func decode<Value: Decodable>(
        _ type: Value.Type, _ body: [UInt8], _ asked: String
    ) throws(ResourceManagerError) -> Value {
        do { return try JSONDecoder().decode(type, from: Data(body)) } catch {
            throw ResourceManagerError(.noAnswer, "\(asked): the answer is not the JSON that was expected")
        }
    }

    func origin() async throws(ResourceManagerError) -> String {
        if let otherOrigin { return otherOrigin }
        do { return try await account.endpoints().management } catch { throw ResourceManagerError(error) }
    }

    /// A token that is refused is replaced once.
    func send(
        _ method: HTTPRequest.Method, _ url: String, body: [UInt8]? = nil
    ) async throws(ResourceManagerError) -> HTTPResponse {
        var (response, token) = try await tried(method, url, body)
        if response.status == 401 {
            await account.forget(token, for: try await scope())
            (response, token) = try await tried(method, url, body)
        }
        if response.status == 401 {
            let fault = Fault(response.body)
            throw ResourceManagerError(
                .credentials, codes: fault?.codes ?? [], status: 401,
                "Azure does not take our token: \(fault?.words ?? "HTTP 401")")
        }
        return response
    }

    private func tried(
        _ method: HTTPRequest.Method, _ url: String, _ body: [UInt8]?
    ) async throws(ResourceManagerError) -> (HTTPResponse, Secret) {
        let token = try await token()
        var headers: HTTPHeaders = ["Authorization": "Bearer \(token.reveal())", "Accept": "application/json"]
        if body != nil { headers["Content-Type"] = "application/json" }
        let caller = account.surroundings.caller
        do throws(HTTPError) {
            let host = "azure-resource-manager"
            let retries = HTTPRetries(tries: 6, deadline: .seconds(120))
            let response = try await caller.call(host, retries: retries) { [headers] timeLeft throws(HTTPError) in
                try await caller.client.send(
                    HTTPRequest(
                        method, url, headers: headers, body: body.map { .bytes($0) },
                        timeout: min(timeLeft, .seconds(60))))
            }
            return (response, token)
        } catch { throw ResourceManagerError(error) }
    }

    func token() async throws(ResourceManagerError) -> Secret {
        let scope = try await scope()
        do { return try await account.token(for: scope).secret } catch { throw ResourceManagerError(error) }
    }

    private func scope() async throws(ResourceManagerError) -> AzureScope {
        do { return AzureScope(resource: try await account.endpoints().management) } catch {
            throw ResourceManagerError(error)
        }
    }
}
