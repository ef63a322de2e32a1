import SkyAWS
import SkyCore
import SkyHTTP

/// One request to S3, before it is signed.
struct S3Call: Sendable {
    enum Body: Sendable {
        case none
        case bytes([UInt8], sha256: ArtifactDigest)
        /// Vouched for by its own SHA-256 in Base64, which the server compares.
        case file(path: String, offset: Int64, count: Int64, sha256: String)
    }

    var method: HTTPRequest.Method
    var bucket: String
    var key = ""
    var query: [AWSRequest.Parameter] = []
    var headers: HTTPHeaders = [:]
    var body = Body.none
    var destination: PartDestination?
    /// Every call of S3 that is made here is safe to repeat: writing the same again changes nothing.
    var retries = HTTPRetries()

    init(_ method: HTTPRequest.Method, _ bucket: String, _ key: String = "") {
        self.method = method
        self.bucket = bucket
        self.key = key
    }

    /// For people.
    var asked: String { "\(method.rawValue) \(ObjectURL(bucket: bucket, key: key))" }
}
