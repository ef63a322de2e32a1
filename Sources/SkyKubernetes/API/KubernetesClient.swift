public import SkyCore
public import SkyHTTP

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Speaks with one cluster's API server, in JSON: one call each, tried again where that is safe.
public struct KubernetesClient: Sendable {
    public let access: ClusterAccess
    public let credentials: ClusterCredentials
    private let caller: HTTPCaller
    private let retries: HTTPRetries

    /// - Parameters:
    ///   - caller: shared by all that speak with clusters, so that each API server is asked no more than it bears.
    ///   - retries: for calls that are safe to repeat.
    public init(
        _ access: ClusterAccess, credentials: ClusterCredentials, caller: HTTPCaller,
        retries: HTTPRetries = HTTPRetries(tries: 6, deadline: .seconds(60))
    ) {
        self.access = access
        self.credentials = credentials
        self.caller = caller
        self.retries = retries
    }

    // MARK: Calls

    public func get<Value: Decodable & Sendable>(
        _ type: Value.Type, _ resource: KubernetesPath, _ asked: String
    ) async throws(KubernetesError) -> Value {
        try decode(type, try await send(.get, resource, asked: asked), asked)
    }

    /// All of a list, page by page. When the server does not remember a page any more, it is begun anew.
    public func list<Item: Decodable & Sendable>(
        _ type: Item.Type, _ resource: KubernetesPath, _ asked: String, page: Int = 500
    ) async throws(KubernetesError) -> [Item] {
        var (items, token, restarts) = ([Item](), String?.none, 0)
        while true {
            var query = resource
            query.add("limit", "\(page)")
            if let token { query.add("continue", token) }
            let answer: KubernetesList<Item>
            do throws(KubernetesError) {
                answer = try decode(KubernetesList<Item>.self, try await send(.get, query, asked: asked), asked)
            } catch {
                guard error.isExpired, token != nil, restarts < 3 else { throw error }
                (items, token, restarts) = ([], nil, restarts + 1)
                continue
            }
            items += answer.items ?? []
            guard let next = answer.metadata?.continue, !next.isEmpty else { return items }
            token = next
        }
    }

    /// Makes an object whose name is given: asked for twice it is refused as a conflict, so it may be asked for again.
    public func create<Value: Decodable & Sendable>(
        _ object: some Encodable & Sendable, answer type: Value.Type, _ resource: KubernetesPath, _ asked: String
    ) async throws(KubernetesError) -> Value {
        try decode(type, try await send(.post, resource, body: try encode(object, asked), asked: asked), asked)
    }

    /// - Parameter grace: seconds that its processes have to end by themselves.
    /// - Returns: false of what is not there.
    @discardableResult
    public func delete(_ resource: KubernetesPath, grace: Int, _ asked: String) async throws(KubernetesError) -> Bool {
        let options = DeleteOptions(gracePeriodSeconds: grace)
        do throws(KubernetesError) {
            _ = try await send(.delete, resource, body: try encode(options, asked), asked: asked)
            return true
        } catch {
            if error.isNotFound { return false }
            throw error
        }
    }

    private struct DeleteOptions: Encodable, Sendable {
        var apiVersion = "v1"
        var kind = "DeleteOptions"
        var gracePeriodSeconds: Int
        var propagationPolicy = "Background"
    }

    // MARK: One request

    private func send(
        _ method: HTTPRequest.Method, _ resource: KubernetesPath, body: [UInt8]? = nil, asked: String
    ) async throws(KubernetesError) -> [UInt8] {
        let response = try await answer(method, resource, body)
        if response.isSuccess { return response.body }
        // A token may have ended before its time.
        guard response.status == 401, await credentials.forget() else { throw KubernetesError(asked, response) }
        let second = try await answer(method, resource, body)
        guard second.isSuccess else { throw KubernetesError(asked, second) }
        return second.body
    }

    private func answer(
        _ method: HTTPRequest.Method, _ resource: KubernetesPath, _ body: [UInt8]?
    ) async throws(KubernetesError) -> HTTPResponse {
        var request = try await request(resource)
        request.method = method
        request.headers["Accept"] = "application/json"
        if let body {
            request.body = .bytes(body)
            request.headers["Content-Type"] = "application/json"
        }
        let made = request
        do throws(HTTPError) {
            return try await caller.call(access.server, retries: retries) { (timeLeft) async throws(HTTPError) in
                var attempt = made
                attempt.timeout = min(.seconds(30), timeLeft)
                return try await caller.client.send(attempt)
            }
        } catch { throw KubernetesError(error) }
    }

    /// A GET with everything that says who asks. It takes any kind of answer: kubelets give no stream to who wants JSON.
    public func request(_ resource: KubernetesPath) async throws(KubernetesError) -> HTTPRequest {
        let pass = try await credentials.pass()
        var request = HTTPRequest(.get, access.server + resource.text)
        request.route = pass.route
        if let token = pass.token { request.headers["Authorization"] = "Bearer \(token.reveal())" }
        return request
    }

    // MARK: JSON

    private func decode<Value: Decodable>(
        _ type: Value.Type, _ bytes: [UInt8], _ asked: String
    ) throws(KubernetesError) -> Value {
        do { return try JSONDecoder().decode(type, from: Data(bytes)) } catch {
            throw KubernetesError(.badAnswer, "\(asked): the answer is not what a Kubernetes API server gives")
        }
    }

    private func encode(_ object: some Encodable, _ asked: String) throws(KubernetesError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do { return Array(try encoder.encode(object)) } catch {
            throw KubernetesError(.settings, "\(asked): it cannot be written as JSON")
        }
    }
}
