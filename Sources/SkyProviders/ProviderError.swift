/// Why a provider did not do what was asked. The kind decides what the broker does next.
public struct ProviderError: Error, Hashable, Sendable, Codable, CustomStringConvertible {
    public enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
        /// Nothing of this type left here now: try the next zone, region, provider.
        case noCapacity
        /// The account may not have more here: not this region.
        case quota
        /// The provider does not know us: not this provider.
        case credentials
        /// Passing trouble, rate limits included: the same again, after a pause.
        case transient
        /// The request can never work: fail now.
        case badRequest
        /// The group or node is no longer there.
        case lost
    }

    public var kind: Kind
    public var provider: String
    /// What happened and what to do about it, for people; no secrets.
    public var message: String

    public init(_ kind: Kind, provider: String, _ message: String) {
        self.kind = kind
        self.provider = provider
        self.message = message
    }

    public var description: String { "\(provider): \(message)" }
}
