import Glibc
public import SkyCore
import Synchronization

/// Fetches one object into a file, in parts side by side. Killed at any point, the same call goes on with what had arrived, as
/// long as the object is the same.
public struct ObjectDownload: Sendable {
    private let store: any ObjectStore
    private let url: ObjectURL
    private let path: String
    private let known: StoredObject?
    private let expected: ArtifactDigest?
    private let width: Int
    /// Hidden beside the destination, so that one rename puts it in place.
    private let partial: String

    public struct Report: Hashable, Sendable {
        public let size: DataSize
        /// Of the whole; nil where nobody who put the object said so, and nothing could be compared.
        public let digest: ArtifactDigest?
        /// Fetched now.
        public let moved: DataSize
        /// What an earlier call, stopped or killed, had brought.
        public let resumed: DataSize
    }

    /// - Parameters:
    ///   - path: where the file is to be; what is there stays until all has arrived. Folders above it are made.
    ///   - known: what a listing said of the object, if one did. Without an entity tag it is taken for one that never changes.
    ///   - expected: what it must hold; nil for what whoever put it said it does, if they did.
    ///   - width: parts on their way at once.
    public init(
        _ store: any ObjectStore, from url: ObjectURL, to path: String, known: StoredObject? = nil,
        expected: ArtifactDigest? = nil,
        width: Int = usualTransferWidth
    ) {
        self.store = store
        self.url = url
        self.path = path
        self.known = known
        self.expected = expected
        self.width = width
        let key = ArtifactDigest(hashing: Array("\(store.origin)\0\(url)\0\(path)".utf8))
        partial = "\(FileTree.parent(of: path))/.sky-\(key.hex.prefix(24)).partial"
    }

    /// - Throws: `.unsuitable` when there is no such object, when it changes meanwhile, or when what came is not what was put;
    ///   `.missing` and `.corrupt` instead where it was said what it must hold.
    public func run(
        progress: @escaping @Sendable (TransferProgress) -> Void = { _ in }
    ) async throws(StorageError) -> Report {
        let found: StoredObject?
        if let known { found = known } else { found = try await store.object(url) }
        guard let object = found else { throw gone }
        let meter = TransferMeter(total: object.size.bytes, progress: progress)
        return try await object.size.bytes <= PartPlan.inMemory
            ? fetchWhole(object, meter) : fetchParts(object, meter)
    }

    private func fetchWhole(_ object: StoredObject, _ meter: TransferMeter) async throws(StorageError) -> Report {
        guard let answer = try await store.get(ObjectWish(url: url, etag: object.etag)) else { throw gone }
        let said = expected ?? object.digest ?? answer.digest
        let digest = try await offPool { [self] _ throws(StorageError) in
            let digest = ArtifactDigest(hashing: answer.bytes)
            guard said == nil || said == digest else { throw damaged }
            if said == nil, let known = object.checksum {
                guard PartHasher.checksum(known.kind, of: answer.bytes) == known.value else { throw damaged }
            }
            try FileTree.makeFolders(FileTree.parent(of: path))
            let file = try OpenFile(partial, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o666, to: "write")
            try file.write(answer.bytes)
            try FileTree.move(partial, to: path)
            return digest
        }
        meter.add(moved: Int64(answer.bytes.count))
        return report(object, said == nil ? nil : digest, meter)
    }

    private func fetchParts(_ object: StoredObject, _ meter: TransferMeter) async throws(StorageError) -> Report {
        let size = object.size.bytes
        let plan = object.hasParts ? PartPlan(size: size) : PartPlan(undivided: size)
        let log = DownloadLog(path: "\(partial).parts", object: object, plan: plan)
        let (lock, have) = try await offPool { [partial, path] cancellation throws(StorageError) in
            try FileTree.makeFolders(FileTree.parent(of: path))
            let lock = try HeldFile(partial, mode: 0o666, cancellation: cancellation)
            return (lock, try Self.prepare(partial, log, size: size))
        }
        defer { lock.letGo() }
        meter.add(resumed: have.reduce(0) { $0 + Int64(plan[$1].count) })
        let said = SaidDigest(expected ?? object.digest)
        let order = PartOrder(have, count: plan.count)
        // The hash follows the parts in their order, while later ones are still on their way.
        let known = expected == nil && object.digest == nil ? object.checksum : nil
        async let hashed = hash(order, plan, known?.kind)
        let outcome: Result<Void, StorageError>
        do throws(StorageError) {
            try await concurrently((0..<plan.count).filter { !have.contains($0) }, width: width) {
                index async throws(StorageError) in
                let wish = ObjectWish(url: url, part: plan[index], etag: object.etag, path: partial)
                guard let answer = try await store.get(wish) else { throw gone }
                if expected == nil { said.set(answer.digest) }
                try await offPool { _ throws(StorageError) in try log.add(index) }
                meter.add(moved: Int64(plan[index].count))
                order.add(index)
            }
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        order.end()
        let hashes = await hashed
        try outcome.get()
        let (digest, checksum) = try hashes.get()
        let isRight = said.value.map { $0 == digest } ?? (known?.value == checksum)
        try await place(isRight: isRight, log)
        return report(object, said.value == nil ? nil : digest, meter)
    }

    private func place(isRight: Bool, _ log: DownloadLog) async throws(StorageError) {
        try await offPool { [self] _ throws(StorageError) in
            guard isRight else {
                // Whatever it was, going on from it would not mend it.
                unlink(partial)
                unlink(log.path)
                throw damaged
            }
            try FileTree.move(partial, to: path)
            unlink(log.path)
        }
    }
}

extension ObjectDownload {
    /// The parts that are here, in a file that is as long as the object.
    private static func prepare(_ partial: String, _ log: DownloadLog, size: Int64) throws(StorageError) -> Set<Int> {
        let file = try OpenFile(partial, O_RDWR, to: "write")
        let have = try file.status().size == size ? try log.read() : []
        if have.isEmpty {
            try file.truncate(to: 0)
            try log.begin()
            try file.truncate(to: size)
        }
        return have
    }

