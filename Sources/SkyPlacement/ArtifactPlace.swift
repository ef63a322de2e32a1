public import SkyCore

/// Where the artifacts of a place are kept.
public enum ArtifactPlace: Hashable, Sendable {
    /// At the place itself, or with whoever asks.
    case there
    /// In a bucket that is elsewhere.
    case elsewhere(Location, bucket: String)
    /// In a bucket of which nobody says where it is.
    case unknown(bucket: String)
}
