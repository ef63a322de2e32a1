import SkyAWS
import SkyCore
import SkyHTTP

/// One request to Azure's Blob service, before it is signed.
struct AzureCall: Sendable {
    var method: HTTPRequest.Method
    /// `/container/key`, as it is meant: whoever signs encodes it, once.
    var path: String
    var query: [(name: String, value: String)] = []
    var headers: HTTPHeaders = [:]
    var body: HTTPRequest.Body?
    var destination: PartDestination?
    var retries = HTTPRetries()
    /// For people.
    let asked: String

    /// Of a blob, a container or the account.
    init(_ method: HTTPRequest.Method, _ url: ObjectURL) {
        self.method = method
        let container = url.container
        path = container.isEmpty ? "/" : url.key.isEmpty ? "/\(container)" : "/\(container)/\(url.key)"
        asked = "\(method.rawValue) \(url)"
    }

    /// Of a container.
    static func container(_ method: HTTPRequest.Method, _ url: ObjectURL) -> AzureCall {
        var call = AzureCall(method, url.with(key: ""))
        call.query = [("restype", "container")]
        return call
    }

    mutating func keepExisting(_ existing: ExistingObject) {
        if existing == .keep { headers["If-None-Match"] = "*" }
    }
}

extension ObjectURL {
    /// Of a place at Azure.
    var account: String { String(bucket.prefix { $0 != "/" }) }

    /// Empty for the account itself.
    var container: String { String(bucket.drop { $0 != "/" }.dropFirst()) }
}