    /// The digest of the whole, and what the store has of it too, if that is asked for.
    private func hash(
        _ order: PartOrder, _ plan: PartPlan, _ kind: PartRules.Checksum?
    ) async -> Result<(ArtifactDigest, String?), StorageError> {
        do throws(StorageError) {
            let file = try await offPool { [partial] _ throws(StorageError) in
                try HashedFile(OpenFile(partial, O_RDONLY, to: "read"), kind)
            }
            for await index in order.stream {
                try await offPool { _ throws(StorageError) in try file.take(plan[index]) }
            }
            return .success(file.result)
        } catch {
            return .failure(error)
        }
    }

    private func report(_ object: StoredObject, _ digest: ArtifactDigest?, _ meter: TransferMeter) -> Report {
        Report(size: object.size, digest: digest, moved: meter.moved, resumed: meter.resumed)
    }

    private var gone: StorageError {
        expected.map { .missing($0) } ?? .unsuitable(path: "\(url)", reason: "there is no such object")
    }

    private var damaged: StorageError {
        expected.map { .corrupt($0) }
            ?? .unsuitable(path: "\(url)", reason: "what came does not have the SHA-256 of what was put there")
    }
}

/// What whoever put the object said that it holds: the first answer tells.
private final class SaidDigest: Sendable {
    private let digest: Mutex<ArtifactDigest?>

    init(_ digest: ArtifactDigest?) { self.digest = Mutex(digest) }

    var value: ArtifactDigest? { digest.withLock { $0 } }

    func set(_ said: ArtifactDigest?) { digest.withLock { if $0 == nil { $0 = said } } }
}

/// Turns parts that arrive in any order into a stream of them in their own.
private final class PartOrder: Sendable {
    let stream: AsyncStream<Int>
    private let continuation: AsyncStream<Int>.Continuation
    private let state: Mutex<(arrived: Set<Int>, next: Int)>

    init(_ have: Set<Int>, count: Int) {
        (stream, continuation) = AsyncStream.makeStream(of: Int.self)
        state = Mutex((have, 0))
        tell()
    }

    func add(_ index: Int) {
        state.withLock { _ = $0.arrived.insert(index) }
        tell()
    }

    func end() { continuation.finish() }

    private func tell() {
        state.withLock { state in
            while state.arrived.contains(state.next) {
                continuation.yield(state.next)
                state.next += 1
            }
        }
    }
}

/// A file that is hashed as it grows.
private final class HashedFile: Sendable {
    private struct State: ~Copyable {
        let file: OpenFile
        var hasher = SHA256Hasher()
        var other: PartHasher?
    }

    private let state: Mutex<State>

    init(_ file: consuming sending OpenFile, _ kind: PartRules.Checksum?) {
        state = Mutex(State(file: file, other: kind.map { PartHasher($0) }))
    }

    func take(_ part: Range<Int64>) throws(StorageError) {
        try state.withLock { state throws(StorageError) in
            try state.file.seek(to: part.lowerBound)
            var rest = part.count
            while rest > 0 {
                let bytes = try state.file.read(upTo: min(rest, BlobIntake.bufferSize))
                guard !bytes.isEmpty else {
                    throw .unsuitable(path: state.file.path, reason: "was cut short while it was being fetched")
                }
                state.hasher.update(bytes)
                bytes.withUnsafeBytes { state.other?.update($0) }
                rest -= bytes.count
            }
        }
    }

    /// Ends the hashes.
    var result: (ArtifactDigest, String?) {
        state.withLock { state in
            var hasher = SHA256Hasher()
            swap(&hasher, &state.hasher)
            return (hasher.finalize(), state.other?.next())
        }
    }
}
