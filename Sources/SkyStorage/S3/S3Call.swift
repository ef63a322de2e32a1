import SkyAWS
import SkyCore
import SkyHTTP

/// One request to S3, before it is signed.
struct S3Call: Sendable {
    enum Body: Sendable {
        case none
        case bytes([UInt8], sha256: ArtifactDigest)
        /// Vouched for by its own checksum, which the server compares.
        case file(path: String, offset: Int64, count: Int64, sha256: ArtifactDigest)
    }

    /// Bytes `part` of the object become bytes `part` of the file.
    struct Destination: Sendable {
        let path: String
        let part: Range<Int64>
    }

    var method: HTTPRequest.Method
    var bucket: String
    var key = ""
    var query: [AWSRequest.Parameter] = []
    var headers: HTTPHeaders = [:]
    var body = Body.none
    var destination: Destination?
    /// Every call of S3 that is made here is safe to repeat: writing the same again changes nothing.
    var retries = HTTPRetries()

    init(_ method: HTTPRequest.Method, _ bucket: String, _ key: String = "") {
        self.method = method
        self.bucket = bucket
        self.key = key
    }

    /// For people.
    var asked: String { "\(method.rawValue) \(S3URL(bucket: bucket, key: key))" }

    /// Bodies of files may take long, and are watched for standing still instead.
    static let patient = HTTPRetries(deadline: .seconds(1800))
}
