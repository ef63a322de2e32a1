import FoundationEssentials
import Glibc
import SkyCore
import SkyStorage
import SkyTestSupport
import Testing

@Suite("Laying an artifact out", .timeLimit(.minutes(5)))
struct MaterializeTests {
    @Test(
        "replaces whatever is there", arguments: ["file", "folder"],
        ["nothing", "file", "folder", "full folder", "link"])
    func replaces(kind: String, before: String) async throws {
        try await StoreFixture.run { fixture in
            try fixture.write("new", to: kind == "file" ? "in" : "in/new")
            try fixture.write("untouched", to: "elsewhere/old")
            switch before {
            case "file": try fixture.write("old", to: "out")
            case "folder": try fixture.makeFolder("out")
            case "full folder": try fixture.write("old", to: "out/deep/old")
            case "link": try fixture.link("out", to: "elsewhere")
            default: break
            }
            let artifact = try await fixture.store.put(path: fixture.path("in"))
            try await fixture.store.materialize(artifact.digest, at: fixture.path("out"))
            if kind == "file" {
                #expect(try fixture.text("out") == "new")
            } else {
                #expect(try fixture.listing("out") == ["f new (3 bytes)"])
            }
            #expect(try fixture.text("elsewhere/old") == "untouched")
            #expect(fixture.names(fixture.folder).filter { $0.hasPrefix(".sky") }.isEmpty)
        }
    }

    @Test("holes stay holes, on the way in and on the way out", arguments: [90_000_000, 3_000_000])
    func holes(size: Int) async throws {
        try await StoreFixture.run { fixture in
            try fixture.write("begins", to: "in")
            let file = fixture.path("in")
            #expect(truncate(file, size) == 0)
            let artifact = try await fixture.store.put(path: file)
            try await fixture.store.materialize(artifact.digest, at: fixture.path("out"))
            var status = stat()
            #expect(stat(fixture.path("out"), &status) == 0 && status.st_size == size)
            #expect(status.st_blocks * 512 < 2 << 20)
            #expect(try await fixture.store.put(path: fixture.path("out")).digest == artifact.digest)
        }
    }

