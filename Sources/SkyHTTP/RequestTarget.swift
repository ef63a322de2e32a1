import CCurl
import CCurlOnDemand

/// The URL of a request, taken apart by libcurl's own parser, so that nobody here reads it differently.
struct RequestTarget: Sendable {
    /// Fit for messages: without user, password, query and fragment.
    let shown: String
    /// `host:port` as a `Host` header has it.
    let authority: String
    /// Path and query, as the first line of a request has them.
    let resource: String
    private let host: String

    init(_ request: HTTPRequest) throws(HTTPError) {
        guard let parts = curl_url() else { throw HTTPError(.unavailable, "libcurl is out of memory") }
        defer { curl_url_cleanup(parts) }
        guard !request.url.utf8.contains(0), curl_url_set(parts, CURLUPART_URL, request.url, 0) == CURLUE_OK,
            let scheme = Self.part(CURLUPART_SCHEME, of: parts), ["http", "https"].contains(scheme.lowercased()),
            let host = Self.part(CURLUPART_HOST, of: parts)
        else {
            throw HTTPError(.invalidURL, "\(request.method.rawValue): not an http or https URL")
        }
        let port = Self.part(CURLUPART_PORT, of: parts).map { ":\($0)" } ?? ""
        let path = Self.part(CURLUPART_PATH, of: parts) ?? "/"
        self.host = host.lowercased()
        authority = "\(host)\(port)"
        resource = path + (Self.part(CURLUPART_QUERY, of: parts).map { "?\($0)" } ?? "")
        shown = "\(scheme)://\(host)\(port)\(path)"
    }

    /// Metadata servers answer for this very machine, and loopback is this machine: a proxy would answer for itself.
    var isNeverProxied: Bool {
        ["localhost", "metadata.google.internal", "[::1]", "[fd00:ec2::254]"].contains(host)
            || host.hasPrefix("169.254.") || host.hasPrefix("127.") || host.hasPrefix("[fe80:")
    }

    private static func part(_ part: CURLUPart, of url: OpaquePointer) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard sky_curl_url_get(url, part, &text, 0) == CURLUE_OK, let text else { return nil }
        defer { curl_free(text) }
        return String(cString: text)
    }
}
