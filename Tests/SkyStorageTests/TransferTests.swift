import SkyCore
import SkyStorage
import SkyTestSupport
import Synchronization
import Testing

@Suite("A transfer between two stores", .timeLimit(.minutes(5)))
struct TransferTests {
    private static let mebibyte: Int64 = 1 << 20

    @Test("brings files and folders, counted in bytes", arguments: ["file", "folder"])
    func brings(kind: String) async throws {
        try await StoreFixture.run { fixture in
            try fixture.write(noise(2_500_000), to: kind == "file" ? "in" : "in/big")
            if kind == "folder" {
                try fixture.write(noise(2_500_000), to: "in/copy")
                try fixture.write("run", to: "in/bin/run", mode: 0o755)
                try fixture.makeFolder("in/empty")
                try fixture.link("in/l", to: "big")
            }
            let artifact = try await fixture.store.put(path: fixture.path("in"))
            let seen = Seen()
            let report = try await ArtifactTransfer.copy(
                artifact.digest, from: fixture.store, to: fixture.other
            ) { seen.add($0) }
            let distinct: Int64 = kind == "file" ? 2_500_000 : 2_500_003
            #expect(report == TransferReport(moved: DataSize(bytes: distinct), skipped: .zero, resumed: .zero))
            #expect(try await fixture.other.artifact(artifact.digest) == artifact)
            try await fixture.other.materialize(artifact.digest, at: fixture.path("out"))
            if kind == "file" {
                #expect(try fixture.bytes("out") == fixture.bytes("in"))
            } else {
                #expect(try fixture.listing("out") == fixture.listing("in"))
            }
            let steps = seen.all
            #expect(steps.map(\.present) == steps.map(\.present).sorted() && steps.first?.present == .zero)
            #expect(
                steps.last == TransferProgress(present: DataSize(bytes: distinct), total: DataSize(bytes: distinct)))
            #expect(fixture.names(fixture.otherRoot + "/incoming").isEmpty)
        }
    }

    @Test("brings nothing that is there, and needs no source for what is there whole")
    func skips() async throws {
        try await StoreFixture.run { fixture in
            try fixture.write(noise(1000), to: "in/a")
            try fixture.write(noise(500, seed: 2), to: "in/b")
            let artifact = try await fixture.store.put(path: fixture.path("in"))
            _ = try await fixture.other.put(path: fixture.path("in/a"))
            let first = try await ArtifactTransfer.copy(artifact.digest, from: fixture.store, to: fixture.other)
            #expect(
                first == TransferReport(moved: DataSize(bytes: 500), skipped: DataSize(bytes: 1000), resumed: .zero))
            let nowhere = LocalArtifactStore(root: fixture.path("nowhere"))
            let second = try await ArtifactTransfer.copy(artifact.digest, from: nowhere, to: fixture.other)
            #expect(second == TransferReport(moved: .zero, skipped: DataSize(bytes: 1500), resumed: .zero))
        }
    }

    @Test("a line that breaks loses nothing: the next transfer goes on at the byte", arguments: [1, 3])
    func resumes(pieces: Int64) async throws {
        try await StoreFixture.run { fixture in
            let bytes = noise(5_000_000)
            try fixture.write(bytes, to: "in")
            let artifact = try await fixture.store.put(path: fixture.path("in"))
            let broken = WireStore(fixture.store) { (before, piece) async throws(StorageError) in
                if before == pieces * Self.mebibyte { throw .system(action: "read", path: "the line", errno: 5) }
                return piece
            }
            _ = await #expect(throws: StorageError.self) {
                try await ArtifactTransfer.copy(artifact.digest, from: broken, to: fixture.other)
            }
            #expect(try await fixture.other.artifact(artifact.digest) == nil)
            let whole = WireStore(fixture.store)
            let report = try await ArtifactTransfer.copy(artifact.digest, from: whole, to: fixture.other)
            #expect(report.resumed.bytes == pieces * Self.mebibyte)
            #expect(report.moved.bytes == 5_000_000 - pieces * Self.mebibyte && report.skipped == .zero)
            #expect(whole.bytesRead == report.moved.bytes)
            try await fixture.other.materialize(artifact.digest, at: fixture.path("out"))
            #expect(try fixture.bytes("out") == bytes)
        }
    }

    @Test("a beginning that is not the blob's costs one more try, and too long a one is thrown away at once")
    func badBeginning() async throws {
        try await StoreFixture.run { fixture in
            let bytes = noise(2_000_000)
            try fixture.write(bytes, to: "in")
            let artifact = try await fixture.store.put(path: fixture.path("in"))
            for leftover in [noise(1_500_000, seed: 9), noise(2_000_001), noise(2_000_000, seed: 9)] {
                let region = "other\(leftover.count)-\(leftover[0])"
                let other = LocalArtifactStore(root: fixture.path(region))
                _ = try await other.put(path: fixture.path("store/lock"))
                try fixture.write(leftover, to: "\(region)/incoming/\(artifact.digest.hex).partial")
                let report = try await ArtifactTransfer.copy(artifact.digest, from: fixture.store, to: other)
                #expect(report.moved.bytes == 2_000_000 && report.resumed == .zero)
                try await other.materialize(artifact.digest, at: fixture.path("out"))
                #expect(try fixture.bytes("out") == bytes)
            }
        }
    }

    @Test("a whole partial blob only has to be hashed")
    func wholePartial() async throws {
        try await StoreFixture.run { fixture in
            try fixture.write(noise(2_000_000), to: "in")
            let artifact = try await fixture.store.put(path: fixture.path("in"))
            _ = try await fixture.other.put(path: fixture.path("store/lock"))
            try fixture.write(noise(2_000_000), to: "other/incoming/\(artifact.digest.hex).partial")
            let report = try await ArtifactTransfer.copy(artifact.digest, from: fixture.store, to: fixture.other)
            #expect(report == TransferReport(moved: .zero, skipped: .zero, resumed: DataSize(bytes: 2_000_000)))
            #expect(try await fixture.other.artifact(artifact.digest) == artifact)
        }
    }

    @Test("a bit that flips on the line is noticed and sent again; a line that always lies gives up")
    func noisyLine() async throws {
        try await StoreFixture.run { fixture in
            try fixture.write(noise(3_000_000), to: "in")
            let artifact = try await fixture.store.put(path: fixture.path("in"))
            let always = WireStore(fixture.store) { (_, piece) async throws(StorageError) in
                [piece[0] ^ 1] + piece.dropFirst()
            }
            let error = await #expect(throws: StorageError.self) {
                try await ArtifactTransfer.copy(artifact.digest, from: always, to: fixture.other)
            }
            #expect(error == .corrupt(artifact.digest))
            #expect(try await fixture.store.artifact(artifact.digest) == artifact)
            let once = WireStore(fixture.store) { (before, piece) async throws(StorageError) in
                before == Self.mebibyte ? [piece[0] ^ 1] + piece.dropFirst() : piece
            }
            let report = try await ArtifactTransfer.copy(artifact.digest, from: once, to: fixture.other)
            #expect(report.moved.bytes == 3_000_000)
            #expect(try await fixture.other.artifact(artifact.digest) == artifact)
            #expect(fixture.names(fixture.otherRoot + "/incoming").isEmpty)
        }
    }

    @Test("damage at the source is told, set aside there, and nothing bad arrives")
    func corruptSource() async throws {
        try await StoreFixture.run { fixture in
            try fixture.write(noise(3_000_000), to: "in/a")
            try fixture.write("fine", to: "in/b")
            let artifact = try await fixture.store.put(path: fixture.path("in"))
            let bad = ArtifactDigest(hashing: noise(3_000_000))
            try fixture.flipBit(fixture.root + "/blobs/" + bad.hex, at: 1_234_567)
            let error = await #expect(throws: StorageError.self) {
                try await ArtifactTransfer.copy(artifact.digest, from: fixture.store, to: fixture.other)
            }
            #expect(error == .corrupt(bad))
            #expect(try await fixture.store.artifact(artifact.digest) == nil)
            #expect(try await fixture.other.artifact(artifact.digest) == nil)
            #expect(!fixture.names(fixture.otherRoot + "/blobs").contains(bad.hex))
        }
    }

    @Test("a source that has lost a part says so")
    func missingAtSource() async throws {
        try await StoreFixture.run { fixture in
            let unknown = ArtifactDigest(hashing: [1])
            let error = await #expect(throws: StorageError.self) {
                try await ArtifactTransfer.copy(unknown, from: fixture.store, to: fixture.other)
            }
            #expect(error == .missing(unknown))
        }
    }

    @Test("two at once bring every byte once")
    func concurrent() async throws {
        try await StoreFixture.run { fixture in
            for index in 0..<4 { try fixture.write(noise(1_200_000, seed: UInt64(index)), to: "in/\(index)") }
            let artifact = try await fixture.store.put(path: fixture.path("in"))
            let reports = await withTaskGroup(of: TransferReport?.self) { group in
                for _ in 0..<3 {
                    group.addTask {
                        try? await ArtifactTransfer.copy(artifact.digest, from: fixture.store, to: fixture.other)
                    }
                }
                var reports: [TransferReport?] = []
                for await report in group { reports.append(report) }
                return reports
            }
            let done = reports.compactMap { $0 }
            #expect(done.count == 3)
            #expect(done.map(\.moved.bytes).reduce(0, +) == 4_800_000)
            #expect(done.allSatisfy { $0.moved + $0.skipped + $0.resumed == DataSize(bytes: 4_800_000) })
            try await fixture.other.materialize(artifact.digest, at: fixture.path("out"))
            #expect(try fixture.listing("out") == fixture.listing("in"))
        }
    }

    @Test("cancelling stops it and keeps what came")
    func cancelled() async throws {
        try await StoreFixture.run { fixture in
            try fixture.write(noise(4_000_000), to: "in")
            let artifact = try await fixture.store.put(path: fixture.path("in"))
            let reached = AsyncStream.makeStream(of: Void.self)
            let stuck = WireStore(fixture.store) { (before, piece) async throws(StorageError) in
                if before == 2 * Self.mebibyte {
                    reached.continuation.finish()
                    try? await Task.sleep(for: .seconds(60))
                }
                return piece
            }
            let task = Task { try await ArtifactTransfer.copy(artifact.digest, from: stuck, to: fixture.other) }
            for await _ in reached.stream {}
            task.cancel()
            let error = await #expect(throws: StorageError.self) { try await task.value }
            #expect(error == .cancelled)
            let report = try await ArtifactTransfer.copy(artifact.digest, from: fixture.store, to: fixture.other)
            #expect(report.resumed.bytes >= 2 * Self.mebibyte)
        }
    }

    @Test("a sweep in the middle of a transfer only costs bringing it again")
    func sweptMeanwhile() async throws {
        try await StoreFixture.run { fixture in
            try fixture.write(noise(1000, seed: 1), to: "in/a")
            try fixture.write(noise(1000, seed: 2), to: "in/b")
            let artifact = try await fixture.store.put(path: fixture.path("in"))
            let once = Once()
            let source = WireStore(fixture.store) { (before, piece) async throws(StorageError) in
                if before == 1000, once.isFirst() { try await fixture.other.removeUnreferenced(keeping: []) }
                return piece
            }
            let report = try await ArtifactTransfer.copy(artifact.digest, from: source, to: fixture.other)
            #expect(report.moved.bytes + report.skipped.bytes == 2000)
            #expect(source.bytesRead == 3000)
            #expect(try await fixture.other.artifact(artifact.digest) == artifact)
        }
    }
}

private final class Seen: Sendable {
    private let steps = Mutex<[TransferProgress]>([])
    var all: [TransferProgress] { steps.withLock { $0 } }
    func add(_ step: TransferProgress) { steps.withLock { $0.append(step) } }
}

private final class Once: Sendable {
    private let isUsed = Mutex(false)
    func isFirst() -> Bool {
        isUsed.withLock { used in
            defer { used = true }
            return !used
        }
    }
}
