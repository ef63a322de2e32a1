import FoundationEssentials
import SkyAWS
import SkyCore
import SkyHTTP

/// Signs with a key of the account.
/// https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key
struct SharedKey: Sendable {
    let account: String
    let key: Secret

    /// The value of `Authorization`.
    ///
    /// - Parameters:
    ///   - path: as it goes out, encoded.
    ///   - query: not encoded.
    func authorization(
        _ method: HTTPRequest.Method, path: String, query: [(name: String, value: String)], headers: HTTPHeaders,
        length: Int64
    ) -> String {
        "SharedKey \(account):\(sign(Self.text(account, method, path, query, headers, length)))"
    }

    func sign(_ text: String) -> String {
        let secret = Data(base64Encoded: key.reveal()).map { Array($0) } ?? []
        return HMAC.sha256(key: secret, Array(text.utf8)).base64
    }

    /// What is signed.
    static func text(
        _ account: String, _ method: HTTPRequest.Method, _ path: String, _ query: [(name: String, value: String)],
        _ headers: HTTPHeaders, _ length: Int64
    ) -> String {
        let standard = [
            "Content-Encoding", "Content-Language", nil, "Content-MD5", "Content-Type", "Date", "If-Modified-Since",
            "If-Match", "If-None-Match", "If-Unmodified-Since", "Range",
        ]
        let lines =
            [method.rawValue]
            + standard.map { name in
                guard let name else { return length > 0 ? String(length) : "" }
                // The date is in `x-ms-date`.
                return name == "Date" ? "" : headers[name] ?? ""
            }
        let own = headers.fields.map { (name: $0.name.lowercased(), value: $0.value) }
            .filter { $0.name.hasPrefix("x-ms-") }.sorted { $0.name < $1.name }
            .map { "\($0.name):\($0.value)\n" }
        let parameters = Dictionary(grouping: query) { $0.name.lowercased() }.sorted { $0.key < $1.key }
            .map { "\n\($0.key):\($0.value.map(\.value).sorted().joined(separator: ","))" }
        return lines.joined(separator: "\n") + "\n" + own.joined() + "/\(account)\(path)" + parameters.joined()
    }
}
