public import SkyCore
import SkyHTTP

/// AWS Signature Version 4, by hand: libcurl's own, in the versions that systems have, signs many requests wrongly.
///
/// It does no input or output and reads no clock.
public struct SignatureV4: Sendable {
    private let credentials: AWSCredentials
    private let region: String
    private let service: String
    private var isS3: Bool { service == "s3" }

    private static let algorithm = "AWS4-HMAC-SHA256"

    /// - Parameters:
    ///   - region: `us-east-1`
    ///   - service: as the signature names it: `s3`, `ec2`, `sts`.
    public init(_ credentials: AWSCredentials, region: String, service: String) {
        self.credentials = credentials
        self.region = region
        self.service = service
    }

    /// Signs in the header `Authorization`.
    public func sign(_ request: AWSRequest, at moment: Instant) -> SignedRequest {
        let date = SignatureTime(moment)
        let payload = payloadText(request.payload)
        var headers = request.headers
        headers["Host"] = request.host
        headers["X-Amz-Date"] = date.full
        if isS3 { headers["X-Amz-Content-Sha256"] = payload }
        if let token = credentials.sessionToken { headers["X-Amz-Security-Token"] = token.reveal() }
        let path = wirePath(request)
        let query = CanonicalRequest.query(request.query)
        let canonical = CanonicalRequest(
            method: request.method, path: canonicalPath(ofWire: path), query: query, headers: headers,
            payload: payload)
        headers["Authorization"] =
            "\(Self.algorithm) Credential=\(credentials.accessKeyID)/\(scope(date)), "
            + "SignedHeaders=\(canonical.signedHeaders), Signature=\(signature(of: canonical, date))"
        return SignedRequest(url: request.origin + path + (query.isEmpty ? "" : "?\(query)"), headers: headers)
    }

    /// A URL that anybody may use, with the request's headers and no others of AWS's, until it expires.
    ///
    /// For S3 the body is not signed, whatever the request's payload.
    /// - Parameter lifetime: whole seconds; AWS takes up to seven days.
    public func presign(_ request: AWSRequest, at moment: Instant, for lifetime: TimeSpan) -> String {
        let date = SignatureTime(moment)
        var headers = request.headers
        headers["Host"] = request.host
        let payload = isS3 ? "UNSIGNED-PAYLOAD" : payloadText(request.payload)
        let path = wirePath(request)
        let canonical = { (query: String) in
            CanonicalRequest(
                method: request.method, path: canonicalPath(ofWire: path), query: query, headers: headers,
                payload: payload)
        }
        var parameters = request.query
        parameters += [
            .init("X-Amz-Algorithm", Self.algorithm),
            .init("X-Amz-Credential", "\(credentials.accessKeyID)/\(scope(date))"),
            .init("X-Amz-Date", date.full),
            .init("X-Amz-Expires", String(lifetime.milliseconds / 1000)),
            .init("X-Amz-SignedHeaders", canonical("").signedHeaders),
        ]
        if let token = credentials.sessionToken { parameters.append(.init("X-Amz-Security-Token", token.reveal())) }
        let query = CanonicalRequest.query(parameters)
        return "\(request.origin)\(path)?\(query)&X-Amz-Signature=\(signature(of: canonical(query), date))"
    }

    /// Encoded once, as it goes out.
    private func wirePath(_ request: AWSRequest) -> String {
        PercentEncoding.encode(isS3 ? request.path : CanonicalRequest.resolved(request.path), keepingSlashes: true)
    }

    /// Every service but S3 encodes again what came over the wire.
    private func canonicalPath(ofWire path: String) -> String {
        isS3 ? path : PercentEncoding.encode(path, keepingSlashes: true)
    }

    private func payloadText(_ payload: AWSRequest.Payload) -> String {
        switch payload {
        case .sha256(let hex): hex
        case .unsigned: "UNSIGNED-PAYLOAD"
        }
    }

    private func scope(_ date: SignatureTime) -> String { "\(date.day)/\(region)/\(service)/aws4_request" }

    /// Also of canonical requests that a test spells out.
    func signature(of canonical: CanonicalRequest, _ date: SignatureTime) -> String {
        let text =
            "\(Self.algorithm)\n\(date.full)\n\(scope(date))\n"
            + String(hexOf: SHA256.hash(Array(canonical.text.utf8)))
        var key = Array("AWS4\(credentials.secretAccessKey.reveal())".utf8)
        for step in [date.day, region, service, "aws4_request", text] {
            key = SHA256.hmac(key: key, Array(step.utf8))
        }
        return String(hexOf: key)
    }
}
