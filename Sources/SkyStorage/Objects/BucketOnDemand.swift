import FoundationEssentials
import Glibc
public import SkyCore

/// Makes a bucket when something is to be kept in it for the first time. What is about to be made is written down before, so
/// that whoever sweeps knows of it even if this process dies in between.
public actor BucketOnDemand {
    public nonisolated let spec: BucketSpec
    private let record: BucketRecord
    private let path: String
    private var isMade = false

    /// - Parameter folder: of this machine, for the records of such buckets.
    public init(_ spec: BucketSpec, for location: Location, records folder: String) {
        self.spec = spec
        record = BucketRecord(url: spec.url.description, location: location)
        path = "\(folder)/\(record.fileName)"
    }

    func make(in store: any ObjectStore) async throws(StorageError) {
        if isMade { return }
        try await offPool { [record, path] _ throws(StorageError) in try record.write(path) }
        try await store.make(spec)
        isMade = true
    }
}

/// A bucket that was made, or was about to be.
public struct BucketRecord: Hashable, Sendable, Codable {
    let url: String
    /// Whose artifacts it keeps.
    public let location: Location

    public var place: ObjectURL? { ObjectURL(url) }

    fileprivate var fileName: String { "\(location.provider)-\(location.region).json" }

    fileprivate func write(_ path: String) throws(StorageError) {
        guard let data = try? JSONEncoder().encode(self) else { return }
        try FileTree.makeFolders(FileTree.parent(of: path), mode: 0o700)
        let fresh = "\(path).\(getpid()).new"
        let file = try OpenFile(fresh, O_WRONLY | O_CREAT | O_TRUNC, to: "write")
        try file.write(Array(data))
        try file.sync()
        try FileTree.move(fresh, to: path)
    }

    /// All in the folder.
    public static func all(in folder: String) -> [BucketRecord] {
        let names = (try? FileTree.names(in: folder)) ?? []
        return names.filter { $0.hasSuffix(".json") }.sorted().compactMap { name in
            guard let file = try? OpenFile.ifPresent("\(folder)/\(name)", O_RDONLY), let bytes = try? file.readAll()
            else { return nil }
            return try? JSONDecoder().decode(BucketRecord.self, from: Data(bytes))
        }
    }

    /// The bucket is gone.
    public func forget(in folder: String) { unlink("\(folder)/\(fileName)") }
}
