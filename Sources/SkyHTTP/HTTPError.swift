/// Why there is no answer. An answer with a bad status is an answer, and not this.
public struct HTTPError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// Not an http or https URL.
        case invalidURL
        /// A header that would break out of its line.
        case invalidRequest
        /// No such host, or nobody listens there.
        case couldNotConnect
        /// One of the request's time limits passed.
        case timeout
        /// No secure connection: a certificate, a protocol version.
        case tls
        /// The connection ended in the middle. Of a download the file keeps what came.
        case interrupted
        /// What came is not HTTP, or redirects without end.
        case badResponse
        /// The body is longer than the request allows.
        case tooLarge
        /// The file of a download cannot be written.
        case file
        case cancelled
        /// libcurl is out of memory or misses a part.
        case unavailable
    }

    public let kind: Kind
    /// What was asked of whom and what happened, for people. Of the URL only scheme, host, port and path are in it:
    /// user, password and query may be secrets.
    public let message: String

    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    public var description: String { message }
}
