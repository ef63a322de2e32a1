import SkyAWS
import SkyCore

/// What is signed so that an address lets whoever has it read one object
/// (https://cloud.google.com/storage/docs/access-control/signing-urls-manually, version 4).
struct GCSSignature: Sendable {
    private let address: String
    private let query: String
    /// What the signature is of.
    let text: String

    /// - Parameters:
    ///   - endpoint: `https://host`, without a slash at its end.
    ///   - account: who signs.
    ///   - span: how long the address is good from `now` on: a week at the most.
    init(
        _ method: String = "GET", of url: ObjectURL, at endpoint: String, by account: String, now: Instant,
        lasting span: TimeSpan
    ) {
        let (algorithm, moment) = ("GOOG4-RSA-SHA256", SignatureTime(now))
        let path = PercentEncoding.encode("/\(url.bucket)/\(url.key)", keepingSlashes: true)
        address = endpoint + path
        let scope = "\(moment.day)/auto/storage/goog4_request"
        let fields = [
            ("X-Goog-Algorithm", algorithm), ("X-Goog-Credential", "\(account)/\(scope)"),
            ("X-Goog-Date", moment.full), ("X-Goog-Expires", String(span.milliseconds / 1000)),
            ("X-Goog-SignedHeaders", "host"),
        ]
        query = fields.map { "\($0.0)=\(PercentEncoding.encode($0.1))" }.joined(separator: "&")
        // The port is not part of it.
        let host = (endpoint.firstRange(of: "://").map { endpoint[$0.upperBound...] } ?? endpoint[...]).prefix {
            $0 != ":"
        }
        let request = "\(method)\n\(path)\n\(query)\nhost:\(host)\n\nhost\nUNSIGNED-PAYLOAD"
        let digest = ArtifactDigest(hashing: Array(request.utf8)).hex
        text = "\(algorithm)\n\(moment.full)\n\(scope)\n\(digest)"
    }

    func address(with signature: [UInt8]) -> Secret {
        Secret("\(address)?\(query)&X-Goog-Signature=\(String(hexOf: signature))")
    }
}
