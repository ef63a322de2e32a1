import SkyAWS
import SkyCore
import SkyHTTP

/// One request to Google Cloud Storage's JSON API, before somebody is named who makes it.
struct GCSCall: Sendable {
    var method: HTTPRequest.Method
    /// Encoded; or a whole address, of an upload's session.
    var path: String
    var query: [(name: String, value: String)] = []
    var headers: HTTPHeaders = [:]
    var body: HTTPRequest.Body?
    var destination: PartDestination?
    var retries = HTTPRetries()
    /// For people.
    let asked: String

    init(_ method: HTTPRequest.Method, _ path: String, _ asked: String) {
        self.method = method
        self.path = path
        self.asked = asked
    }

    /// Of an object: `/storage/v1/b/bucket/o/key`.
    init(_ method: HTTPRequest.Method, _ url: ObjectURL, suffix: String = "") {
        let bucket = "/storage/v1/b/\(Self.encoded(url.bucket))"
        let path = url.key.isEmpty ? bucket : "\(bucket)/o/\(Self.encoded(url.key))"
        self.init(method, path + suffix, "\(method.rawValue) \(url)")
    }

    /// Slashes too: a key is one part of the path.
    static func encoded(_ text: String) -> String { PercentEncoding.encode(text) }

    func url(at endpoint: String) -> String {
        let query = query.map { "\($0.name)=\(Self.encoded($0.value))" }.joined(separator: "&")
        let address = path.hasPrefix("/") ? endpoint + path : path
        return query.isEmpty ? address : "\(address)?\(query)"
    }

    mutating func keepExisting(_ existing: ExistingObject) {
        // Generation 0 is that of an object that is not there.
        if existing == .keep { query.append(("ifGenerationMatch", "0")) }
    }

    mutating func setJSON(_ text: [UInt8]) {
        headers["Content-Type"] = "application/json; charset=UTF-8"
        body = .bytes(text)
    }
}
