public import SkyCore

/// What a store holds under one digest.
public struct Artifact: Hashable, Sendable, Codable {
    public enum Kind: String, Hashable, Sendable, Codable { case file, folder }

    public let digest: ArtifactDigest
    public let kind: Kind
    /// Of all its files together.
    public let size: DataSize

    public init(digest: ArtifactDigest, kind: Kind, size: DataSize) {
        self.digest = digest
        self.kind = kind
        self.size = size
    }
}
