import SkyCore
import SkyProviders
import SkyRuntime
import SkyStorage

/// Has a node bring an artifact straight from the store, so that its bytes do not come by way of this machine. The node gets
/// addresses that let it read just these files for a while, and nobody's credentials.
struct DirectFetch {
    private let world: DriverWorld
    private let held: HeldNodes
    private let id: AttemptID

    init(_ world: DriverWorld, _ held: HeldNodes, of id: AttemptID) {
        self.world = world
        self.held = held
        self.id = id
    }

    /// - Returns: nil when it is there; else why the node cannot: then it has to come from here.
    func bring(
        _ digest: ArtifactDigest, from store: any SharedContents, to path: String, on channel: any NodeChannel
    ) async throws -> String? {
        // Once is enough: a store that the nodes do not reach is not tried again for each input.
        guard !held.isOutOfReach(store.origin, of: id.token) else { return Self.known(store.origin) }
        guard let contents = try await store.contents(of: digest) else { throw StorageError.missing(digest) }
        return try await follow(try await order(contents, from: store), from: store.origin, to: path, on: channel)
    }

    /// - Returns: nil when it is there, as it was in some moment of this call; else why the node cannot.
    func bring(_ input: UnreadInput, to path: String, on channel: any NodeChannel) async throws -> String? {
        guard !held.isOutOfReach(input.origin, of: id.token) else { return Self.known(input.origin) }
        return try await follow(try await order(input), from: input.origin, to: path, on: channel)
    }

    private func follow(
        _ order: FetchOrder?, from origin: String, to path: String, on channel: any NodeChannel
    ) async throws -> String? {
        guard let order else { return "\(origin) lets nobody else read" }
        let reply = try await channel.fetch(order, to: path)
        guard let obstacle = reply.obstacle else {
            world.log("\(id): \(path) came straight from \(origin), \(DataSize(bytes: reply.fetched))")
            return nil
        }
        held.foundOutOfReach(origin, of: id.token)
        return obstacle
    }

    static func known(_ origin: String) -> String { "the node did not reach \(origin) before" }

    /// Nil when the store lets nobody in.
    private func order(_ contents: ArtifactContents, from store: any SharedContents) async throws -> FetchOrder? {
        guard let grants = try await store.grants(for: contents.blobs, lasting: Self.span) else { return nil }
        if let excess = grants.lazy.compactMap(\.excess).first {
            world.log("\(id): what lets nodes read \(store.origin) lets read more than they need: \(excess)")
        }
        let found = zip(contents.blobs, grants).map { blob, grant in
            Self.contents(blob.digest.hex, blob.digest, blob.size, grant)
        }
        return FetchOrder(contents: found, entries: Self.entries(of: contents))
    }

    private func order(_ input: UnreadInput) async throws -> FetchOrder? {
        guard let grants = try await input.grants(lasting: Self.span) else { return nil }
        let contents = zip(input.files, grants).map { file, grant in
            Self.contents(file.mark.hex, nil, file.size, grant)
        }
        let root = input.artifact.kind == .folder ? [FetchOrder.Entry(path: "", kind: .folder)] : []
        let folders = input.folders.map { FetchOrder.Entry(path: $0, kind: .folder) }
        let files = input.files.map { FetchOrder.Entry(path: $0.path, kind: .file, contents: $0.mark.hex) }
        return FetchOrder(contents: contents, entries: root + folders + files)
    }

    private static func contents(
        _ name: String, _ digest: ArtifactDigest?, _ size: DataSize, _ grant: ReadGrant
    ) -> FetchOrder.Contents {
        FetchOrder.Contents(
            name: name, digest: digest?.hex, size: size.bytes, url: grant.url.reveal(),
            headers: grant.headers.map { $0.reveal() })
    }

    /// Long enough at 5 MB/s, and an hour at least: nobody goes on with an order after that.
    @Sendable static func span(for size: DataSize) -> TimeSpan {
        max(.hour, .seconds(min(size.bytes / 5_000_000, 7 * 86_400 - 1)))
    }

    private static func entries(of contents: ArtifactContents) -> [FetchOrder.Entry] {
        switch contents {
        case .file(let blob): return [FetchOrder.Entry(path: "", kind: .file, contents: blob.digest.hex)]
        case .folder(let manifest):
            let entries = manifest.entries.map { entry -> FetchOrder.Entry in
                switch entry.kind {
                case .folder: FetchOrder.Entry(path: entry.path, kind: .folder)
                case .link(let target): FetchOrder.Entry(path: entry.path, kind: .link, target: target)
                case .file(let blob, let isExecutable):
                    FetchOrder.Entry(
                        path: entry.path, kind: .file, contents: blob.digest.hex, isExecutable: isExecutable)
                }
            }
            return [FetchOrder.Entry(path: "", kind: .folder)] + entries
        }
    }
}
