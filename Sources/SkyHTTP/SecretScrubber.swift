/// Takes secrets out of what is written down of requests and answers, by the names of what they are in.
enum SecretScrubber {
    static let mark = "(secret)"

    /// Words that names of secrets have in them: headers, parameters, fields and elements alike.
    private static let words = [
        "token", "secret", "password", "passwd", "passphrase", "authorization", "credential", "signature", "cookie",
        "apikey", "api_key", "api-key", "accesskey", "access_key", "privatekey", "private_key", "assertion", "session",
    ]
    private static let exact = ["sig", "key", "pwd", "auth"]

    static func isSecret(_ name: String) -> Bool {
        let name = name.lowercased()
        // Our own tags, which machines are found by: sky-token is the name of a group.
        guard !name.hasPrefix("sky-"), !name.hasPrefix("sky_") else { return false }
        return words.contains { name.contains($0) }
    }

    static func headers(_ headers: HTTPHeaders) -> HTTPHeaders {
        HTTPHeaders(
            headers.fields.map { field in
                isSecret(field.name) || field.name.lowercased().hasSuffix("-key")
                    ? .init(name: field.name, value: mark) : field
            })
    }

    /// Of a URL, its user and password, and parameters of its query.
    static func url(_ url: String) -> String {
        var url = url
        if let scheme = url.firstRange(of: "://") {
            let rest = url[scheme.upperBound...]
            let authority = rest.prefix { $0 != "/" && $0 != "?" }
            if let at = authority.lastIndex(of: "@") { url.replaceSubrange(scheme.upperBound..<at, with: mark) }
        }
        guard let mark = url.firstIndex(of: "?") else { return url }
        return url[...mark] + form(url[url.index(after: mark)...])
    }

    /// `a=1&token=x`
    static func form(_ text: Substring) -> String {
        text.split(separator: "&", omittingEmptySubsequences: false).map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, let name = parts.first.map(String.init),
                isSecret(name) || exact.contains(name.lowercased())
            else { return String(pair) }
            return "\(name)=\(mark)"
        }.joined(separator: "&")
    }

    static func json(_ tree: JSONValue) -> JSONValue {
        switch tree {
        case .object(let entries):
            var scrubbed: [String: JSONValue] = [:]
            for (key, value) in entries {
                // A list or a mapping with such a name has more names in it: those decide.
                scrubbed[key] = value.text != nil && isSecret(key) ? .string(mark) : json(value)
            }
            return .object(scrubbed)
        case .array(let elements): return .array(elements.map { json($0) })
        default: return tree
        }
    }

    /// XML, and whatever else has its secrets between tags.
    static func xml(_ text: String) -> String {
        var result = ""
        var rest = text[...]
        while let open = rest.firstIndex(of: "<"), let close = rest[open...].firstIndex(of: ">") {
            let tag = rest[rest.index(after: open)..<close]
            result += rest[...close]
            rest = rest[rest.index(after: close)...]
            let name = String(tag.prefix { !$0.isWhitespace && $0 != "/" })
            guard !name.isEmpty, isSecret(name), let end = rest.firstRange(of: "</\(name)>") else { continue }
            result += rest[..<end.lowerBound].contains("<") ? xml(String(rest[..<end.lowerBound])) : mark
            rest = rest[end.lowerBound...]
        }
        return result + rest
    }
}
