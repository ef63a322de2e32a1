import FoundationEssentials
import Glibc
import SkyAWS
import SkyCore
import SkyTestSupport
import Testing

@testable import SkyStorage

@Suite(
    "Artifacts in a bucket", .timeLimit(.minutes(10)),
    .enabled(if: LoopbackS3.canRun, Comment(rawValue: LoopbackS3.obstacle ?? "")))
struct S3ArtifactStoreTests {
    private static let long = (17 << 20) + 3

    private func store(_ s3: S3Fixture, _ prefix: String = "run/artifacts") -> BucketArtifactStore {
        BucketArtifactStore(s3.client, root: s3.url(prefix), scratch: "\(s3.folder)/scratch\(prefix.count)")
    }

    private func makeFolder(_ s3: S3Fixture) throws {
        try s3.write("folder/a/large", S3Fixture.bytes(Self.long))
        try s3.write("folder/a/run", bytes("#!/bin/sh\n"))
        chmod("\(s3.folder)/folder/a/run", 0o755)
        for index in 0..<40 { try s3.write("folder/many/\(index)", bytes("content \(index % 20)")) }
        try s3.write("folder/empty", [])
        try FileManager.default.createDirectory(
            atPath: "\(s3.folder)/folder/nothing/in", withIntermediateDirectories: true)
        try #require(symlink("a/run", "\(s3.folder)/folder/link") == 0)
    }

    @Test("a file is put, found and laid out again", arguments: [0, 10, long])
    func file(count: Int) async throws {
        try await S3Fixture.use { s3 in
            let store = store(s3)
            let content = S3Fixture.bytes(count)
            let artifact = try await store.put(path: try s3.write("file", content))
            #expect(artifact.kind == .file && artifact.size.bytes == count)
            #expect(artifact.digest == ArtifactDigest(hashing: content))
            #expect(try await store.artifact(artifact.digest) == artifact)
            try await store.materialize(artifact.digest, at: "\(s3.folder)/out/file")
            #expect(try s3.read("out/file") == content)
            #expect(try await store.put(path: "\(s3.folder)/out/file") == artifact)
        }
    }

    @Test("a folder has the same digest as in a local store, and comes back the same")
    func folder() async throws {
        try await S3Fixture.use { s3 in
            try makeFolder(s3)
            let store = store(s3)
            let artifact = try await store.put(path: "\(s3.folder)/folder")
            let local = LocalArtifactStore(root: "\(s3.folder)/local")
            #expect(try await local.put(path: "\(s3.folder)/folder") == artifact)
            try await store.materialize(artifact.digest, at: "\(s3.folder)/out")
            #expect(try await local.put(path: "\(s3.folder)/out") == artifact)
            #expect(access("\(s3.folder)/out/a/run", X_OK) == 0 && access("\(s3.folder)/out/empty", X_OK) != 0)
        }
    }

    @Test("what is not there is missing, a folder without one of its files too")
    func missing() async throws {
        try await S3Fixture.use { s3 in
            let store = store(s3)
            let none = ArtifactDigest(hashing: bytes("none"))
            #expect(try await store.artifact(none) == nil)
            await #expect(throws: StorageError.missing(none)) {
                try await store.materialize(none, at: "\(s3.folder)/out")
            }
            try s3.write("folder/a", bytes("a"))
            try s3.write("folder/b", bytes("b"))
            let artifact = try await store.put(path: "\(s3.folder)/folder")
            let lost = ArtifactDigest(hashing: bytes("b"))
            try await s3.client.delete(store.url(ofBlob: lost))
            #expect(try await store.artifact(artifact.digest) == nil)
            await #expect(throws: StorageError.missing(lost)) {
                try await store.materialize(artifact.digest, at: "\(s3.folder)/out")
            }
            #expect(access("\(s3.folder)/out", F_OK) != 0)
            #expect(try await store.put(path: "\(s3.folder)/folder") == artifact)
            #expect(try await store.artifact(artifact.digest) == artifact)
        }
    }

    @Test("what is damaged is found when it is read, and counts as absent from then on", arguments: [50, long])
    func damaged(count: Int) async throws {
        try await S3Fixture.use { s3 in
            let store = store(s3)
            let artifact = try await store.put(path: try s3.write("file", S3Fixture.bytes(count)))
            let other = try s3.write("other", S3Fixture.bytes(count, seed: 9))
            _ = try await ObjectUpload(
                s3.client, from: other, to: store.url(ofBlob: artifact.digest), state: "\(s3.folder)/state"
            ).run()
            await #expect(throws: StorageError.corrupt(artifact.digest)) {
                try await store.materialize(artifact.digest, at: "\(s3.folder)/out")
            }
            #expect(try await store.artifact(artifact.digest) == nil)
        }
    }

    @Test("artifacts are carried from folder to bucket, from bucket to bucket, and back, each byte once")
    func transfers() async throws {
        try await S3Fixture.use { s3 in
            try makeFolder(s3)
            let local = LocalArtifactStore(root: "\(s3.folder)/local")
            let artifact = try await local.put(path: "\(s3.folder)/folder")
            let (first, second) = (store(s3), store(s3, "second"))
            let distinct = try #require(try await local.contents(of: artifact.digest)).blobs
                .reduce(DataSize.zero) { $0 + $1.size }
            let up = try await ArtifactTransfer.copy(artifact.digest, from: local, to: first)
            #expect(up == TransferReport(moved: distinct, skipped: .zero, resumed: .zero))
            let across = try await ArtifactTransfer.copy(artifact.digest, from: first, to: second)
            #expect(across == TransferReport(moved: distinct, skipped: .zero, resumed: .zero))
            let again = try await ArtifactTransfer.copy(artifact.digest, from: local, to: second)
            #expect(again == TransferReport(moved: .zero, skipped: distinct, resumed: .zero))
            let back = LocalArtifactStore(root: "\(s3.folder)/back")
            let down = try await ArtifactTransfer.copy(artifact.digest, from: second, to: back)
            #expect(down == TransferReport(moved: distinct, skipped: .zero, resumed: .zero))
            try await back.materialize(artifact.digest, at: "\(s3.folder)/out")
            #expect(try await local.put(path: "\(s3.folder)/out") == artifact)
        }
    }

    @Test("a damaged blob of a bucket is not carried on, and is gone from it")
    func damagedSource() async throws {
        try await S3Fixture.use { s3 in
            let store = store(s3)
            let artifact = try await store.put(path: try s3.write("file", S3Fixture.bytes(Self.long)))
            let other = try s3.write("other", S3Fixture.bytes(Self.long, seed: 9))
            _ = try await ObjectUpload(
                s3.client, from: other, to: store.url(ofBlob: artifact.digest), state: "\(s3.folder)/state"
            ).run()
            let local = LocalArtifactStore(root: "\(s3.folder)/local")
            await #expect(throws: StorageError.corrupt(artifact.digest)) {
                try await ArtifactTransfer.copy(artifact.digest, from: store, to: local)
            }
            #expect(try await store.artifact(artifact.digest) == nil)
            #expect(try await local.artifact(artifact.digest) == nil)
        }
    }
}