    @Test("a flipped bit is noticed, nothing is laid out, and the damaged copy counts as absent until it is put again")
    func corrupt() async throws {
        try await StoreFixture.run { fixture in
            try fixture.write(noise(3_000_000), to: "in/big")
            try fixture.write("small", to: "in/small")
            let artifact = try await fixture.store.put(path: fixture.path("in"))
            let bad = ArtifactDigest(hashing: noise(3_000_000))
            try fixture.flipBit(fixture.root + "/blobs/" + bad.hex, at: 2_999_999)
            try fixture.write("before", to: "out")
            let error = await #expect(throws: StorageError.self) {
                try await fixture.store.materialize(artifact.digest, at: fixture.path("out"))
            }
            #expect(error == .corrupt(bad))
            #expect(try fixture.text("out") == "before")
            #expect(try await fixture.store.artifact(artifact.digest) == nil)
            #expect(fixture.names(fixture.root + "/set-aside") == [bad.hex])
            let again = await #expect(throws: StorageError.self) {
                try await fixture.store.materialize(artifact.digest, at: fixture.path("out"))
            }
            #expect(again == .missing(bad))
            #expect(try await fixture.store.put(path: fixture.path("in")) == artifact)
            try await fixture.store.materialize(artifact.digest, at: fixture.path("out"))
            #expect(try fixture.listing("out") == fixture.listing("in"))
        }
    }

    @Test("a damaged manifest is set aside too")
    func corruptManifest() async throws {
        try await StoreFixture.run { fixture in
            try fixture.write("x", to: "in/a")
            let artifact = try await fixture.store.put(path: fixture.path("in"))
            try fixture.flipBit(fixture.root + "/folders/" + artifact.digest.hex, at: 20)
            let error = await #expect(throws: StorageError.self) {
                try await fixture.store.materialize(artifact.digest, at: fixture.path("out"))
            }
            #expect(error == .corrupt(artifact.digest))
            #expect(try await fixture.store.artifact(artifact.digest) == nil)
            #expect(try await fixture.store.put(path: fixture.path("in")) == artifact)
            #expect(try await fixture.store.artifact(artifact.digest) == artifact)
        }
    }

    @Test("a blob that was cut short makes its folder incomplete at once")
    func truncated() async throws {
        try await StoreFixture.run { fixture in
            try fixture.write("0123456789", to: "in/a")
            let artifact = try await fixture.store.put(path: fixture.path("in"))
            let blob = fixture.root + "/blobs/" + ArtifactDigest(hashing: Array("0123456789".utf8)).hex
            try #require(truncate(blob, 4) == 0)
            #expect(try await fixture.store.artifact(artifact.digest) == nil)
            #expect(try await fixture.store.put(path: fixture.path("in")) == artifact)
            #expect(try await fixture.store.artifact(artifact.digest) == artifact)
        }
    }

    @Test("a manifest that reaches outside is refused even under its right digest")
    func hostileManifest() async throws {
        try await StoreFixture.run { fixture in
            try fixture.write("x", to: "in/a")
            _ = try await fixture.store.put(path: fixture.path("in"))
            let blob = ArtifactDigest(hashing: Array("x".utf8))
            for path in ["../escaped", "/tmp/escaped"] {
                let file = #"{"digest":"\#(blob)","executable":false,"path":"\#(path)","size":1,"type":"file"}"#
                let text = #"{"entries":[\#(file)],"version":1}"#
                let digest = ArtifactDigest(hashing: Array(text.utf8))
                try fixture.write(text, to: "store/folders/" + digest.hex)
                let error = await #expect(throws: StorageError.self) {
                    try await fixture.store.materialize(digest, at: fixture.path("out"))
                }
                #expect(error?.description.contains("not a plain path") == true)
            }
            #expect(fixture.names(fixture.folder) == ["in", "store"])
        }
    }

    @Test("places that cannot be", arguments: ["", "/", ".", "..", "x/..", "x/.", "//"])
    func badPlace(path: String) async throws {
        try await StoreFixture.run { fixture in
            try fixture.write("x", to: "in")
            let artifact = try await fixture.store.put(path: fixture.path("in"))
            await #expect(throws: StorageError.self) {
                try await fixture.store.materialize(artifact.digest, at: path)
            }
        }
    }

    @Test("what a killed process left beside the destination is cleared away, and what it moved aside comes back")
    func leftovers() async throws {
        try await StoreFixture.run { fixture in
            try fixture.write("new", to: "in")
            let artifact = try await fixture.store.put(path: fixture.path("in"))
            let staging = ".sky-" + ArtifactDigest(hashing: Array("out".utf8)).hex.prefix(16)
            try fixture.write("half", to: staging + "/new/half")
            try fixture.write("old", to: staging + "/old")
            let absent = ArtifactDigest(hashing: [9])
            _ = await #expect(throws: StorageError.self) {
                try await fixture.store.materialize(absent, at: fixture.path("out"))
            }
            #expect(try fixture.text("out") == "old")
            try await fixture.store.materialize(artifact.digest, at: fixture.path("out/"))
            #expect(try fixture.text("out") == "new")
            #expect(fixture.names(fixture.folder) == ["in", "out", "store"])
        }
    }

    @Test("many at once into one place: one of them wins whole")
    func concurrent() async throws {
        try await StoreFixture.run { fixture in
            var digests: [ArtifactDigest] = []
            for index in 0..<6 {
                for file in 0..<5 { try fixture.write("\(index)", to: "in\(index)/\(file)") }
                digests.append(try await fixture.store.put(path: fixture.path("in\(index)")).digest)
            }
            let failures = await withTaskGroup(of: Bool.self) { group in
                for digest in digests {
                    group.addTask {
                        (try? await fixture.store.materialize(digest, at: fixture.path("out"))) == nil
                    }
                }
                var count = 0
                for await failed in group where failed { count += 1 }
                return count
            }
            #expect(failures == 0)
            #expect(Set(try (0..<5).map { try fixture.text("out/\($0)") }).count == 1)
            #expect(fixture.names(fixture.folder).filter { $0.hasPrefix(".sky") }.isEmpty)
        }
    }
}
