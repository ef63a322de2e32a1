import FoundationEssentials
import SkyCore
import SkyHTTP
import SkyTestSupport
import Testing

@testable import SkyStorage

@Suite("Inputs in buckets are told apart without being read", .timeLimit(.minutes(10)))
struct IdentifiedInputTests {
    private func input(_ at: ObjectFixture, _ key: String) -> ObjectInput {
        ObjectInput(at.store, at.url(key), scratch: "\(at.folder)/scratch")
    }

    private func local(_ at: ObjectFixture, _ name: String = "local") -> LocalArtifactStore {
        LocalArtifactStore(root: "\(at.folder)/\(name)")
    }

    @Test("by the digests that whoever put them has told", arguments: StoreKind.granting)
    func told(kind: StoreKind) async throws {
        try await ObjectFixture.use(kind) { at in
            _ = try await at.put("a", at: "in/a")
            _ = try await at.put("b", at: "in/deep/er/b")
            _ = try await at.put("a", at: "in/same")
            for key in ["in/a", "in/", "in"] {
                let known = try #require(try await input(at, key).identify(local(at)))
                #expect(try await input(at, key).look().nodesMayFetch)
                #expect(try await input(at, key).take(into: local(at)) == known.contents.artifact)
                for blob in known.contents.blobs {
                    let grant = try #require(try await known.grant(for: blob, lasting: .hour))
                    var headers: HTTPHeaders = [:]
                    for line in grant.headers.map({ $0.reveal() }) {
                        let parts = line.split(separator: ":", maxSplits: 1)
                        headers[String(parts[0])] = String(parts[1].dropFirst())
                    }
                    let answer = try await HTTPClient().send(HTTPRequest(.get, grant.url.reveal(), headers: headers))
                    #expect(ArtifactDigest(hashing: answer.body) == blob.digest)
                }
            }
            await #expect(throws: StorageError.self) { try await input(at, "none").identify(local(at)) }
        }
    }

    @Test(
        "by what was found when they were read, until one of them changes",
        .enabled(if: LoopbackS3.canRun, Comment(rawValue: LoopbackS3.obstacle ?? "")))
    func found() async throws {
        try await S3Fixture.use { s3 in
            /// As other programs put it: without a digest.
            func put(_ text: String, at key: String) async throws {
                var call = S3Call(.put, s3.url(key).bucket, s3.url(key).key)
                let content = bytes(text)
                call.body = .bytes(content, sha256: ArtifactDigest(hashing: content))
                _ = try await s3.client.expect(call)
            }
            let store = LocalArtifactStore(root: "\(s3.folder)/local")
            func input(_ key: String) -> ObjectInput {
                ObjectInput(s3.client, s3.url(key), scratch: "\(s3.folder)/scratch")
            }
            try await put("a", at: "in/a")
            try await put("b", at: "in/deep/b")
            var before: [Artifact] = []
            for key in ["in/a", "in/"] {
                #expect(try await input(key).identify(store)?.contents.artifact == nil)
                let unread = try #require(try await input(key).unread())
                #expect(try await input(key).look().nodesMayFetch)
                let taken = try await input(key).take(into: store)
                #expect(try await input(key).identify(store)?.contents.artifact == taken)
                #expect(unread.artifact.size == taken.size && unread.artifact.kind == taken.kind)
                #expect(try await input(key).unread()?.artifact == unread.artifact)
                before.append(unread.artifact)
                #expect(try await input(key).look().nodesMayFetch)
            }
            try await put("c", at: "in/a")
            for (key, earlier) in zip(["in/a", "in/"], before) {
                #expect(try await input(key).identify(store)?.contents.artifact == nil)
                let later = try #require(try await input(key).unread())
                #expect(later.artifact.digest != earlier.digest)
                #expect(Set(later.files.map(\.mark)).count == later.files.count)
            }
            #expect(try await input("in/").unread()?.folders == ["deep"])
        }
    }
}
