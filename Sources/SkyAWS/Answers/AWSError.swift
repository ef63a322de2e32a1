import FoundationEssentials
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
        /// A setting of files or variables makes no sense.
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
        // S3 has <Error> alone, others wrap it, some have JSON; a proxy in between has HTML, and HEAD has nothing.
        let answer = try? XMLElement(parsing: response.body)
        let error = answer.flatMap { $0.name == "Error" ? $0 : $0.first("Error") ?? $0.first("Errors")?.first("Error") }
        let json = answer == nil ? JSONRefusal(response.body) : nil
        let code = error?.text("Code") ?? json?.code ?? ""
        let said = error?.text("Message") ?? json?.message ?? ""
        let id = answer?.text("RequestId") ?? answer?.text("RequestID")
        self.init(
            .refused, code: code, status: response.status, response.refusal(of: asked, code: code, said: said, id: id))
    }

    public var description: String { message }
}

/// A refusal of a service that speaks JSON.
private struct JSONRefusal: Decodable {
    let code: String
    let message: String

    private enum CodingKeys: String, CodingKey {
        case type = "__type"
        case message
        // Services differ in it.
        case capital = "Message"
    }

    init?(_ body: [UInt8]) {
        guard body.first == UInt8(ascii: "{"), let read = try? JSONDecoder().decode(Self.self, from: Data(body)) else {
            return nil
        }
        self = read
    }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let type = try fields.decode(String.self, forKey: .type)
        // Some put a name space before it: com.amazonaws.ssm#ParameterNotFound
        code = type.split(separator: "#").last.map(String.init) ?? type
        message =
            try fields.decodeIfPresent(String.self, forKey: .message)
            ?? fields.decodeIfPresent(String.self, forKey: .capital) ?? ""
    }
}
