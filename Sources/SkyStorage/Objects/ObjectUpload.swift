import Glibc
public import SkyCore
import Synchronization

/// Sends one file. Killed at any point, the same call goes on with what had arrived, as long as the file is the same.
public struct ObjectUpload: Sendable {
    private let store: any ObjectStore
    private let path: String
    /// Where it goes, once it is known what it is.
    private let place: @Sendable (ArtifactDigest) -> ObjectURL
    private let existing: ExistingObject
    private let width: Int
    private let statePath: String
    private let stateFolder: String

    public struct Report: Hashable, Sendable {
        public let blob: Blob
        /// Sent now.
        public let moved: DataSize
        /// What an earlier call, stopped or killed, had brought.
        public let resumed: DataSize
        /// There was an object already, and it was kept.
        public let wasThere: Bool
    }

    /// - Parameters:
    ///   - path: of the file, which nobody should write to meanwhile.
    ///   - state: the folder for what has to be known to go on; made when needed.
    ///   - width: parts on their way at once.
    public init(
        _ store: any ObjectStore, from path: String, to url: ObjectURL, existing: ExistingObject = .replace,
        state: String,
        width: Int = usualTransferWidth
    ) {
        self.init(store, from: path, under: url, to: { _ in url }, existing: existing, state: state, width: width)
    }

    /// - Parameter under: tells this upload of the file from others of it.
    init(
        _ store: any ObjectStore, from path: String, under: ObjectURL,
        to place: @escaping @Sendable (ArtifactDigest) -> ObjectURL,
        existing: ExistingObject, state: String, width: Int
    ) {
        self.store = store
        self.path = path
        self.place = place
        self.existing = existing
        self.width = width
        stateFolder = state
        let key = ArtifactDigest(hashing: Array("\(store.origin)\0\(under)\0\(path)".utf8))
        statePath = "\(state)/\(key.hex.prefix(32))"
    }

    /// - Throws: `.unsuitable` when the file changes meanwhile.
    public func run(
        progress: @escaping @Sendable (TransferProgress) -> Void = { _ in }
    ) async throws(StorageError) -> Report {
        if let small = try await readIfSmall() { return try await send(small, progress) }
        if let file = try await hashIfOnePart() {
            let body = ObjectBody.file(path: path, count: file.size, checksum: file.checksums[0])
            return try await Self.naming(path) { () async throws(StorageError) in
                try await send(body, file.blob, progress)
            }
        }
        // Two that send the same file to the same place would take each other's upload.
        let lock = try await offPool { [stateFolder, statePath] cancellation throws(StorageError) in
            try FileTree.makeFolders(stateFolder, mode: 0o700)
            return try HeldFile("\(statePath).lock", cancellation: cancellation)
        }
        defer { lock.letGo() }
        let report = try await sendParts(progress)
        unlink(statePath)
        unlink("\(statePath).lock")
        return report
    }

    private func send(
        _ bytes: [UInt8], _ progress: @escaping @Sendable (TransferProgress) -> Void
    ) async throws(StorageError) -> Report {
        let digest = try await offPool { _ throws(StorageError) in ArtifactDigest(hashing: bytes) }
        let blob = Blob(digest: digest, size: DataSize(bytes: Int64(bytes.count)))
        return try await send(.bytes(bytes, sha256: digest), blob, progress)
    }

    /// By one call.
    private func send(
        _ body: ObjectBody, _ blob: Blob, _ progress: @escaping @Sendable (TransferProgress) -> Void
    ) async throws(StorageError) -> Report {
        let meter = TransferMeter(total: blob.size.bytes, progress: progress)
        let url = place(blob.digest)
        // To ask first is worth its time where the answer may save more.
        if existing == .keep, blob.size.bytes > 64 << 10, try await store.object(url) != nil {
            return report(blob, meter, wasThere: true)
        }
        let isNew = try await store.put(body, digest: blob.digest, at: url, existing: existing)
        if isNew { meter.add(moved: blob.size.bytes) }
        return report(blob, meter, wasThere: !isNew)
    }

    private func hashIfOnePart() async throws(StorageError) -> FileFingerprint? {
        try await offPool { [path, rules = store.rules] cancellation throws(StorageError) in
            guard let size = try FileStatus.ofTarget(path)?.size, size <= rules.longestCall else { return nil }
            return try FileFingerprint.read(path, rules, cancellation: cancellation)
        }
    }

    private func readIfSmall() async throws(StorageError) -> [UInt8]? {
        try await offPool { [path] _ throws(StorageError) in
            let file = try OpenFile(path, O_RDONLY | O_NONBLOCK, to: "read")
            let status = try file.status()
            guard status.kind == .file else { throw .unsuitable(path: path, reason: "only files can be sent") }
            guard status.size <= PartPlan.inMemory else { return nil }
            let bytes = try file.readAll()
            guard bytes.count == status.size, try file.status().stamp == status.stamp else {
                throw FileFingerprint.changed(path)
            }
            return bytes
        }
    }
}

