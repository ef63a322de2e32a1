public import SkyCore

/// What to ask of a server.
public struct HTTPRequest: Hashable, Sendable {
    public enum Method: String, Hashable, Sendable, CaseIterable {
        case get = "GET", head = "HEAD", post = "POST", put = "PUT", patch = "PATCH", delete = "DELETE"
        case options = "OPTIONS"
    }

    /// What is sent along.
    public enum Body: Hashable, Sendable {
        case bytes([UInt8])
        /// `count` bytes of a file from byte `offset` on. They are read while they are sent and are never in memory as a
        /// whole; a file that ends before is a failure of the kind `.file`.
        case file(path: String, offset: Int64, count: Int64)
    }

    public var method: Method
    /// `http` or `https`, with everything that needs it percent-encoded. Sent as it is, dots in the path included.
    public var url: String
    public var headers: HTTPHeaders
    /// Sent as `application/octet-stream` unless a header says what it is.
    public var body: Body?
    /// From the first step to the last byte of the answer; nil for as long as it takes.
    public var timeout: TimeSpan?
    /// For finding and reaching the server.
    public var connectTimeout: TimeSpan
    /// Nothing comes in for so long and the request has failed, however much time is left. Whole seconds.
    public var stallTimeout: TimeSpan
    /// Otherwise a redirect is an answer like any other. Followed at most ten times, to http and https only;
    /// `Authorization` is not sent on to another host, but other headers are.
    public var followsRedirects: Bool
    /// The longest body that is taken into memory.
    public var bodyLimit: DataSize
    /// It must not be heard twice. Over a connection that was kept, libcurl sends again by itself what got no answer before the
    /// connection ended, whatever the method: such a request gets a connection of its own, and fails with it.
    public var isOnce = false
    /// How the server is reached and trusted, where that is not as the system does it.
    public var route: HTTPRoute?

    public init(
        _ method: Method = .get, _ url: String, headers: HTTPHeaders = [:], body: Body? = nil,
        timeout: TimeSpan? = .seconds(30), connectTimeout: TimeSpan = .seconds(10),
        stallTimeout: TimeSpan = .seconds(60), followsRedirects: Bool = false,
        bodyLimit: DataSize = DataSize(bytes: 64 << 20), route: HTTPRoute? = nil
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
        self.connectTimeout = connectTimeout
        self.stallTimeout = stallTimeout
        self.followsRedirects = followsRedirects
        self.bodyLimit = bodyLimit
        self.route = route
    }
}

/// What the server answered, whatever the status.
public struct HTTPResponse: Hashable, Sendable {
    public let status: Int
    public let headers: HTTPHeaders
    public let body: [UInt8]

    public init(status: Int, headers: HTTPHeaders = [:], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// 200…299.
    public var isSuccess: Bool { (200..<300).contains(status) }

    /// The body as text; what is not UTF-8 in it is replaced.
    public var text: String { String(decoding: body, as: UTF8.self) }
}

/// How far a download has come.
public struct HTTPProgress: Hashable, Sendable {
    /// In the file, with what was there before.
    public let received: DataSize
    /// Nil when the server does not say.
    public let total: DataSize?
}

/// How a download ended.
public struct HTTPDownload: Hashable, Sendable {
    /// Anything but a success has left the file as it was, and carries up to 64 KiB of what the server said instead.
    public let response: HTTPResponse
    /// Where the server went on: 0 when it sent everything anew.
    public let resumedAt: DataSize
    /// Of the file now.
    public let size: DataSize

    /// The file is whole: also when the server says that nothing was left to send.
    public var isComplete: Bool {
        if response.isSuccess { return true }
        let head = ResponseHead(status: response.status, headers: response.headers)
        return response.status == 416 && head.contentRange.total == size.bytes
    }
}
