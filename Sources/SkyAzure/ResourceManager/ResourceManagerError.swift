import FoundationEssentials
public import SkyHTTP

/// Why Azure Resource Manager did not do what was asked.
public struct ResourceManagerError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// There is nobody to ask as, or the account is refused.
        case credentials
        /// The service refused the call, or what it began has failed.
        case refused
        /// There was no answer, however often it was tried.
        case noAnswer
        case cancelled
    }

    public let kind: Kind
    /// Azure's own words for it, the most exact first: `OperationNotAllowed/quota`, `OperationNotAllowed`.
    public let codes: [String]
    public let status: Int?
    /// What was asked, what happened and what to do about it, for people. No secrets.
    public let message: String

    public init(_ kind: Kind, codes: [String] = [], status: Int? = nil, _ message: String) {
        self.kind = kind
        self.codes = codes
        self.status = status
        self.message = message
    }

    public var description: String { message }

    init(_ failure: CredentialFailure) {
        let kind: Kind =
            switch failure.kind {
            case .missing, .refused: .credentials
            case .noAnswer: .noAnswer
            case .cancelled: .cancelled
            }
        self.init(kind, failure.message)
    }

    init(_ error: HTTPError) { self.init(error.kind == .cancelled ? .cancelled : .noAnswer, error.message) }

    /// From an answer whose status says that it is a refusal.
    ///
    /// - Parameter asked: `PUT …/virtualMachines/sky-1`, for people.
    init(_ asked: String, _ response: HTTPResponse) {
        let fault = Fault(response.body)
        let id = response.headers["x-ms-request-id"] ?? response.headers["x-ms-correlation-request-id"]
        let left = response.status == 429 ? Self.allowance(response.headers) : nil
        self.init(
            .refused, codes: fault?.codes ?? [], status: response.status,
            response.refusal(of: asked, code: fault?.code ?? "", said: fault?.words ?? "", left ?? "", id: id))
    }

    /// What the answer to a call refuses.
    public static func refusal(_ call: ResourceManager.Call, _ response: HTTPResponse) -> ResourceManagerError {
        ResourceManagerError(call.title, response)
    }

    /// From what has become of something that was accepted at first.
    init(_ asked: String, failed fault: Fault?) {
        self.init(
            .refused, codes: fault?.codes ?? [],
            "\(asked) has failed: " + (fault.map { "\($0.code), \($0.words)" } ?? "Azure does not say why"))
    }

    /// What is left of a limit, where Azure says it: `Microsoft.Compute/PutVM3Min;1,…`.
    private static func allowance(_ headers: HTTPHeaders) -> String? {
        headers.fields.first { $0.name.lowercased().hasPrefix("x-ms-ratelimit-remaining") }
            .map { "\($0.name.lowercased()): \($0.value)" }
    }
}

/// The form in which Azure says what is wrong: a code and words, with others inside that say it more exactly.
public struct Fault: Hashable, Sendable, Decodable {
    public let code: String
    public let message: String?
    public let details: [Fault]?

    public init(code: String, message: String?, details: [Fault]? = nil) {
        self.code = code
        self.message = message
        self.details = details
    }

    private struct Envelope: Decodable { let error: Fault }

    /// Nil of what is no such error: a page of a proxy, or nothing.
    init?(_ body: [UInt8]) {
        let data = Data(body)
        if let envelope = try? JSONDecoder().decode(Envelope.self, from: data) {
            self = envelope.error
        } else if let bare = try? JSONDecoder().decode(Fault.self, from: data) {
            self = bare
        } else {
            return nil
        }
    }

    /// The innermost first. One and the same code stands for quotas and for what is in the way for a moment; its words tell.
    public var codes: [String] {
        let inner = (details ?? []).flatMap(\.codes)
        let speaksOfQuota = message?.lowercased().contains("quota") == true
        return inner + (speaksOfQuota && code == "OperationNotAllowed" ? ["\(code)/quota", code] : [code])
    }

    /// In one line.
    public var words: String {
        let all = [message ?? ""] + (details ?? []).map { "\($0.code): \($0.words)" }
        return all.map { $0.split(whereSeparator: \.isNewline).joined(separator: " ") }.filter { !$0.isEmpty }
            .joined(separator: "; ")
    }
}
