import Glibc
import SkyAWS
import SkyHTTP

/// Why a store did not do what was asked.
public enum StorageError: Error, Hashable, Sendable {
    /// The store does not hold it, or not all of it: bring it from elsewhere or make it again.
    case missing(ArtifactDigest)
    /// What lay under this digest is not what was put there. The bad copy has been set aside, so that the digest
    /// counts as absent from now on. For a folder this names the file inside it, or the folder's own manifest.
    case corrupt(ArtifactDigest)
    /// This file or folder cannot become an artifact, or an artifact cannot be laid out there.
    case unsuitable(path: String, reason: String)
    /// The text is no folder manifest, or one that reaches outside its folder.
    case badManifest(reason: String)
    /// The operating system refused; `action` reads after "cannot".
    case system(action: String, path: String, errno: Int32)
    /// The object store refused, or could not be reached, or nobody who may speak to it was found.
    case service(ServiceError)
    /// The task was cancelled. What a transfer has brought so far stays, for the next one to go on from.
    case cancelled
}

extension StorageError {
    /// Whether another try would say the same: what is asked cannot be, or nobody is there who may ask.
    public var isLasting: Bool {
        switch self {
        case .unsuitable, .badManifest: true
        case .service(let error): error.kind == .credentials || error.kind == .settings
        case .missing, .corrupt, .system, .cancelled: false
        }
    }
}

extension StorageError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .missing(let digest): "\(digest) is not in the store, or not all of it"
        case .corrupt(let digest): "the stored copy of \(digest) is damaged and was set aside"
        case .unsuitable(let path, let reason): "\(path): \(reason)"
        case .badManifest(let reason): "not a folder manifest: \(reason)"
        case .system(let action, let path, let code): "cannot \(action) \(path): \(String(cString: strerror(code)))"
        case .service(let error): error.message
        case .cancelled: "cancelled"
        }
    }
}

extension StorageError {
    init(_ error: ServiceError) { self = error.kind == .cancelled ? .cancelled : .service(error) }

    init(_ error: AWSError) { self.init(ServiceError(error)) }

    init(_ error: HTTPError) { self.init(ServiceError(error)) }

    init(_ failure: CredentialFailure) { self.init(ServiceError(failure)) }
}
