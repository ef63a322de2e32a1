import SkyCore
import SkyStorage
import SkyTestSupport
import Testing

@Suite("Removing what nothing refers to", .timeLimit(.minutes(5)))
struct SweepTests {
    @Test("frees exactly what no kept artifact needs")
    func frees() async throws {
        try await StoreFixture.run { fixture in
            try fixture.write(noise(1000, seed: 1), to: "kept/only")
            try fixture.write(noise(2000, seed: 2), to: "kept/both")
            try fixture.write(noise(2000, seed: 2), to: "gone/both")
            try fixture.write(noise(4000, seed: 3), to: "gone/only")
            try fixture.write(noise(8000, seed: 4), to: "file")
            let kept = try await fixture.store.put(path: fixture.path("kept"))
            let gone = try await fixture.store.put(path: fixture.path("gone"))
            let file = try await fixture.store.put(path: fixture.path("file"))
            let manifest = try #require(try await fixture.store.contents(of: gone.digest))
            guard case .folder(let folder) = manifest else { throw StorageError.missing(gone.digest) }
            let freed = try await fixture.store.removeUnreferenced(keeping: [kept.digest])
            #expect(freed.bytes == 4000 + 8000 + Int64(folder.bytes.count))
            #expect(try await fixture.store.artifact(kept.digest) == kept)
            #expect(try await fixture.store.artifact(gone.digest) == nil)
            #expect(try await fixture.store.artifact(file.digest) == nil)
            #expect(try await fixture.store.removeUnreferenced(keeping: [kept.digest]) == .zero)
        }
    }

    @Test("what is set aside or half done goes too, and a partial blob that somebody is writing stays")
    func leftovers() async throws {
        try await StoreFixture.run { fixture in
            try fixture.write("12345", to: "in")
            let artifact = try await fixture.store.put(path: fixture.path("in"))
            try fixture.write("old", to: "store/incoming/put-1-abc")
            try fixture.write("half", to: "store/incoming/\(ArtifactDigest(hashing: [1]).hex).partial")
            try fixture.write("bad", to: "store/set-aside/\(ArtifactDigest(hashing: [2]).hex)")
            let blob = Blob(digest: ArtifactDigest(hashing: noise(10)), size: DataSize(bytes: 10))
            let receiver = try #require(try await fixture.store.receive(blob))
            try await receiver.append(Array(noise(10).prefix(6)))
            let freed = try await fixture.store.removeUnreferenced(keeping: [artifact.digest])
            #expect(freed.bytes == 3 + 4 + 3)
            try await receiver.append(Array(noise(10).suffix(4)))
            try await receiver.finish()
            #expect(try await fixture.store.artifact(blob.digest)?.size.bytes == 10)
            #expect(try await fixture.store.artifact(artifact.digest) == artifact)
        }
    }

    @Test("what was put again lately is young, however old its blobs are")
    func young() async throws {
        try await StoreFixture.run { fixture in
            try fixture.write("12345", to: "in/a")
            let artifact = try await fixture.store.put(path: fixture.path("in"))
            let epoch = Instant(millisecondsSince1970: 0)
            let future = Instant(millisecondsSince1970: 1 << 50)
            #expect(try await fixture.store.removeUnreferenced(keeping: [], unusedSince: epoch) == .zero)
            #expect(try await fixture.store.artifact(artifact.digest) == artifact)
            _ = try await fixture.store.removeUnreferenced(keeping: [], unusedSince: future)
            #expect(try await fixture.store.artifact(artifact.digest) == nil)
        }
    }

    @Test("a young folder keeps its blobs though they are old")
    func youngFolder() async throws {
        try await StoreFixture.run { fixture in
            try fixture.write("12345", to: "in/a")
            let artifact = try await fixture.store.put(path: fixture.path("in"))
            try fixture.makeOld(fixture.root + "/blobs/" + ArtifactDigest(hashing: Array("12345".utf8)).hex)
            let middle = Instant(millisecondsSince1970: 1_000_000_000_000)
            #expect(try await fixture.store.removeUnreferenced(keeping: [], unusedSince: middle) == .zero)
            #expect(try await fixture.store.artifact(artifact.digest) == artifact)
            try fixture.makeOld(fixture.root + "/folders/" + artifact.digest.hex)
            _ = try await fixture.store.put(path: fixture.path("in"))
            #expect(try await fixture.store.removeUnreferenced(keeping: [], unusedSince: middle) == .zero)
        }
    }
}
