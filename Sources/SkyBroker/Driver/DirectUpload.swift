import SkyCore
import SkyProviders
import SkyRuntime
import SkyStorage

/// Has a node send an output straight to the store, so that its bytes do not come by way of this machine. The node says what it
/// has, gets addresses that let it put just these bytes for a while, and nobody's credentials; the manifest is written from here,
/// once the store has all of it.
struct DirectUpload {
    private let world: DriverWorld
    private let held: HeldNodes
    private let id: AttemptID

    /// Of one order: addresses are long, and end.
    private static let (mostBlobs, mostParts) = (500, Int64(20_000))
    /// Orders that may bring nothing whole, one after the other: addresses end, and links break, before very long files are there.
    private static let patience = 20

    init(_ world: DriverWorld, _ held: HeldNodes, of id: AttemptID) {
        self.world = world
        self.held = held
        self.id = id
    }

    /// What came of it.
    enum Outcome {
        case stored(Artifact)
        /// It has to be fetched from here, and why.
        case obstacle(String)
    }

    /// - Parameter path: of a file or folder that is there.
    func send(
        _ path: String, on channel: any NodeChannel, to store: any GrantingStore
    ) async throws -> Outcome {
        guard !held.isOutOfReach(store.origin, of: id.token) else {
            return .obstacle(DirectFetch.known(store.origin))
        }
        let survey = try await channel.survey(Self.order(for: store.rules), of: path)
        if let obstacle = survey.obstacle { return .obstacle(obstacle) }
        guard let found = try Self.contents(of: survey, store.rules) else {
            return .obstacle("what the node says of it makes no artifact")
        }
        let places = Dictionary(survey.contents.map { ($0.digest, $0.path) }) { first, _ in first }
        let sending = Sending(store: store, channel: channel, path: path, holder: id.token, places: places)
        if let obstacle = try await send(found, sending) { return .obstacle(obstacle) }
        try await store.publish(found.contents)
        let artifact = found.contents.artifact
        world.log("\(id): \(path) went straight to \(store.origin), \(artifact.size)")
        return .stored(artifact)
    }

    /// Nil for what can be no artifact: whoever fetches it says why.
    private static func contents(of survey: FileSurvey, _ rules: PartRules) throws -> NodeContents? {
        do { return try NodeContents.read(survey, rules) } catch is StorageError { return nil }
    }

    /// - Returns: why not all of it went.
    private func send(_ found: NodeContents, _ sending: Sending) async throws -> String? {
        var missing = try await sending.store.missing(among: found.contents.blobs)
            .compactMap { found.remotes[$0.digest] }
        var fruitless = 0
        while !missing.isEmpty {
            let batch = Self.batch(of: missing, sending.store.rules)
            guard let reply = try await sending.send(batch) else {
                return "\(sending.store.origin) lets others write only with an account's key"
            }
            let unsettled = try await sending.store.settle(batch, of: sending.holder)
            missing = unsettled + missing.dropFirst(batch.count)
            fruitless = unsettled.count < batch.count ? 0 : fruitless + 1
            guard !unsettled.isEmpty, reply.sent == 0 || fruitless == Self.patience else { continue }
            // Anything else was wrong with just this: a file that somebody has written to meanwhile.
            if reply.isOutOfReach { held.foundOutOfReach(sending.store.origin, of: id.token) }
            try? await sending.store.dismiss(unsettled, of: sending.holder)
            return reply.obstacle ?? "the store does not have what the node has sent"
        }
        return nil
    }

    /// The first of them, one at least.
    private static func batch(of missing: [RemoteBlob], _ rules: PartRules) -> [RemoteBlob] {
        var parts = Int64(0)
        let fitting = missing.prefix(mostBlobs).prefix { remote in
            parts += remote.blob.size.bytes / rules.smallestPart + 1
            return parts <= mostParts
        }
        return Array(missing.prefix(max(fitting.count, 1)))
    }

    private static func order(for rules: PartRules) -> SurveyOrder {
        let checksum: SurveyOrder.Checksum =
            switch rules.checksum {
            case .sha256: .sha256
            case .md5: .md5
            case .crc32c: .crc32c
            }
        return SurveyOrder(checksum: checksum, smallestPart: rules.smallestPart, mostParts: rules.mostParts)
    }
}

/// One artifact on its way from a node to a store.
private struct Sending {
    let store: any GrantingStore
    let channel: any NodeChannel
    let path: String
    let holder: String
    /// By digest, where on the node a file is, within the artifact.
    let places: [String: String]

    /// Nil when the store lets nobody write.
    func send(_ remotes: [RemoteBlob]) async throws -> UploadReply? {
        let size = remotes.reduce(DataSize.zero) { $0 + $1.blob.size }
        guard let granted = try await store.admit(remotes, of: holder, lasting: DirectFetch.span(for: size)) else {
            return nil
        }
        let pieces = granted.flatMap { grants in
            grants.grants.map { grant in
                UploadOrder.Piece(
                    path: places[grants.blob.digest.hex] ?? "", offset: grant.bytes.lowerBound,
                    count: grant.bytes.upperBound - grant.bytes.lowerBound, url: grant.url.reveal(),
                    headers: grant.headers.map { $0.reveal() }, isOrdered: grants.isOrdered)
            }
        }
        guard !pieces.isEmpty else { return UploadReply(sent: 0) }
        return try await channel.upload(UploadOrder(pieces: pieces), from: path)
    }
}

/// What a node has said of a file or folder.
private struct NodeContents {
    let contents: ArtifactContents
    let remotes: [ArtifactDigest: RemoteBlob]

    /// Nil for what is no survey.
    /// - Throws: `StorageError` for what can be no artifact.
    static func read(_ survey: FileSurvey, _ rules: PartRules) throws -> NodeContents? {
        var remotes: [ArtifactDigest: RemoteBlob] = [:]
        for contents in survey.contents {
            guard let digest = ArtifactDigest(hex: contents.digest) else { return nil }
            let blob = Blob(digest: digest, size: DataSize(bytes: contents.size))
            guard let remote = RemoteBlob(blob, checksums: contents.checksums, rules) else { return nil }
            remotes[digest] = remote
        }
        guard let root = survey.entries.first, root.path.isEmpty else { return nil }
        if root.kind == .file {
            return blob(of: root, remotes).map { NodeContents(contents: .file($0), remotes: remotes) }
        }
        var entries: [FolderManifest.Entry] = []
        for entry in survey.entries.dropFirst() {
            guard let kind = kind(of: entry, remotes) else { return nil }
            entries.append(FolderManifest.Entry(path: entry.path, kind: kind))
        }
        return NodeContents(contents: .folder(try FolderManifest(entries)), remotes: remotes)
    }

    private static func kind(
        of entry: FetchOrder.Entry, _ remotes: [ArtifactDigest: RemoteBlob]
    ) -> FolderManifest.Kind? {
        switch entry.kind {
        case .folder: .folder
        case .link: .link(target: entry.target ?? "")
        case .file: blob(of: entry, remotes).map { .file($0, isExecutable: entry.isExecutable) }
        }
    }

    private static func blob(of entry: FetchOrder.Entry, _ remotes: [ArtifactDigest: RemoteBlob]) -> Blob? {
        entry.contents.flatMap { ArtifactDigest(hex: $0) }.flatMap { remotes[$0]?.blob }
    }
}
