public import SkyAWS
public import SkyHTTP

/// Why a call to an object store, or the search for who makes it, came to nothing.
public struct ServiceError: Error, Hashable, Sendable, CustomStringConvertible {
    /// All services fail in the ways that AWS's do.
    public typealias Kind = AWSError.Kind

    public let kind: Kind
    /// The store's own word for it, `NoSuchBucket`; empty without an answer.
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

    public init(_ failure: CredentialFailure) {
        let kind: Kind =
            switch failure.kind {
            case .missing, .refused: .credentials
            case .noAnswer: .noAnswer
            case .cancelled: .cancelled
            }
        self.init(kind, failure.message)
    }

    public init(_ error: AWSError) {
        self.init(error.kind, code: error.code, status: error.status, error.message)
    }

    /// From an answer whose status says that it is a refusal.
    ///
    /// - Parameters:
    ///   - asked: `PUT gs://bucket/key`, for people.
    ///   - said: in the service's words, where it had any.
    init(_ asked: String, _ response: HTTPResponse, code: String, said: String) {
        let id = ["x-ms-request-id", "x-guploader-uploadid"].lazy.compactMap { response.headers[$0] }.first
        self.init(
            .refused, code: code, status: response.status, response.refusal(of: asked, code: code, said: said, id: id))
    }

    /// What arrived does not have the checksum that came with it.
    var isDamage: Bool {
        ["BadDigest", "XAmzContentChecksumMismatch", "InvalidDigest", "Md5Mismatch"].contains(code)
    }

    /// There is no such upload, or parts of it are gone.
    var isGone: Bool { ["NoSuchUpload", "InvalidBlockList"].contains(code) }

    public var description: String { message }
}
