public import SkyHTTP
import SkyCore

/// A request before it is signed. Path and query are as they are meant: whoever signs encodes them, once.
public struct AWSRequest: Hashable, Sendable {
    public struct Parameter: Hashable, Sendable {
        public var name: String
        /// Empty for a parameter that is only a name (`?uploads`).
        public var value: String

        public init(_ name: String, _ value: String = "") {
            self.name = name
            self.value = value
        }
    }

    /// What a signature says of the body.
    public enum Payload: Hashable, Sendable {
        /// 64 lower-case hexadecimal digits.
        case sha256(hex: String)
        /// Only S3 takes this. The connection then has to vouch for the body, or a checksum of the store's own.
        case unsigned

        public static func bytes(_ body: [UInt8]) -> Payload { .sha256(hex: String(hexOf: SHA256.hash(body))) }
    }

    public var method: HTTPRequest.Method
    /// `https://host` or `https://host:port`, without a slash at its end.
    public var origin: String
    /// Begins with a slash. In a key of S3 everything is meant as it stands: `%`, `//` and `..` too. For other services
    /// empty parts and dots are resolved, as they do themselves.
    public var path: String
    public var query: [Parameter]
    public var headers: HTTPHeaders
    public var payload: Payload

    public init(
        _ method: HTTPRequest.Method, origin: String, path: String, query: [Parameter] = [],
        headers: HTTPHeaders = [:], payload: Payload = .bytes([])
    ) {
        self.method = method
        self.origin = origin
        self.path = path
        self.query = query
        self.headers = headers
        self.payload = payload
    }

    /// As the `Host` header has it: without the port that goes without saying.
    var host: String {
        for (scheme, port) in [("https://", ":443"), ("http://", ":80")] where origin.hasPrefix(scheme) {
            let host = origin.dropFirst(scheme.count)
            return String(host.hasSuffix(port) ? host.dropLast(port.count) : host)
        }
        return origin
    }
}

/// What to send: a finished URL and all headers.
public struct SignedRequest: Hashable, Sendable {
    public let url: String
    public let headers: HTTPHeaders
}
