public import SkyCore

/// Gives the tokens that a cloud's APIs take in `Authorization: Bearer`.
public protocol BearerTokenSource: Sendable {
    /// One that is good for some minutes at least; found once and kept until shortly before it ends.
    func token() async throws(CredentialFailure) -> Secret
}

/// Why there is nobody to ask as.
public struct CredentialFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// There are no credentials where they are looked for.
        case missing
        /// There are some, and they are broken, or refused.
        case refused
        /// Whoever gives tokens did not answer.
        case noAnswer
        case cancelled
    }

    public let kind: Kind
    /// Where was looked, what happened and what to type about it, for people. No secrets.
    public let message: String

    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    public var description: String { message }
}
