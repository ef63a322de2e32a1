/// What was asked and what was answered, with secrets left out: a line of a recording.
struct HTTPExchange: Hashable, Sendable, Codable {
    /// One of them is there.
    struct Body: Hashable, Sendable, Codable {
        var json: JSONValue?
        var text: String?
        /// Of what is no text, or too long to be written down.
        var size: Int?
    }

    struct Request: Hashable, Sendable, Codable {
        var method: String
        var url: String
        var headers: [[String]]
        var body: Body?
    }

    struct Response: Hashable, Sendable, Codable {
        var status: Int
        var headers: [[String]]
        var body: Body?
    }

    var request: Request
    var response: Response?
    /// Why there was none.
    var failure: String?

    init(_ request: HTTPRequest, _ outcome: Result<HTTPResponse, HTTPError>) {
        self.request = Request(request)
        switch outcome {
        case .success(let response): self.response = Response(response)
        case .failure(let error): failure = "\(error.kind): \(error.message)"
        }
    }
}

extension HTTPExchange.Body {
    /// Longer bodies are only measured.
    private static let limit = 1 << 20

    /// - Parameter type: of `Content-Type`.
    init?(_ bytes: [UInt8], type: String?) {
        guard !bytes.isEmpty else { return nil }
        guard bytes.count <= Self.limit, let text = String(validating: bytes, as: UTF8.self) else {
            size = bytes.count
            return
        }
        if let tree = JSONValue(bytes) {
            json = SecretScrubber.json(tree)
        } else if type?.contains("x-www-form-urlencoded") == true {
            self.text = SecretScrubber.form(text[...])
        } else {
            self.text = SecretScrubber.xml(text)
        }
    }

    var bytes: [UInt8] { json?.bytes ?? text.map { Array($0.utf8) } ?? [] }
}

extension HTTPExchange.Request {
    init(_ request: HTTPRequest) {
        method = request.method.rawValue
        url = SecretScrubber.url(request.url)
        headers = SecretScrubber.headers(request.headers).fields.map { [$0.name, $0.value] }
        switch request.body {
        case .bytes(let bytes): body = .init(bytes, type: request.headers["Content-Type"])
        case .file(_, _, let count): body = .init(size: Int(count))
        case nil: break
        }
    }

    /// From the path on: where the server was does not count.
    var target: Substring {
        guard let scheme = url.firstRange(of: "://") else { return url[...] }
        return url[scheme.upperBound...].drop { $0 != "/" && $0 != "?" }
    }

    /// Whether a recorded answer to the one is an answer to the other.
    func isSame(as other: Self) -> Bool { method == other.method && target == other.target && body == other.body }
}

extension HTTPExchange.Response {
    init(_ response: HTTPResponse) {
        status = response.status
        headers = SecretScrubber.headers(response.headers).fields.map { [$0.name, $0.value] }
        body = .init(response.body, type: response.headers["Content-Type"])
    }

    var response: HTTPResponse {
        let fields = headers.filter { $0.count == 2 }.map { HTTPHeaders.Field(name: $0[0], value: $0[1]) }
        return HTTPResponse(status: status, headers: HTTPHeaders(fields), body: body?.bytes ?? [])
    }
}
