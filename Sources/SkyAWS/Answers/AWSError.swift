public import SkyHTTP

/// Why a call to AWS, or the search for who makes it, came to nothing.
public struct AWSError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// There are no credentials, or what should give them is broken.
        case credentials
        /// The service refused the call.
        case refused
        /// There was no answer, however often it was tried.
        case noAnswer
        /// The answer makes no sense.
        case badAnswer
        /// A setting of AWS's files or variables makes no sense.
        case settings
        case cancelled
    }

    public let kind: Kind
    /// AWS's own word for it, `NoSuchBucket`; empty without an answer.
    public let code: String
    /// Of the answer.
    public let status: Int?
    /// What happened and what to do about it, for people. No secrets.
    public let message: String

    public init(_ kind: Kind, code: String = "", status: Int? = nil, _ message: String) {
        self.kind = kind
        self.code = code
        self.status = status
        self.message = message
    }

    public init(_ error: HTTPError) { self.init(error.kind == .cancelled ? .cancelled : .noAnswer, error.message) }

    /// From an answer whose status says that it is a refusal.
    ///
    /// - Parameter asked: `PUT s3://bucket/key`, for people.
    public init(_ asked: String, _ response: HTTPResponse) {
        // S3 has <Error> alone, others wrap it; a proxy in between has HTML, and HEAD has nothing.
        let answer = try? XMLElement(parsing: response.body)
        let error = answer.flatMap { $0.name == "Error" ? $0 : $0.first("Error") ?? $0.first("Errors")?.first("Error") }
        let code = error?.text("Code") ?? ""
        let said = error?.text("Message") ?? ""
        let id = response.requestID ?? answer?.text("RequestId") ?? answer?.text("RequestID")
        let details = [
            code.isEmpty ? "HTTP \(response.status)" : "\(code) (HTTP \(response.status))", said,
            id.map { "request \($0)" } ?? "",
        ]
        self.init(
            .refused, code: code, status: response.status,
            "\(asked): " + details.filter { !$0.isEmpty }.joined(separator: ", "))
    }

    public var description: String { message }
}
