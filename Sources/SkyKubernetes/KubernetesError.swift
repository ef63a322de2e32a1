public import SkyHTTP

/// Why a call to a cluster, or the search for who makes it, came to nothing.
public struct KubernetesError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// A kubeconfig makes no sense, or says nothing of what is asked for.
        case settings
        /// There are no credentials, or what should give them is broken.
        case credentials
        /// The cluster refused the call; `reason` and `status` say how.
        case refused
        /// There was no answer, however often it was tried.
        case noAnswer
        /// Whoever answers is not the one that the kubeconfig speaks of.
        case untrusted
        /// The answer makes no sense.
        case badAnswer
        case cancelled
    }

    public let kind: Kind
    /// Of the answer.
    public let status: Int?
    /// The cluster's own word for it, `AlreadyExists`; empty without one.
    public let reason: String
    /// What happened and what to do about it, for people. No secrets.
    public let message: String

    public init(_ kind: Kind, status: Int? = nil, reason: String = "", _ message: String) {
        self.kind = kind
        self.status = status
        self.reason = reason
        self.message = message
    }

    init(_ error: HTTPError) {
        let kind: Kind =
            switch error.kind {
            case .cancelled: .cancelled
            case .tls: .untrusted
            case .invalidURL, .invalidRequest: .settings
            default: .noAnswer
            }
        self.init(kind, error.message)
    }

    /// From an answer whose status says that it is a refusal.
    ///
    /// - Parameter asked: `create pod sky-train-1`, for people.
    public init(_ asked: String, _ response: HTTPResponse) {
        // What stands between us and the API server answers in its own way; kubelets behind it, in plain words.
        let said = KubernetesStatus(response.body)
        let words = said?.message ?? Self.plainWords(response) ?? ""
        self.init(
            .refused, status: response.status, reason: said?.reason ?? "",
            "\(asked): " + (words.isEmpty ? "HTTP \(response.status)" : "\(words) (HTTP \(response.status))"))
    }

    private static func plainWords(_ response: HTTPResponse) -> String? {
        guard response.headers["Content-Type"]?.hasPrefix("text/plain") == true, response.body.count <= 500 else {
            return nil
        }
        return String(decoding: response.body, as: UTF8.self).split(whereSeparator: \.isNewline).joined(separator: " ")
    }

    public var description: String { message }

    public var isNotFound: Bool { kind == .refused && status == 404 }
    public var isConflict: Bool { kind == .refused && status == 409 }
    /// What is asked for is older than what the server remembers.
    public var isExpired: Bool { kind == .refused && status == 410 }
}