extension ObjectUpload {
    private func sendParts(
        _ progress: @escaping @Sendable (TransferProgress) -> Void
    ) async throws(StorageError) -> Report {
        var state = try await offPool { [path, statePath, rules = store.rules] cancellation throws(StorageError) in
            try Self.state(of: path, rules, at: statePath, cancellation: cancellation)
        }
        let file = state.fingerprint
        let url = place(file.whole)
        let meter = TransferMeter(total: file.size, progress: progress)
        if let upload = state.upload {
            if let parts = try await store.parts(of: upload, to: url, file) {
                return try await send(file, upload: upload, have: parts, meter)
            }
            // Ended by ourselves just before we died, or given up by somebody else.
            if let there = try await store.object(url), there.digest == file.whole, there.size.bytes == file.size {
                meter.add(resumed: file.size)
                return report(file.blob, meter)
            }
        }
        if existing == .keep, try await store.object(url) != nil { return report(file.blob, meter, wasThere: true) }
        guard let upload = try await store.beginUpload(of: file, to: url, existing: existing) else {
            return report(file.blob, meter, wasThere: true)
        }
        state.upload = upload
        let begun = state
        try await offPool { [statePath] _ throws(StorageError) in try begun.write(statePath) }
        return try await send(file, upload: upload, have: [], meter)
    }

    /// What an earlier call found out of the file, if it is still the same file.
    private static func state(
        of path: String, _ rules: PartRules, at statePath: String, cancellation: CancellationFlag
    ) throws(StorageError) -> UploadState {
        if let known = UploadState.read(statePath), try FileStatus.ofTarget(path)?.stamp == known.fingerprint.stamp {
            return known
        }
        let state = UploadState(
            fingerprint: try FileFingerprint.read(path, rules, cancellation: cancellation), upload: nil)
        try state.write(statePath)
        return state
    }

    private func send(
        _ file: FileFingerprint, upload: String, have: [UploadedPart], _ meter: TransferMeter
    ) async throws(StorageError) -> Report {
        let url = place(file.whole)
        let plan = PartPlan(size: file.size, store.rules)
        let done = SentParts()
        for part in have where file.holds(part, plan) {
            // Not every server tells the checksums of parts that it has, and all want them in the end.
            let checksum = file.checksums[part.number - 1]
            let ours = UploadedPart(number: part.number, tag: part.tag, size: part.size, checksum: checksum)
            if done.add(ours) { meter.add(resumed: part.size) }
        }
        let missing = (1...plan.count).filter { !done.has($0) }
        let sideBySide = store.rules.isOrdered ? 1 : width
        try await concurrently(missing, width: sideBySide) { [store, path] number async throws(StorageError) in
            let part = try await Self.naming(path) { () async throws(StorageError) in
                try await store.sendPart(number, of: upload, to: url, file, at: path)
            }
            if done.add(part) { meter.add(moved: part.size) }
        }
        return try await finish(file, upload: upload, parts: done.sorted, meter)
    }

    private func finish(
        _ file: FileFingerprint, upload: String, parts: [UploadedPart], _ meter: TransferMeter
    ) async throws(StorageError) -> Report {
        let url = place(file.whole)
        do {
            if try await store.finishUpload(upload, to: url, file, parts: parts, existing: existing) {
                return report(file.blob, meter)
            }
        } catch .service(let error) where error.isGone {
            // The answer to an earlier try was lost.
            guard try await store.object(url)?.digest == file.whole else { throw .service(error) }
            return report(file.blob, meter)
        }
        // Somebody else was there first. It was ourselves, if an answer was lost; the content tells nothing apart then.
        try await store.abandonUpload(upload, to: url)
        return report(file.blob, meter, wasThere: true)
    }

    private func report(_ blob: Blob, _ meter: TransferMeter, wasThere: Bool = false) -> Report {
        Report(blob: blob, moved: meter.moved, resumed: meter.resumed, wasThere: wasThere)
    }

    /// A part that does not have the checksum that the file had: somebody wrote to the file.
    private static func naming<Value>(
        _ path: String, _ body: () async throws(StorageError) -> Value
    ) async throws(StorageError) -> Value {
        do { return try await body() } catch .service(let error) where error.isDamage {
            throw FileFingerprint.changed(path)
        }
    }
}

extension FileFingerprint {
    fileprivate var blob: Blob { Blob(digest: whole, size: DataSize(bytes: size)) }

    /// Whether what the server has is this part of the file.
    fileprivate func holds(_ part: UploadedPart, _ plan: PartPlan) -> Bool {
        guard (1...plan.count).contains(part.number), part.size == Int64(plan[part.number - 1].count) else {
            return false
        }
        return part.checksum == nil || part.checksum == checksums[part.number - 1]
    }
}

private final class SentParts: Sendable {
    private let parts = Mutex<[Int: UploadedPart]>([:])

    /// False when it is here already.
    func add(_ part: UploadedPart) -> Bool { parts.withLock { $0.updateValue(part, forKey: part.number) == nil } }

    func has(_ number: Int) -> Bool { parts.withLock { $0[number] != nil } }

    var sorted: [UploadedPart] { parts.withLock { $0.values.sorted { $0.number < $1.number } } }
}
