import FoundationEssentials
import SkyCore
import SkyHTTP
import SkyTestSupport
import Testing

@testable import SkyStorage

@Suite("Stores take blobs from those who have a grant", .timeLimit(.minutes(10)))
struct AdmissionTests {
    private static var kinds: [StoreKind] { StoreKind.here }

    private func store(_ at: ObjectFixture, _ scratch: String = "scratch") -> BucketArtifactStore {
        BucketArtifactStore(at.store, root: at.url("kept"), scratch: "\(at.folder)/\(scratch)")
    }

    /// As a node would find it out.
    private func remote(_ at: ObjectFixture, _ content: [UInt8], _ name: String) throws -> RemoteBlob {
        let path = try at.write(name, content)
        let file = try FileFingerprint.read(path, at.store.rules, cancellation: CancellationFlag())
        let checksums = at.store.rules.isOrdered ? Array(file.checksums.suffix(1)) : file.checksums
        let blob = Blob(digest: file.whole, size: DataSize(bytes: file.size))
        return try #require(RemoteBlob(blob, checksums: checksums, at.store.rules))
    }

    /// Sends with what the grant says, and nothing else.
    private func send(_ content: [UInt8], _ grant: WriteGrant) async throws -> Int {
        var headers = HTTPHeaders()
        for line in grant.headers.map({ $0.reveal() }) {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[String(parts[0])] = String(parts[1].dropFirst())
        }
        let bytes = content[Int(grant.bytes.lowerBound)..<Int(grant.bytes.upperBound)]
        let request = HTTPRequest(
            .put, grant.url.reveal(), headers: headers, body: .bytes(Array(bytes)), timeout: .seconds(600))
        return try await HTTPClient().send(request).status
    }

    @Test("of every length, also one that is there already", arguments: kinds, [0, 10, (1 << 20) + 1, 17 << 20])
    func blobs(kind: StoreKind, count: Int) async throws {
        try await ObjectFixture.use(kind) { at in
            let store = store(at)
            let content = S3Fixture.bytes(count)
            let remote = try remote(at, content, "file")
            for isThere in [false, true] {
                let granted = try #require(try await store.admit([remote], of: "a", lasting: .hour))
                for grant in granted.flatMap(\.grants) {
                    // Azure says 403 to whoever may only create what is there.
                    let expected: Set = isThere ? [200, 201, 308, 403, 409, 412] : [200, 201, 308]
                    let status = try await send(content, grant)
                    #expect(expected.contains(status), "\(status)")
                }
                #expect(try await store.settle([remote], of: "a").isEmpty)
            }
            let artifact = try #require(try await store.artifact(remote.blob.digest))
            try await store.materialize(artifact.digest, at: "\(at.folder)/back")
            #expect(try at.read("back") == content)
            let left = (try? FileManager.default.contentsOfDirectory(atPath: "\(at.folder)/scratch/uploads")) ?? []
            #expect(left.isEmpty)
        }
    }

    @Test("other bytes than those that were told are refused", arguments: kinds, [10, 9 << 20])
    func otherBytes(kind: StoreKind, count: Int) async throws {
        try await ObjectFixture.use(kind) { at in
            let store = store(at)
            let remote = try remote(at, S3Fixture.bytes(count), "file")
            let granted = try #require(try await store.admit([remote], of: "a", lasting: .hour))
            for grant in granted.flatMap(\.grants) {
                let status = try await send(S3Fixture.bytes(count, seed: 9), grant)
                #expect(status >= 400 || status == 308)
            }
            #expect(try await store.settle([remote], of: "a") == [remote])
            #expect(try await store.artifact(remote.blob.digest) == nil)
            try await store.dismiss([remote], of: "a")
        }
    }

    @Test("what a broker that died had begun is gone on with", arguments: kinds)
    func resume(kind: StoreKind) async throws {
        try await ObjectFixture.use(kind) { at in
            let content = S3Fixture.bytes(at.long)
            let remote = try remote(at, content, "file")
            let first = try #require(try await store(at).admit([remote], of: "a", lasting: .hour))
            let all = first[0].grants
            #expect(all.count == 3)
            #expect([200, 201, 308].contains(try await send(content, all[0])))
            #expect(try await store(at).settle([remote], of: "a") == [remote])
            let again = try #require(try await store(at).admit([remote], of: "a", lasting: .hour))
            #expect(again[0].grants.map(\.bytes) == all.dropFirst().map(\.bytes))
            for grant in again[0].grants { #expect([200, 201, 308].contains(try await send(content, grant))) }
            #expect(try await store(at).settle([remote], of: "a").isEmpty)
            try await store(at).materialize(remote.blob.digest, at: "\(at.folder)/back")
            #expect(try at.read("back") == content)
        }
    }

    @Test("a grant lets nobody read, and nothing else be written", arguments: [StoreKind.s3, .azureKey, .azureToken])
    func bounds(kind: StoreKind) async throws {
        guard StoreKind.here.contains(kind) else { return }
        try await ObjectFixture.use(kind) { at in
            let content = S3Fixture.bytes(10)
            let granted = try #require(
                try await store(at).admit([try remote(at, content, "file")], of: "a", lasting: .hour))
            let grant = try #require(granted.first?.grants.first)
            let read = try await HTTPClient().send(HTTPRequest(.get, grant.url.reveal()))
            #expect(read.status == 403)
            let elsewhere = grant.url.reveal().replacing("/blobs/", with: "/folders/")
            let other = WriteGrant(grant.bytes, url: Secret(elsewhere), headers: grant.headers.map { $0.reveal() })
            #expect(try await send(content, other) == 403)
        }
    }

    @Test("whoever gets no key to sign with does not hand on a token that lets write everything")
    func tokens() async throws {
        let server = try LoopbackAzure.own()
        _ = try await HTTPClient().send(HTTPRequest(.post, "\(server.url)/_refuse", body: .bytes(Array("true".utf8))))
        let store = ObjectFixture.azure(server, .tokens(ObjectFixture.FixedToken(secret: Secret(LoopbackAzure.token))))
        let bucket = ObjectURL(.az, bucket: "\(LoopbackAzure.account)/kept", key: "")
        try await store.make(BucketSpec(bucket, region: "us-east1"))
        try await withTemporaryFolder { folder in
            let at = ObjectFixture(store: store, bucket: bucket, folder: folder, emulator: server)
            let remote = try remote(at, S3Fixture.bytes(10), "file")
            #expect(try await self.store(at).admit([remote], of: "a", lasting: .hour) == nil)
        }
    }
}
