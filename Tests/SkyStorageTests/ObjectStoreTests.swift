import FoundationEssentials
import SkyCore
import SkyHTTP
import SkyTestSupport
import Synchronization
import Testing

@testable import SkyStorage

@Suite("Objects of every kind of store", .timeLimit(.minutes(10)))
struct ObjectStoreTests {
    @Test("keys of any characters are put, read, listed and removed", arguments: StoreKind.here)
    func keys(kind: StoreKind) async throws {
        try await ObjectFixture.use(kind) { at in
            let keys = ["a b/c+d?e=f&g#h", "ä/ö%2F", "plain", "x~(1)'!*"]
            for key in keys { #expect(try await at.put("content of \(key)", at: key)) }
            var found: [String] = []
            try await at.store.eachPage(of: at.url()) { page async throws(StorageError) in
                found += page.objects.map(\.key)
            }
            #expect(found == keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
            for key in keys {
                #expect(try await at.store.bytes(of: at.url(key)) == bytes("content of \(key)"))
                let object = try #require(try await at.store.object(at.url(key)))
                #expect(object.digest == ArtifactDigest(hashing: bytes("content of \(key)")))
                #expect(object.size.bytes == bytes("content of \(key)").count && !object.etag.isEmpty)
            }
            try await at.store.delete(keys, in: at.url())
            #expect(try await at.store.object(at.url("plain")) == nil)
            #expect(try await at.store.bytes(of: at.url("plain")) == nil)
        }
    }

    @Test("lists come in pages, with folders where they are asked for", arguments: StoreKind.here)
    func lists(kind: StoreKind) async throws {
        try await ObjectFixture.use(kind) { at in
            for key in ["a/1", "a/2", "b", "c/1", "d", "e", "f/g/h"] { #expect(try await at.put(key, at: key)) }
            var (objects, folders): ([String], [String]) = ([], [])
            try await at.store.eachPage(of: at.url(), delimiter: "/") { page async throws(StorageError) in
                objects += page.objects.map(\.key)
                folders += page.folders
            }
            #expect(objects == ["b", "d", "e"] && folders == ["a/", "c/", "f/"])
            let digests = try await at.store.page(of: at.url("a/"), delimiter: nil, after: nil).objects.map(
                \.size.bytes)
            #expect(digests == [3, 3])
        }
    }

    @Test("of many who put one object that must be new, one does", arguments: StoreKind.here)
    func oneWinner(kind: StoreKind) async throws {
        try await ObjectFixture.use(kind) { at in
            let winners = Collected<Int>()
            try await concurrently(0..<16, width: 16) { writer async throws(StorageError) in
                if try await at.put("writer \(writer)", at: "one", existing: .keep) { winners.add(writer) }
            }
            #expect(winners.all.count == 1)
            #expect(try await at.store.bytes(of: at.url("one")) == bytes("writer \(winners.all.first ?? -1)"))
        }
    }

    @Test("parts of an object are read, and none past its end", arguments: StoreKind.here)
    func ranges(kind: StoreKind) async throws {
        try await ObjectFixture.use(kind) { at in
            _ = try await at.put("0123456789", at: "digits")
            #expect(try await at.store.read(at.url("digits"), from: 3, count: 4) == bytes("3456"))
            #expect(try await at.store.read(at.url("digits"), from: 8, count: 10) == bytes("89"))
            #expect(try await at.store.read(at.url("digits"), from: 10, count: 1) == [])
            #expect(try await at.store.read(at.url("none"), from: 0, count: 1) == nil)
        }
    }

    @Test("an object that has changed is not taken for what it was", arguments: StoreKind.here)
    func condition(kind: StoreKind) async throws {
        try await ObjectFixture.use(kind) { at in
            _ = try await at.put("first", at: "x")
            let first = try #require(try await at.store.object(at.url("x")))
            _ = try await at.put("second", at: "x")
            await #expect(throws: StorageError.self) {
                try await at.store.get(ObjectWish(url: at.url("x"), etag: first.etag))
            }
        }
    }

    @Test("a store copies within itself, and leaves alone what it is told to", arguments: StoreKind.here)
    func copies(kind: StoreKind) async throws {
        try await ObjectFixture.use(kind) { at in
            let content = S3Fixture.bytes(3 << 20)
            _ = try await at.upload(try at.write("source", content), "from").run()
            #expect(try await at.store.copy(at.url("from"), to: at.url("to/here"), existing: .replace))
            #expect(try await at.expectContent(content, at: "to/here"))
            let copy = try #require(try await at.store.object(at.url("to/here")))
            #expect(copy.digest == ArtifactDigest(hashing: content))
            #expect(try await !at.store.copy(at.url("from"), to: at.url("to/here"), existing: .keep))
            await #expect(throws: StorageError.self) {
                try await at.store.copy(at.url("none"), to: at.url("x"), existing: .replace)
            }
        }
    }

    @Test("buckets that sky makes are known by it, and go when they are empty", arguments: StoreKind.here)
    func buckets(kind: StoreKind) async throws {
        try await ObjectFixture.use(kind) { at in
            // Again: as good as new.
            try await at.store.make(BucketSpec(at.bucket, region: "us-east1"))
            let found = try await at.store.buckets().first { $0.url == at.bucket }
            #expect(found != nil && (found?.isOurs == true || kind == .s3))
            _ = try await at.put("x", at: "x")
            #expect(try await !at.store.removeBucket(at.bucket))
            try await at.store.delete(at.url("x"))
            #expect(try await at.store.removeBucket(at.bucket))
            #expect(try await at.store.removeBucket(at.bucket))
        }
    }

