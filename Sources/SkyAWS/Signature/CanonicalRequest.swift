import SkyHTTP

/// The one spelling of a request that both sides hash.
struct CanonicalRequest {
    let text: String
    /// Names, as the signature lists them.
    let signedHeaders: String

    /// - Parameters:
    ///   - path: as the canonical form has it.
    ///   - query: encoded and sorted.
    init(method: HTTPRequest.Method, path: String, query: String, headers: HTTPHeaders, payload: String) {
        var values: [String: [String]] = [:]
        for field in headers.fields where !Self.isLeftOut(field.name) {
            values[field.name.lowercased(), default: []].append(Self.trimmed(field.value))
        }
        // Of names, not of lines: `x-amz-meta-1` comes before `x-amz-meta-10`, though `-` and digits sort before `:`.
        let names = values.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let lines = names.map { "\($0):\(values[$0, default: []].joined(separator: ","))\n" }.joined()
        signedHeaders = names.joined(separator: ";")
        text = "\(method.rawValue)\n\(path)\n\(query)\n\(lines)\n\(signedHeaders)\n\(payload)"
    }

    /// `name=value`, sorted by name and then by value.
    static func query(_ parameters: [AWSRequest.Parameter]) -> String {
        parameters.map { (name: PercentEncoding.encode($0.name), value: PercentEncoding.encode($0.value)) }
            .sorted { a, b in
                a.name == b.name
                    ? a.value.utf8.lexicographicallyPrecedes(b.value.utf8)
                    : a.name.utf8.lexicographicallyPrecedes(b.name.utf8)
            }
            .map { "\($0.name)=\($0.value)" }.joined(separator: "&")
    }

    /// Resolves `.`, `..` and empty parts; a slash at the end stays.
    static func resolved(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        let folderEndings = ["/", "/.", "/.."]
        let isFolder = !parts.isEmpty && folderEndings.contains { path.hasSuffix($0) }
        return "/" + parts.joined(separator: "/") + (isFolder ? "/" : "")
    }

    /// What libcurl or a proxy on the way may add or change.
    private static func isLeftOut(_ name: String) -> Bool {
        switch name.lowercased() {
        case "authorization", "connection", "expect", "user-agent", "content-length", "transfer-encoding", "accept",
            "accept-encoding", "keep-alive", "te", "trailer", "upgrade", "x-amzn-trace-id":
            true
        default: name.lowercased().hasPrefix("proxy-")
        }
    }

    /// Without blanks around it, and with one for each run of them inside.
    private static func trimmed(_ value: String) -> String {
        value.split { $0 == " " || $0 == "\t" }.joined(separator: " ")
    }
}
