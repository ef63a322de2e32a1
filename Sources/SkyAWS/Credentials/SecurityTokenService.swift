import SkyCore
import SkyHTTP

/// The two calls of STS that give credentials of a role.
struct SecurityTokenService {
    private let settings: AWSSettings
    private let region: String
    private let origin: String

    init(settings: AWSSettings, regionOf profile: String) {
        self.settings = settings
        region = settings.value("region", of: profile) ?? settings.region ?? "us-east-1"
        origin = settings.endpoint(of: "sts") ?? "https://sts.\(region).\(AWSPartition.domain(of: region))"
    }

    func assume(
        _ role: String, sessionName: String?, externalID: String?, seconds: Int?, as credentials: AWSCredentials
    ) async throws(AWSError) -> AWSCredentials {
        var parameters: [AWSRequest.Parameter] = [.init("Action", "AssumeRole"), .init("RoleArn", role)]
        parameters.append(.init("RoleSessionName", sessionName ?? fallbackName))
        if let externalID { parameters.append(.init("ExternalId", externalID)) }
        if let seconds { parameters.append(.init("DurationSeconds", String(seconds))) }
        return try await call(parameters, of: role, as: credentials)
    }

    func assume(_ role: String, sessionName: String?, token: Secret) async throws(AWSError) -> AWSCredentials {
        let parameters: [AWSRequest.Parameter] = [
            .init("Action", "AssumeRoleWithWebIdentity"), .init("RoleArn", role),
            .init("RoleSessionName", sessionName ?? fallbackName), .init("WebIdentityToken", token.reveal()),
        ]
        return try await call(parameters, of: role, as: nil)
    }

    private var fallbackName: String { "sky-\(settings.surroundings.now().millisecondsSince1970 / 1000)" }

    private func call(
        _ parameters: [AWSRequest.Parameter], of role: String, as credentials: AWSCredentials?
    ) async throws(AWSError) -> AWSCredentials {
        let body = Array(CanonicalRequest.query(parameters + [.init("Version", "2011-06-15")]).utf8)
        let response: HTTPResponse
        do {
            let caller = settings.surroundings.caller
            response = try await caller.call(origin, retries: HTTPRetries(tries: 4, deadline: .seconds(60))) {
                timeLeft throws(HTTPError) in
                try await caller.client.send(request(body, as: credentials, timeLeft: timeLeft))
            }
        } catch {
            throw AWSError(error)
        }
        guard response.status == 200 else { throw AWSError("assuming \(role)", response) }
        let answer = try? XMLElement(parsing: response.body)
        let found = answer?.children.first { $0.name.hasSuffix("Result") }?.first("Credentials")
        guard let found, let id = found.text("AccessKeyId"), let secret = found.text("SecretAccessKey") else {
            throw AWSError(.badAnswer, "assuming \(role): the answer has no credentials")
        }
        return AWSCredentials(
            accessKeyID: id, secretAccessKey: Secret(secret),
            sessionToken: found.text("SessionToken").map { Secret($0) },
            expires: found.text("Expiration").flatMap { Instant(iso8601: $0) })
    }

    private func request(_ body: [UInt8], as credentials: AWSCredentials?, timeLeft: TimeSpan) -> HTTPRequest {
        let headers: HTTPHeaders = ["Content-Type": "application/x-www-form-urlencoded; charset=utf-8"]
        var signed = SignedRequest(url: origin + "/", headers: headers)
        if let credentials {
            let request = AWSRequest(.post, origin: origin, path: "/", headers: headers, payload: .bytes(body))
            signed = SignatureV4(credentials, region: region, service: "sts")
                .sign(request, at: settings.surroundings.now())
        }
        return HTTPRequest(
            .post, signed.url, headers: signed.headers, body: .bytes(body), timeout: min(timeLeft, .seconds(20)))
    }
}

/// The parts of AWS that know nothing of each other.
public enum AWSPartition {
    /// What the names of its servers end with.
    public static func domain(of region: String) -> String {
        region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
    }
}
