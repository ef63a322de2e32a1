import SkyBroker
import SkyCore
import SkyStorage
import Synchronization

/// Where artifacts are kept: a folder of this machine for each region, or the bucket that `stores.yaml` names.
final class ArtifactStores: InputSource {
    private let folder: StateFolder
    let settings: StoreSettings
    private let objects: ObjectStores
    private let names: BucketNames
    /// Of buckets that are made when they are needed: one for each region, however often its store is asked for.
    private let makers = Mutex<[Location: BucketOnDemand]>([:])
    /// Where it is shown how far a fetch has come.
    private let errors: any TextOutput

    /// - Throws: what is wrong with `stores.yaml`, or with a profile that it names.
    init(_ folder: StateFolder, in context: CommandContext) throws {
        self.folder = folder
        objects = ObjectStores(context)
        names = BucketNames(stateFolder: folder.path)
        errors = context.console.err
        settings = try StoreSettings.read(in: context)
        for bucket in settings.buckets.values { _ = try objects.store(of: bucket.url, bucket.choice) }
    }

    /// Of this machine: where what a run needs of it is taken to.
    static func here(in folder: StateFolder) -> LocalArtifactStore { local(.here, in: folder) }

    func store(of location: Location) -> any ArtifactStore {
        guard let bucket = settings.bucket(of: location), let store = try? objects.store(of: bucket.url, bucket.choice)
        else {
            return Self.local(location, in: folder)
        }
        let scratch = "\(transfers)/\(location.provider)/\(location.region)"
        guard bucket.isOnDemand else { return BucketArtifactStore(store, root: bucket.url, scratch: scratch) }
        let onDemand = makers.withLock { makers in
            if let maker = makers[location] { return maker }
            let maker = BucketOnDemand(
                names.spec(of: location, like: bucket.url), for: location, records: names.folder)
            makers[location] = maker
            return maker
        }
        return BucketArtifactStore(store, root: onDemand.spec.url, scratch: scratch, onDemand: onDemand)
    }

    /// Nil for URLs of other kinds than those of buckets and the web.
    func fetch(_ address: String) async throws -> Artifact? {
        guard let (url, input) = try input(address) else { return nil }
        let shown = FetchProgress(of: url, on: errors)
        defer { shown.end() }
        return try await input.take(into: Self.here(in: folder)) { shown.see($0) }
    }

    func identify(_ address: String) async throws -> IdentifiedInput? {
        try await input(address)?.input.identify(Self.here(in: folder))
    }

    func unread(_ address: String) async throws -> UnreadInput? { try await input(address)?.input.unread() }

    private func input(_ address: String) throws -> (url: ObjectURL, input: ObjectInput)? {
        guard let url = ObjectURL(address) else { return nil }
        return (url, ObjectInput(try objects.store(of: url), url, scratch: Self.inputs(in: folder.path)))
    }

    /// What rclone must know to mount what is at an address, on a machine that knows nothing.
    ///
    /// - Throws: what is wrong with the settings, or that there are no credentials.
    func remote(at address: String) async throws -> RcloneRemote {
        guard let url = ObjectURL(address), let store = try objects.store(of: url) as? any MountableStore else {
            throw StorageError.unsuitable(path: address, reason: "only buckets can be mounted: s3://, gs:// or az://")
        }
        return try await store.rclone(for: url)
    }

    /// Sweeps buckets that were made on demand.
    ///
    /// - Parameter keeping: artifacts that are still named.
    /// - Returns: what was freed, how many buckets are gone, and what kept others from being swept.
    func sweep(
        keeping: Set<ArtifactDigest>, unusedSince: Instant
    ) async -> (freed: DataSize, gone: Int, obstacles: [String]) {
        var (freed, gone, obstacles) = (DataSize.zero, 0, [String]())
        for record in BucketRecord.all(in: names.folder) {
            guard let url = record.place else { continue }
            do {
                let choice = settings.bucket(of: record.location)?.choice ?? ObjectStores.Choice()
                let store = BucketArtifactStore(
                    try objects.store(of: url, choice), root: url, scratch: "\(transfers)/sweep")
                let result = try await store.removeUnreferenced(keeping: keeping, unusedSince: unusedSince)
                freed = freed + result.freed
                guard result.isGone else { continue }
                record.forget(in: names.folder)
                gone += 1
            } catch {
                obstacles.append("\(url) was not swept: \(error)")
            }
        }
        return (freed, gone, obstacles)
    }

    private var transfers: String { Self.transfers(in: folder.path) }

    /// Where what is on its way is, and what is known of where it came from.
    private static func transfers(in state: String) -> String { "\(state)/transfers" }

    /// Of inputs from buckets.
    static func inputs(in state: String) -> String { "\(transfers(in: state))/inputs" }

    private static func local(_ location: Location, in folder: StateFolder) -> LocalArtifactStore {
        LocalArtifactStore(root: "\(folder.stores)/\(location.provider)/\(location.region)")
    }
}
