import FoundationEssentials
import SkyCore
import SkyTestSupport
import Synchronization
import Testing

@testable import SkyStorage

@Suite("Long files go to stores of every kind and come back", .timeLimit(.minutes(15)))
struct ObjectTransferTests {
    static let emulated: [StoreKind] = [.google, .azureKey]

    @Test("of every length", arguments: emulated, [0, 1, 1 << 20, (1 << 20) + 1, 9 << 20])
    func roundTrip(kind: StoreKind, count: Int) async throws {
        try await ObjectFixture.use(kind) { at in
            let content = S3Fixture.bytes(count)
            let sent = try await at.upload(try at.write("source", content), "k/file").run()
            #expect(sent.moved.bytes == count && sent.resumed == .zero && !sent.wasThere)
            let got = try await ObjectDownload(at.store, from: at.url("k/file"), to: "\(at.folder)/deep/copy").run()
            #expect(got.digest == ArtifactDigest(hashing: content))
            #expect(try at.read("deep/copy") == content)
            let left = (try? FileManager.default.contentsOfDirectory(atPath: "\(at.folder)/state")) ?? []
            #expect(left.isEmpty)
        }
    }

    @Test("an upload that was stopped goes on with what had arrived", arguments: emulated)
    func resumeUpload(kind: StoreKind) async throws {
        try await ObjectFixture.use(kind) { at in
            let content = S3Fixture.bytes(at.long)
            let path = try at.write("source", content)
            let stopper = PartStopper(after: at.store.rules.smallestPart)
            let task = Task { try await at.upload(path, "file").run { stopper.see($0) } }
            stopper.stop(task)
            await #expect(throws: StorageError.cancelled) { try await task.value }
            let again = try await at.upload(path, "file").run()
            #expect(again.moved + again.resumed == DataSize(bytes: Int64(at.long)))
            #expect(again.resumed.bytes >= at.store.rules.smallestPart)
            #expect(try await at.expectContent(content, at: "file"))
        }
    }

    @Test("a file that has changed since is sent anew", arguments: emulated)
    func changedSource(kind: StoreKind) async throws {
        try await ObjectFixture.use(kind) { at in
            let path = try at.write("source", S3Fixture.bytes(at.long))
            let stopper = PartStopper(after: at.store.rules.smallestPart)
            let task = Task { try await at.upload(path, "file").run { stopper.see($0) } }
            stopper.stop(task)
            _ = try? await task.value
            let changed = S3Fixture.bytes(at.long, seed: 2)
            try at.write("source", changed)
            #expect(try await at.upload(path, "file").run().resumed == .zero)
            #expect(try await at.expectContent(changed, at: "file"))
        }
    }

    @Test("a long object that is there is kept where that is wanted", arguments: emulated)
    func keep(kind: StoreKind) async throws {
        try await ObjectFixture.use(kind) { at in
            let first = S3Fixture.bytes(at.long)
            _ = try await at.upload(try at.write("a", first), "file", existing: .keep).run()
            let other = try at.write("b", S3Fixture.bytes(at.long, seed: 2))
            let second = try await at.upload(other, "file", existing: .keep).run()
            #expect(second.wasThere && second.moved == .zero)
            #expect(try await at.expectContent(first, at: "file"))
        }
    }

    @Test(
        "answers that are lost, calls that are throttled and connections that are cut change nothing",
        arguments: emulated)
    func faults(kind: StoreKind) async throws {
        try await ObjectFixture.use(kind) { at in
            let content = S3Fixture.bytes(at.long)
            let path = try at.write("source", content)
            let place = kind == .google ? "\(at.bucket.bucket)/o[?].*upload_id" : "\(at.bucket.bucket)/faulty"
            for fault in [
                #""status": 503, "when": "before", "headers": {"Retry-After": "1"}"#,
                #""status": 429, "when": "before""#,
                #""when": "after""#, #""when": "cut", "bytes": 3000000"#,
            ] {
                try await at.fail(#"{"method": "PUT", "path": "\#(place)", "times": 1, \#(fault)}"#)
            }
            let sent = try await at.upload(path, "faulty").run()
            #expect(sent.blob.digest == ArtifactDigest(hashing: content))
            try await at.fail(#"{"method": "GET", "path": "faulty", "times": 1, "status": 503}"#)
            #expect(try await at.expectContent(content, at: "faulty"))
        }
    }

    @Test("what nobody vouched for is compared with the store's own checksum", arguments: emulated)
    func ownChecksum(kind: StoreKind) async throws {
        try await ObjectFixture.use(kind) { at in
            _ = try await at.upload(try at.write("source", S3Fixture.bytes(3 << 20)), "file").run()
            var object = try #require(try await at.store.object(at.url("file")))
            let checksum = try #require(object.checksum)
            object.digest = nil
            let fine = ObjectDownload(at.store, from: at.url("file"), to: "\(at.folder)/copy", known: object)
            if kind == .google { #expect(try await fine.run().size == object.size) }
            object.checksum = ObjectChecksum(kind: checksum.kind, value: "AAAAAA==")
            let wrong = ObjectDownload(at.store, from: at.url("file"), to: "\(at.folder)/other", known: object)
            if kind == .google { await #expect(throws: StorageError.self) { try await wrong.run() } }
        }
    }
}

/// Stops a transfer once it has come so far.
private final class PartStopper: Sendable {
    private let bytes: Int64
    private let state = Mutex<(stop: (@Sendable () -> Void)?, isReached: Bool)>((nil, false))

    init(after bytes: Int64) { self.bytes = bytes }

    func see(_ progress: TransferProgress) {
        guard progress.present.bytes >= bytes else { return }
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
