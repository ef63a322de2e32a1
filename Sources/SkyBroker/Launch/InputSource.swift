import SkyCore
public import SkyStorage

/// Where inputs are that pipelines name by addresses.
public protocol InputSource: Sendable {
    /// Brings what an address names into this machine's store; nil when nobody knows how.
    func fetch(_ address: String) async throws -> Artifact?

    /// What an address names, where that is known without reading it and nodes can be let fetch just that; nil where not.
    func identify(_ address: String) async throws -> IdentifiedInput?

    /// What an address names, by its entity tags, where nodes can be let fetch just that; nil where not.
    func unread(_ address: String) async throws -> UnreadInput?
}

extension InputSource {
    /// What an address names, such that nodes fetch it by themselves where they may and can; else brought into this machine's store.
    /// Nil when nobody knows how.
    func take(_ address: String, as name: String, nodesMayFetch: Bool) async throws -> StoredArtifact? {
        func stored(_ artifact: Artifact, source: String?, isUnread: Bool? = nil) -> StoredArtifact {
            StoredArtifact(name: name, artifact: artifact, location: .here, source: source, isUnread: isUnread)
        }
        if nodesMayFetch {
            // What is wrong with it, fetching it says.
            if let known = try? await identify(address) { return stored(known.contents.artifact, source: address) }
            if let unread = try? await unread(address) {
                return stored(unread.artifact, source: address, isUnread: true)
            }
        }
        return try await fetch(address).map { stored($0, source: nil) }
    }
}

/// For those who know of no addresses.
public struct NoInputs: InputSource {
    public init() {}

    public func fetch(_ address: String) async throws -> Artifact? { nil }

    public func identify(_ address: String) async throws -> IdentifiedInput? { nil }

    public func unread(_ address: String) async throws -> UnreadInput? { nil }
}
