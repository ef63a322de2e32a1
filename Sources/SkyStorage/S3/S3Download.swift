import Glibc
import SkyAWS
public import SkyCore
import SkyHTTP
import Synchronization

/// Fetches one object into a file, in parts side by side. Killed at any point, the same call goes on with what had arrived, as
/// long as the object is the same.
public struct S3Download: Sendable {
    private let client: S3Client
    private let url: S3URL
    private let path: String
    private let known: S3Object?
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
        _ client: S3Client, from url: S3URL, to path: String, known: S3Object? = nil, expected: ArtifactDigest? = nil,
        width: Int = s3UsualWidth
    ) {
        self.client = client
        self.url = url
        self.path = path
        self.known = known
        self.expected = expected
        self.width = width
        let key = ArtifactDigest(hashing: Array("\(client.origin)\0\(url)\0\(path)".utf8))
        partial = "\(FileTree.parent(of: path))/.sky-\(key.hex.prefix(24)).partial"
    }

    /// - Throws: `.unsuitable` when there is no such object, when it changes meanwhile, or when what came is not what was put;
    ///   `.missing` and `.corrupt` instead where it was said what it must hold.
    public func run(
        progress: @escaping @Sendable (TransferProgress) -> Void = { _ in }
    ) async throws(StorageError) -> Report {
        let found: S3Object?
        if let known { found = known } else { found = try await client.object(url) }
        guard let object = found else { throw gone }
        try await offPool { [path] _ throws(StorageError) in try FileTree.makeFolders(FileTree.parent(of: path)) }
        let meter = TransferMeter(total: object.size.bytes, progress: progress)
        return try await object.size.bytes <= PartPlan.inMemory
            ? fetchWhole(object, meter) : fetchParts(object, meter)
    }

    private func fetchWhole(_ object: S3Object, _ meter: TransferMeter) async throws(StorageError) -> Report {
        var call = S3Call(.get, url.bucket, url.key)
        if !object.etag.isEmpty { call.headers["If-Match"] = object.etag }
        let response = try await client.perform(call)
        try check(response, [200], call)
        let said = expected ?? S3Client.digest(in: response.headers)
        let digest = try await offPool { [self] _ throws(StorageError) in
            let digest = ArtifactDigest(hashing: response.body)
            guard said == nil || said == digest else { throw damaged }
            let file = try OpenFile(partial, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o666, to: "write")
            try file.write(response.body)
            try FileTree.move(partial, to: path)
            return digest
        }
        meter.add(moved: Int64(response.body.count))
        return report(object, said == nil ? nil : digest, meter)
    }

    private func fetchParts(_ object: S3Object, _ meter: TransferMeter) async throws(StorageError) -> Report {
        let plan = PartPlan(size: object.size.bytes)
        let log = DownloadLog(path: "\(partial).parts", object: object, plan: plan)
        let (lock, have) = try await offPool { [partial] cancellation throws(StorageError) in
            let lock = try HeldFile(partial, mode: 0o666, cancellation: cancellation)
            return (lock, try Self.prepare(partial, log, size: object.size.bytes))
        }
        defer { lock.letGo() }
        meter.add(resumed: have.reduce(0) { $0 + Int64(plan[$1].count) })
        let said = SaidDigest(expected ?? object.digest)
        let order = PartOrder(have, count: plan.count)
        // The hash follows the parts in their order, while later ones are still on their way.
        async let hashed = hash(order, plan)
        let outcome: Result<Void, StorageError>
        do throws(StorageError) {
            try await concurrently((0..<plan.count).filter { !have.contains($0) }, width: width) {
                index async throws(StorageError) in
                let response = try await fetch(plan[index], of: object)
                if expected == nil { said.set(S3Client.digest(in: response.headers)) }
                try await offPool { _ throws(StorageError) in try log.add(index) }
                meter.add(moved: Int64(plan[index].count))
                order.add(index)
            }
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        order.end()
        let digest = await hashed
        try outcome.get()
        try await place(try digest.get(), said.value, log)
        return report(object, said.value == nil ? nil : try digest.get(), meter)
    }

    private func fetch(_ part: Range<Int64>, of object: S3Object) async throws(StorageError) -> HTTPResponse {
        var call = S3Call(.get, url.bucket, url.key)
        if !object.etag.isEmpty { call.headers["If-Match"] = object.etag }
        call.destination = S3Call.Destination(path: partial, part: part)
        call.retries = S3Call.patient
        let response = try await client.perform(call)
        try check(response, [200, 206], call)
        return response
    }

    private func place(
        _ digest: ArtifactDigest, _ said: ArtifactDigest?, _ log: DownloadLog
    ) async throws(StorageError) {
        try await offPool { [self] _ throws(StorageError) in
            guard said == nil || said == digest else {
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

extension S3Download {
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

    private func hash(_ order: PartOrder, _ plan: PartPlan) async -> Result<ArtifactDigest, StorageError> {
        do throws(StorageError) {
            let file = try await offPool { [partial] _ throws(StorageError) in
                try HashedFile(OpenFile(partial, O_RDONLY, to: "read"))
            }
            for await index in order.stream {
                try await offPool { _ throws(StorageError) in try file.take(plan[index]) }
            }
            return .success(file.digest)
        } catch {
            return .failure(error)
        }
    }

    private func check(_ response: HTTPResponse, _ statuses: Set<Int>, _ call: S3Call) throws(StorageError) {
        switch response.status {
        case let status where statuses.contains(status): return
        case 404: throw gone
        case 412: throw .unsuitable(path: "\(url)", reason: "changed while it was being fetched: fetch it again")
        default: throw .service(AWSError(call.asked, response))
        }
    }

    private func report(_ object: S3Object, _ digest: ArtifactDigest?, _ meter: TransferMeter) -> Report {
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
    }

    private let state: Mutex<State>

    init(_ file: consuming sending OpenFile) { state = Mutex(State(file: file)) }

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
                rest -= bytes.count
            }
        }
    }

    /// Ends the hash.
    var digest: ArtifactDigest {
        state.withLock { state in
            var hasher = SHA256Hasher()
            swap(&hasher, &state.hasher)
            return hasher.finalize()
        }
    }
}
