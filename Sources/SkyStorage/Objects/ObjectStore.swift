public import SkyCore

/// A service that keeps objects in buckets.
///
/// One call each, tried again after trouble that passes. Long objects go by `ObjectUpload` and `ObjectDownload`, which are the
/// same for all services. Every call is safe to repeat.
public protocol ObjectStore: Sendable {
    /// What tells this store's objects from another server's of the same names.
    var origin: String { get }
    var rules: PartRules { get }

    /// Nil when there is none.
    func object(_ url: ObjectURL) async throws(StorageError) -> StoredObject?

    /// Nil when there is no such object.
    /// - Throws: `.unsuitable` when it has changed since it had the entity tag.
    func get(_ wish: ObjectWish) async throws(StorageError) -> ObjectAnswer?

    /// False when there was an object and it was kept.
    func put(
        _ body: ObjectBody, digest: ArtifactDigest, at url: ObjectURL, existing: ExistingObject
    ) async throws(StorageError) -> Bool

    /// There may be none.
    func delete(_ url: ObjectURL) async throws(StorageError)

    /// There may be none of them.
    func delete(_ keys: [String], in bucket: ObjectURL) async throws(StorageError)

    /// Copies an object within the store, with what is said of it, without its bytes coming here. False when there was
    /// one and it was kept.
    /// - Throws: `.unsuitable` when there is no such object, or none that can be copied so.
    func copy(_ source: ObjectURL, to destination: ObjectURL, existing: ExistingObject) async throws(StorageError)
        -> Bool

    /// Some of the objects whose keys begin with `url.key`, in the order of their keys' bytes.
    ///
    /// - Parameters:
    ///   - delimiter: keys that go on with it later are told as one folder.
    ///   - token: of the page before.
    func page(of url: ObjectURL, delimiter: String?, after token: String?) async throws(StorageError) -> ObjectPage

    /// All that whoever asks may see.
    func buckets() async throws(StorageError) -> [StoredBucket]

    /// Lets others read an object for a while; nil where the store cannot.
    func grant(for url: ObjectURL, lasting: TimeSpan) async throws(StorageError) -> ReadGrant?

    /// Lets others put a file where there is none, with one call; nil where the store cannot, or not with one call.
    func writeGrant(
        for file: FileFingerprint, at url: ObjectURL, lasting: TimeSpan
    ) async throws(StorageError) -> WriteGrant?

    /// Lets others send a part, counted from 1, of an upload that has begun; nil where the store cannot.
    func writeGrant(
        forPart number: Int, of upload: String, to url: ObjectURL, _ file: FileFingerprint, lasting: TimeSpan
    ) async throws(StorageError) -> WriteGrant?

    /// Makes a bucket for artifacts: tagged as ours, closed to the public, and giving up uploads that nobody goes on with. One
    /// that is there and may be used is as good as a new one.
    func make(_ bucket: BucketSpec) async throws(StorageError)

    /// Only an empty one goes. False when there is something in it; there may be none.
    func removeBucket(_ bucket: ObjectURL) async throws(StorageError) -> Bool

    /// Whether the store says where a bucket is.
    var tellsPlaces: Bool { get }

    /// Where a bucket is; nil where the store does not say it, or it is in several regions.
    /// - Throws: `.unsuitable` when there is no such bucket.
    func location(of bucket: ObjectURL) async throws(StorageError) -> Location?

    /// Begins to take a long file in parts.
    /// - Returns: what the store calls this upload; nil when there was an object and it was kept.
    func beginUpload(
        of file: FileFingerprint, to url: ObjectURL, existing: ExistingObject
    ) async throws(StorageError) -> String?

    /// Parts that have arrived; nil when there is no such upload: it was ended, or given up.
    func parts(
        of upload: String, to url: ObjectURL, _ file: FileFingerprint
    ) async throws(StorageError) -> [UploadedPart]?

    /// Sends a part of the file at `path`, counted from 1.
    /// - Throws: a `ServiceError` of `isDamage` when what arrived is not what the fingerprint says.
    func sendPart(
        _ number: Int, of upload: String, to url: ObjectURL, _ file: FileFingerprint, at path: String
    ) async throws(StorageError) -> UploadedPart

    /// Makes an object of all parts, in order. False when there was one and it was kept.
    /// - Throws: a `ServiceError` of `isGone` when there is no such upload.
    func finishUpload(
        _ upload: String, to url: ObjectURL, _ file: FileFingerprint, parts: [UploadedPart], existing: ExistingObject
    ) async throws(StorageError) -> Bool

    /// What it has brought goes. There may be none.
    func abandonUpload(_ id: String, to url: ObjectURL) async throws(StorageError)

    /// Those of keys that begin with `url.key`. Empty where the store does not tell: such stores drop them by themselves,
    /// after a week.
    func pendingUploads(_ url: ObjectURL) async throws(StorageError) -> [PendingUpload]
}

/// What to do where there is an object already.
public enum ExistingObject: Hashable, Sendable { case replace, keep }

/// What a store says of one object.
public struct StoredObject: Hashable, Sendable {
    public let key: String
    public let size: DataSize
    /// Changes when the object does; empty for one that never changes.
    public var etag: String
    public var modified: Instant?
    /// Of the whole, where whoever put it said so.
    public var digest: ArtifactDigest?
    /// Of the whole, where the store has one of its own.
    public var checksum: ObjectChecksum?
    /// Whether parts of it can be asked for.
    public var hasParts = true
}

/// Of the bytes of a whole object, in Base64.
public struct ObjectChecksum: Hashable, Sendable {
    public var kind: PartRules.Checksum
    public var value: String
}

/// Some of a bucket's objects.
public struct ObjectPage: Hashable, Sendable {
    public var objects: [StoredObject] = []
    /// With a delimiter: what keys go on with up to it, the beginning included.
    public var folders: [String] = []
    /// For the next page; nil after the last.
    public var next: String?
}

public struct StoredBucket: Hashable, Sendable {
    public let url: ObjectURL
    public let made: Instant?
    /// Made by sky, for artifacts.
    public var isOurs = false
}

/// Which bytes of an object, and where they are to be.
public struct ObjectWish: Sendable {
    public var url: ObjectURL
    /// Nil for all, of an object that is known to be small.
    public var part: Range<Int64>?
    /// The object must still have it; empty for any.
    public var etag = ""
    /// With a part: a file that is there, whose bytes `part` they become. Without, they are in the answer.
    public var path: String?
}

public struct ObjectAnswer: Sendable {
    public var bytes: [UInt8] = []
    /// Of the whole object, where the answer says it.
    public var digest: ArtifactDigest?
}

/// What is sent with one call.
public enum ObjectBody: Sendable {
    case bytes([UInt8], sha256: ArtifactDigest)
    /// `checksum` is what the store compares, of the kind of its `rules`.
    case file(path: String, count: Int64, checksum: String)
}

/// A part that the store has.
public struct UploadedPart: Hashable, Sendable, Codable {
    /// From 1 on.
    let number: Int
    /// What the store calls it.
    let tag: String
    let size: Int64
    /// In Base64, where the store keeps it.
    let checksum: String?
}

/// An upload in parts that has begun and has not ended: what it has brought is stored, and paid for.
public struct PendingUpload: Hashable, Sendable {
    public let key: String
    public let id: String
    public let begun: Instant?
}
