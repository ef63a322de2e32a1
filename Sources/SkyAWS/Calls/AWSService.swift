public import SkyCore
import SkyHTTP

/// One of AWS's services in one region, called as one identity: signs, sends, and sends again where that is worth it.
///
/// All calls by it may be repeated: whoever makes one sees to that, by a token of the call or because twice is like once.
public struct AWSService: Sendable {
    /// What a refusal's code says about asking again.
    public enum Passing: Hashable, Sendable {
        /// It may well pass.
        case soon
        /// The service wants fewer calls, or later ones.
        case throttled
        /// The same will be said again.
        case never
    }

    /// Where a service is, and what it is called.
    public struct Name: Hashable, Sendable {
        /// As signatures and hosts have it: `ec2`, `servicequotas`.
        public var signing: String
        /// As AWS's settings have it, in `endpoint_url` and its variables: `ec2`, `service_quotas`.
        public var setting: String

        public init(_ signing: String, setting: String? = nil) {
            self.signing = signing
            self.setting = setting ?? signing
        }
    }

    public let region: String
    private let name: Name
    private let origin: String
    private let identity: AWSIdentity
    private let passing: @Sendable (_ code: String) -> Passing?

    /// - Parameters:
    ///   - endpoint: another address than the settings' or AWS's own, without a slash at its end.
    ///   - passing: of the service's codes; nil for codes that nobody knows, of which the status decides.
    public init(
        _ name: Name, region: String, endpoint: String? = nil, as identity: AWSIdentity,
        passing: @escaping @Sendable (_ code: String) -> Passing?
    ) {
        self.name = name
        self.region = region
        self.identity = identity
        self.passing = passing
        origin =
            endpoint ?? identity.settings.endpoint(of: name.setting)
            ?? "https://\(name.signing).\(region).\(AWSPartition.domain(of: region))"
    }

    /// A call of the Query protocol, which takes parameters and answers in XML.
    ///
    /// - Throws: `.refused` for every status but 200, with the service's code.
    public func query(
        _ action: String, version: String, _ parameters: [AWSRequest.Parameter], limit: TimeSpan = .seconds(60)
    ) async throws(AWSError) -> XMLElement {
        let all = parameters + [.init("Action", action), .init("Version", version)]
        // As forms have it, and AWS's own tools: servers that write the body anew to check its signature write blanks so.
        let form = CanonicalRequest.query(all).replacing("%20", with: "+")
        let response = try await send(
            Array(form.utf8),
            headers: ["Content-Type": "application/x-www-form-urlencoded; charset=utf-8"], asked: action, limit: limit)
        do { return try XMLElement(parsing: response.body) } catch {
            throw AWSError(
                .badAnswer, status: response.status,
                "\(action) in \(region): the answer cannot be read: \(error.reason)")
        }
    }

    /// A call of the JSON protocol.
    ///
    /// - Parameter target: `AmazonSSM.GetParameters`
    public func json(
        _ target: String, _ body: [UInt8], limit: TimeSpan = .seconds(60)
    ) async throws(AWSError) -> [UInt8] {
        let headers: HTTPHeaders = ["Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target]
        return try await send(body, headers: headers, asked: target, limit: limit).body
    }

    private func send(
        _ body: [UInt8], headers: HTTPHeaders, asked: String, limit: TimeSpan
    ) async throws(AWSError) -> HTTPResponse {
        let credentials = try await identity.credentials()
        let signature = SignatureV4(credentials, region: region, service: name.signing)
        let caller = identity.settings.surroundings.caller
        let now = identity.settings.surroundings.now
        let request = AWSRequest(.post, origin: origin, path: "/", headers: headers, payload: .bytes(body))
        let response: HTTPResponse
        do throws(HTTPError) {
            // Limits are per region, also where all regions share an address.
            response = try await caller.call(
                "\(origin) \(region)", retries: HTTPRetries(tries: 6, deadline: limit), mayPass: mayPass,
                isThrottling: { meaning(of: $0) == .throttled }
            ) { timeLeft throws(HTTPError) in
                let signed = signature.sign(request, at: now())
                return try await caller.client.send(
                    HTTPRequest(.post, signed.url, headers: signed.headers, body: .bytes(body), timeout: timeLeft))
            }
        } catch { throw AWSError(error) }
        guard response.status == 200 else { throw AWSError("\(asked) in \(region)", response) }
        return response
    }

    private func mayPass(_ response: HTTPResponse) -> Bool {
        switch meaning(of: response) {
        case .soon, .throttled: true
        case .never: false
        case nil: response.mayPass
        }
    }

    private func meaning(of response: HTTPResponse) -> Passing? {
        guard response.status != 200 else { return nil }
        let code = AWSError("", response).code
        return code.isEmpty ? (response.isThrottling ? .throttled : nil) : passing(code)
    }
}

/// Who calls: a profile's settings, and the credentials that they lead to.
public struct AWSIdentity: Sendable {
    public let settings: AWSSettings
    private let source: CredentialSource

    public init(_ settings: AWSSettings) {
        self.settings = settings
        source = CredentialSource(settings)
    }

    /// Where the credentials are found, for people.
    public func place() async throws(AWSError) -> String { try await source.credentials().source }

    func credentials() async throws(AWSError) -> AWSCredentials { try await source.credentials().credentials }
}
