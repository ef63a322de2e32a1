import SkyAWS
import SkyBroker
import SkyCore
import SkyHTTP
import SkyStorage
import Synchronization

/// Where artifacts are kept: a folder of this machine for each region, or the bucket that `stores.yaml` names.
final class ArtifactStores: Sendable {
    private let folder: StateFolder
    private let settings: StoreSettings
    private let context: CommandContext
    private let state = Mutex(State())

    private struct State {
        /// One for each identity and address: it keeps connections and what it has learnt.
        var clients: [ClientKey: S3Client] = [:]
        /// Made when the first of them is: most runs need no bucket, and loading libcurl takes a while.
        var caller: HTTPCaller?
    }

    fileprivate struct ClientKey: Hashable {
        var endpoint: String?
        var region: String?
        var profile: String?
    }

    /// - Throws: what is wrong with `stores.yaml`, or with a profile that it names.
    init(_ folder: StateFolder, in context: CommandContext) throws {
        self.folder = folder
        self.context = context
        settings = try StoreSettings.read("\(try context.paths().config)/stores.yaml")
        for bucket in settings.buckets.values { _ = try client(ClientKey(bucket)) }
    }

    /// Of this machine: where what a run needs of it is taken to.
    static func here(in folder: StateFolder) -> LocalArtifactStore { local(.here, in: folder) }

    func store(of location: Location) -> any ArtifactStore {
        guard let bucket = settings.bucket(of: location), let client = try? client(ClientKey(bucket)) else {
            return Self.local(location, in: folder)
        }
        return S3ArtifactStore(
            client, root: bucket.url, scratch: "\(transfers)/\(location.provider)/\(location.region)")
    }

    /// Brings what a URL of a pipeline names into the store; nil for URLs of other kinds.
    func fetch(_ uri: String, into store: LocalArtifactStore) async throws -> Artifact? {
        guard uri.hasPrefix("s3://") else { return nil }
        let url = try StorageOptions.url(uri)
        return try await S3Input(try client(ClientKey()), url, scratch: "\(transfers)/inputs").take(into: store)
    }

    private var transfers: String { "\(folder.path)/transfers" }

    private static func local(_ location: Location, in folder: StateFolder) -> LocalArtifactStore {
        LocalArtifactStore(root: "\(folder.stores)/\(location.provider)/\(location.region)")
    }

    private func client(_ key: ClientKey) throws -> S3Client {
        try state.withLock { state in
            if let client = state.clients[key] { return client }
            let caller = state.caller ?? HTTPCaller()
            state.caller = caller
            let surroundings = AWSSurroundings(environment: context.environment, caller: caller, now: context.now)
            let client = S3Client(
                try AWSSettings(profile: key.profile, in: surroundings), endpoint: key.endpoint, region: key.region)
            state.clients[key] = client
            return client
        }
    }
}

extension ArtifactStores.ClientKey {
    fileprivate init(_ bucket: StoreSettings.Bucket) {
        self.init(endpoint: bucket.endpoint, region: bucket.region, profile: bucket.profile)
    }
}
