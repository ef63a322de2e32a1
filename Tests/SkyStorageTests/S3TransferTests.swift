import FoundationEssentials
import SkyAWS
import SkyCore
import SkyTestSupport
import Synchronization
import Testing

@testable import SkyStorage

@Suite(
    "Files go to a real S3 server and come back", .timeLimit(.minutes(10)),
    .enabled(if: LoopbackS3.canRun, Comment(rawValue: LoopbackS3.obstacle ?? "")))
struct S3TransferTests {
    private static let long = (20 << 20) + 12_345

    @Test("of every length", arguments: [0, 1, 1000, 8 << 20, (8 << 20) + 1, long])
    func roundTrip(count: Int) async throws {
        try await S3Fixture.use { s3 in
            let content = S3Fixture.bytes(count)
            let path = try s3.write("source", content)
            let sent = try await s3.upload(path, "k/file").run()
            #expect(sent.moved.bytes == count && sent.resumed == .zero && !sent.wasThere)
            #expect(sent.blob.digest == ArtifactDigest(hashing: content))
            let seen = Seen()
            let got = try await ObjectDownload(s3.client, from: s3.url("k/file"), to: "\(s3.folder)/deep/er/copy").run {
                seen.add($0)
            }
            #expect(got.digest == sent.blob.digest && got.moved.bytes == count)
            #expect(try s3.read("deep/er/copy") == content)
            #expect(
                seen.last
                    == TransferProgress(present: DataSize(bytes: Int64(count)), total: DataSize(bytes: Int64(count))))
            // Nothing is left of the way here.
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(s3.folder)/deep/er") == ["copy"])
            let left = (try? FileManager.default.contentsOfDirectory(atPath: "\(s3.folder)/state")) ?? []
            #expect(left.isEmpty)
        }
    }

    private final class Seen: Sendable {
        private let progress = Mutex<TransferProgress?>(nil)
        var last: TransferProgress? { progress.withLock { $0 } }
        func add(_ seen: TransferProgress) {
            progress.withLock { last in
                if seen.present > last?.present ?? DataSize(bytes: -1) { last = seen }
            }
        }
    }

    @Test("an upload that was stopped goes on with the parts that had arrived")
    func resumeUpload() async throws {
        try await S3Fixture.use { s3 in
            let content = S3Fixture.bytes(Self.long)
            let path = try s3.write("source", content)
            let stopper = Stopper(after: 1)
            let task = Task { try await s3.upload(path, "file").run { stopper.see($0) } }
            stopper.stop(task)
            await #expect(throws: StorageError.cancelled) { try await task.value }
            let again = try await s3.upload(path, "file").run()
            #expect(again.moved + again.resumed == DataSize(bytes: Int64(Self.long)))
            #expect(again.resumed >= DataSize(bytes: 8 << 20))
            try await s3.expectContent(content, at: "file")
            #expect(try await s3.client.pendingUploads(s3.url()).isEmpty)
        }
    }

    @Test("a file that has changed since is sent anew, and the old upload can be given up")
    func changedSource() async throws {
        try await S3Fixture.use { s3 in
            let path = try s3.write("source", S3Fixture.bytes(Self.long))
            let stopper = Stopper(after: 1)
            let task = Task { try await s3.upload(path, "file").run { stopper.see($0) } }
            stopper.stop(task)
            _ = try? await task.value
            let changed = S3Fixture.bytes(Self.long, seed: 2)
            try s3.write("source", changed)
            #expect(try await s3.upload(path, "file").run().resumed == .zero)
            try await s3.expectContent(changed, at: "file")
            #expect(try await s3.client.pendingUploads(s3.url()).count == 1)
            #expect(try await s3.client.abandonUploads(s3.url(), begunBefore: Instant(millisecondsSince1970: 0)) == 0)
            #expect(try await s3.client.abandonUploads(s3.url(), begunBefore: .distantFuture) == 1)
            #expect(try await s3.client.pendingUploads(s3.url()).isEmpty)
        }
    }

    @Test("an upload whose server has forgotten it begins anew; one that had ended is known to have")
    func lostUpload() async throws {
        try await S3Fixture.use { s3 in
            let content = S3Fixture.bytes(Self.long)
            let path = try s3.write("source", content)
            let stopper = Stopper(after: 1)
            let task = Task { try await s3.upload(path, "file").run { stopper.see($0) } }
            stopper.stop(task)
            _ = try? await task.value
            let state = try #require(
                try FileManager.default.contentsOfDirectory(atPath: "\(s3.folder)/state").first {
                    !$0.contains(".")
                })
            let kept = try s3.read("state/\(state)")
            try await s3.client.abandonUploads(s3.url(), begunBefore: .distantFuture)
            #expect(try await s3.upload(path, "file").run().moved.bytes == Self.long)
            // As if killed after the last call and before the state went.
            try s3.write("state/\(state)", kept)
            #expect(try await s3.upload(path, "file").run().resumed.bytes == Self.long)
            try await s3.expectContent(content, at: "file")
        }
    }

    @Test("an object that is there is kept where that is wanted", arguments: [100, long])
    func keep(count: Int) async throws {
        try await S3Fixture.use { s3 in
            let first = S3Fixture.bytes(count)
            _ = try await s3.upload(try s3.write("a", first), "file", existing: .keep).run()
            let second = try await s3.upload(
                try s3.write("b", S3Fixture.bytes(count, seed: 2)), "file", existing: .keep
            ).run()
            #expect(second.wasThere && second.moved == .zero)
            try await s3.expectContent(first, at: "file")
            #expect(try await s3.client.pendingUploads(s3.url()).isEmpty)
        }
    }

    @Test(
        "of several who send a long file to one place at once, somebody's is there whole, and nothing is left of the others"
    )
    func oneWinner() async throws {
        try await S3Fixture.use { s3 in
            let paths = try (0..<4).map { try s3.write("w\($0)", S3Fixture.bytes(Self.long, seed: UInt64($0))) }
            let winners = Collected<Int>()
            try await concurrently(paths.indices, width: 4) { index async throws(StorageError) in
                if try await !s3.upload(paths[index], "one", existing: .keep).run().wasThere { winners.add(index) }
            }
            // On S3 it is one. This server compares before it locks, so that calls of one moment may all succeed.
            #expect(!winners.all.isEmpty)
            let digest = try #require(try await s3.client.object(s3.url("one"))?.digest)
            let got = try await ObjectDownload(s3.client, from: s3.url("one"), to: "\(s3.folder)/got").run()
            #expect(got.digest == digest)
            #expect(try await s3.client.pendingUploads(s3.url()).isEmpty)
        }
    }

    @Test("a download that was stopped goes on with the parts that had arrived")
    func resumeDownload() async throws {
        try await S3Fixture.use { s3 in
            let content = S3Fixture.bytes(Self.long)
            _ = try await s3.upload(try s3.write("source", content), "file").run()
            let download = ObjectDownload(s3.client, from: s3.url("file"), to: "\(s3.folder)/copy", width: 1)
            let stopper = Stopper(after: 1)
            let task = Task { try await download.run { stopper.see($0) } }
            stopper.stop(task)
            await #expect(throws: StorageError.cancelled) { try await task.value }
            #expect(!FileManager.default.fileExists(atPath: "\(s3.folder)/copy"))
            let again = try await download.run()
            #expect(again.resumed.bytes >= 8 << 20 && (again.moved + again.resumed).bytes == Self.long)
            #expect(try s3.read("copy") == content)
        }
    }

    @Test("what was damaged on this machine between two tries is found, and fetched anew")
    func damagedPartial() async throws {
        try await S3Fixture.use { s3 in
            let content = S3Fixture.bytes(Self.long)
            _ = try await s3.upload(try s3.write("source", content), "file").run()
            let download = ObjectDownload(s3.client, from: s3.url("file"), to: "\(s3.folder)/copy", width: 1)
            let stopper = Stopper(after: 1)
            let task = Task { try await download.run { stopper.see($0) } }
            stopper.stop(task)
            _ = try? await task.value
            let partial = try #require(
                try FileManager.default.contentsOfDirectory(atPath: s3.folder).first {
                    $0.hasSuffix(".partial")
                })
            let file = try FileHandleBytes(path: "\(s3.folder)/\(partial)")
            file.flip(at: 5000)
            await #expect(throws: StorageError.self) { try await download.run() }
            #expect(!FileManager.default.fileExists(atPath: "\(s3.folder)/copy"))
            #expect(try await download.run().resumed == .zero)
            #expect(try s3.read("copy") == content)
        }
    }

    @Test("an object that changes between two tries is fetched anew")
    func changedObject() async throws {
        try await S3Fixture.use { s3 in
            _ = try await s3.upload(try s3.write("source", S3Fixture.bytes(Self.long)), "file").run()
            let download = ObjectDownload(s3.client, from: s3.url("file"), to: "\(s3.folder)/copy", width: 1)
            let stopper = Stopper(after: 1)
            let task = Task { try await download.run { stopper.see($0) } }
            stopper.stop(task)
            _ = try? await task.value
            let changed = S3Fixture.bytes(Self.long, seed: 3)
            _ = try await s3.upload(try s3.write("source", changed), "file").run()
            #expect(try await download.run().resumed == .zero)
            #expect(try s3.read("copy") == changed)
        }
    }

    @Test("what is not there is said, by its URL")
    func absent() async throws {
        try await S3Fixture.use { s3 in
            let download = ObjectDownload(s3.client, from: s3.url("none"), to: "\(s3.folder)/copy")
            await #expect(
                throws: StorageError.unsuitable(path: "\(s3.url("none"))", reason: "there is no such object")
            ) { try await download.run() }
        }
    }
}

/// Stops a transfer once it has come so far.
private final class Stopper: Sendable {
    private let parts: Int64
    private let state = Mutex<(stop: (@Sendable () -> Void)?, isReached: Bool)>((nil, false))

    init(after parts: Int64) { self.parts = parts }

    func see(_ progress: TransferProgress) {
        guard progress.present.bytes >= parts * PartPlan.smallest else { return }
        let stop = state.withLock { state in
            state.isReached = true
            return state.stop
        }
        stop?()
    }

    func stop<Value>(_ task: Task<Value, any Error>) {
        let isReached = state.withLock { state in
            state.stop = { task.cancel() }
            return state.isReached
        }
        if isReached { task.cancel() }
    }
}

extension S3Fixture {
    func expectContent(_ content: [UInt8], at key: String, sourceLocation: SourceLocation = #_sourceLocation)
        async throws
    {
        let path = "\(folder)/check-\(UInt32.random(in: 0 ... .max))"
        _ = try await ObjectDownload(client, from: url(key), to: path).run()
        #expect(Array(try Data(contentsOf: URL(filePath: path))) == content, sourceLocation: sourceLocation)
    }
}

extension Instant {
    static let distantFuture = Instant(millisecondsSince1970: 4_000_000_000_000)
}
