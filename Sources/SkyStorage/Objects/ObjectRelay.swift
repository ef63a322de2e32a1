import Glibc
public import SkyCore

/// Carries an object from one service to another by way of this machine: fetched whole, compared, and sent. Killed at any point,
/// the same call goes on with what had arrived.
public struct ObjectRelay: Sendable {
    private let source: any ObjectStore
    private let destination: any ObjectStore
    private let folder: String
    private let existing: ExistingObject
    private let width: Int

    public struct Report: Hashable, Sendable {
        public let moved: DataSize
        public let resumed: DataSize
        public let wasThere: Bool
    }

    /// - Parameters:
    ///   - folder: of this machine, for what is on its way.
    ///   - width: parts on their way at once.
    public init(
        _ source: any ObjectStore, _ destination: any ObjectStore, folder: String, existing: ExistingObject, width: Int
    ) {
        self.source = source
        self.destination = destination
        self.folder = folder
        self.existing = existing
        self.width = width
    }

    /// - Parameter see: how many of the object's bytes have come here, or were here.
    public func carry(
        _ url: ObjectURL, to end: ObjectURL, known: StoredObject?, see: @escaping @Sendable (DataSize) -> Void
    ) async throws(StorageError) -> Report {
        if existing == .keep, try await destination.object(end) != nil {
            return Report(moved: .zero, resumed: .zero, wasThere: true)
        }
        let key = ArtifactDigest(hashing: Array("\(source.origin)\0\(url)\0\(destination.origin)\0\(end)".utf8))
        let path = "\(folder)/\(key.hex.prefix(32))"
        try await offPool { [folder] _ throws(StorageError) in try FileTree.makeFolders(folder, mode: 0o700) }
        let got = try await ObjectDownload(source, from: url, to: path, known: known, width: width).run {
            see($0.present)
        }
        let upload = ObjectUpload(
            destination, from: path, to: end, existing: existing, state: "\(folder)/uploads", width: width)
        let sent = try await upload.run()
        unlink(path)
        return Report(moved: got.moved, resumed: got.resumed, wasThere: sent.wasThere)
    }
}