    @Test("artifacts are kept there, and laid out again", arguments: StoreKind.here)
    func artifacts(kind: StoreKind) async throws {
        try await ObjectFixture.use(kind) { at in
            try FileManager.default.createDirectory(atPath: "\(at.folder)/in/deep", withIntermediateDirectories: true)
            try at.write("in/a", bytes("a"))
            try at.write("in/deep/b", S3Fixture.bytes(2 << 20))
            let store = BucketArtifactStore(at.store, root: at.url("sky"), scratch: "\(at.folder)/scratch")
            let artifact = try await store.put(path: "\(at.folder)/in")
            #expect(try await store.artifact(artifact.digest) == artifact)
            try await store.materialize(artifact.digest, at: "\(at.folder)/out")
            #expect(try at.read("out/deep/b") == S3Fixture.bytes(2 << 20))
            let local = LocalArtifactStore(root: "\(at.folder)/local")
            let report = try await ArtifactTransfer.copy(artifact.digest, from: store, to: local)
            #expect(report.moved.bytes == (2 << 20) + 1)
        }
    }

    @Test(
        "folders and files are taken as inputs, and not fetched again while they stay the same",
        arguments: StoreKind.here)
    func inputs(kind: StoreKind) async throws {
        try await ObjectFixture.use(kind) { at in
            _ = try await at.put("a", at: "data/a")
            _ = try await at.put("b", at: "data/deep/b")
            let local = LocalArtifactStore(root: "\(at.folder)/local")
            let input = ObjectInput(at.store, at.url("data"), scratch: "\(at.folder)/inputs")
            let first = try await input.take(into: local)
            #expect(first.kind == .folder && first.size.bytes == 2)
            let look = try await ObjectInput(at.store, at.url("data"), scratch: "\(at.folder)/look").look()
            #expect(look.size.bytes == 2)
            #expect(try await input.take(into: local) == first)
            _ = try await at.put("other", at: "data/a")
            #expect(try await input.take(into: local).size.bytes == 6)
        }
    }

    @Test(
        "a bucket on demand is made at the first put, swept of what nobody names, and goes when it is empty",
        arguments: StoreKind.here)
    func onDemand(kind: StoreKind) async throws {
        try await ObjectFixture.use(kind) { at in
            var url = at.bucket
            url.bucket += "-made"
            let records = "\(at.folder)/records"
            let place = Location(provider: "acme", region: "us-east1")
            let maker = BucketOnDemand(BucketSpec(url, region: "us-east1"), for: place, records: records)
            let store = BucketArtifactStore(at.store, root: url, scratch: "\(at.folder)/scratch", onDemand: maker)
            let none = ArtifactDigest(hashing: bytes("none"))
            #expect(try await store.artifact(none) == nil && BucketRecord.all(in: records).isEmpty)
            let kept = try await store.put(path: try at.write("kept", bytes("kept")))
            let lost = try await store.put(path: try at.write("lost", bytes("lost")))
            #expect(BucketRecord.all(in: records).map(\.place) == [url] && kept != lost)
            let young = try await store.removeUnreferenced(keeping: [], unusedSince: Instant(millisecondsSince1970: 0))
            #expect(young.freed == .zero && !young.isGone)
            let far = Instant(millisecondsSince1970: 4_000_000_000_000)
            let swept = try await store.removeUnreferenced(keeping: [kept.digest], unusedSince: far)
            #expect(swept.freed.bytes == 4 && !swept.isGone)
            #expect(try await store.artifact(kept.digest) == kept)
            #expect(try await store.removeUnreferenced(keeping: [], unusedSince: far).isGone)
            #expect(try await store.removeUnreferenced(keeping: [], unusedSince: far).isGone)
        }
    }

    @Test("between buckets of one service the service copies", arguments: StoreKind.here)
    func between(kind: StoreKind) async throws {
        try await ObjectFixture.use(kind) { at in
            let one = BucketArtifactStore(at.store, root: at.url("one"), scratch: "\(at.folder)/scratch")
            let two = BucketArtifactStore(at.store, root: at.url("two"), scratch: "\(at.folder)/scratch")
            let artifact = try await one.put(path: try at.write("file", S3Fixture.bytes(3 << 20)))
            let report = try await ArtifactTransfer.copy(artifact.digest, from: one, to: two)
            #expect(report.moved == artifact.size)
            #expect(try await two.artifact(artifact.digest) == artifact)
            #expect(try await ArtifactTransfer.copy(artifact.digest, from: one, to: two).skipped == artifact.size)
        }
    }

    @Test("whoever is not let in is told so", arguments: [StoreKind.google, .azureKey, .azureToken])
    func strangers(kind: StoreKind) async throws {
        let store: any ObjectStore
        switch kind {
        case .google: store = ObjectFixture.google(try await LoopbackGCS.shared(), token: "wrong")
        case .azureKey: store = ObjectFixture.azure(try await LoopbackAzure.shared(), .key(Secret("d3Jvbmc=")))
        default:
            let token = ObjectFixture.FixedToken(secret: Secret("wrong"))
            store = ObjectFixture.azure(try await LoopbackAzure.shared(), .tokens(token))
        }
        let error = await #expect(throws: StorageError.self) { try await store.buckets() }
        guard case .service(let refusal) = error else { throw HTTPError(.badResponse, "no refusal") }
        #expect([401, 403].contains(refusal.status) && !refusal.message.contains("wrong"))
    }
}
