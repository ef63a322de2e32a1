import FoundationEssentials
import Glibc
import SkyCore
import SkyStorage
import SkyTestSupport
import Testing

@Suite("A local artifact store", .timeLimit(.minutes(5)))
struct LocalArtifactStoreTests {
    @Test("a file comes back byte for byte, whatever its size", arguments: [0, 1, 1 << 20, (1 << 20) + 1, 5_000_000])
    func file(size: Int) async throws {
        try await StoreFixture.run { fixture in
            let bytes = noise(size)
            try fixture.write(bytes, to: "in")
            let artifact = try await fixture.store.put(path: fixture.path("in"))
            #expect(artifact.kind == .file && artifact.size.bytes == Int64(size))
            #expect(artifact.digest == ArtifactDigest(hashing: bytes))
            #expect(try await fixture.store.artifact(artifact.digest) == artifact)
            try await fixture.store.materialize(artifact.digest, at: fixture.path("deep/er/out"))
            #expect(try fixture.bytes("deep/er/out") == bytes)
        }
    }

    @Test("a folder comes back with its empty folders, links, executable bits and any names")
    func folder() async throws {
        try await StoreFixture.run { fixture in
            try fixture.write("a", to: "in/a.txt")
            try fixture.write("#!/bin/sh\n", to: "in/bin/run", mode: 0o755)
            try fixture.write("x", to: "in/with space\tand\nnewline \"quoted\" \\")
            try fixture.write("nfc", to: "in/caf\u{e9}")
            try fixture.write("nfd!", to: "in/cafe\u{301}")
            try fixture.write("z", to: "in/日本/データ")
            try fixture.write("", to: "in/empty")
            try fixture.makeFolder("in/nothing/inside")
            try fixture.link("in/bin/latest", to: "../a.txt")
            try fixture.link("in/up", to: "bin")
            let artifact = try await fixture.store.put(path: fixture.path("in"))
            #expect(artifact.kind == .folder)
            #expect(artifact.size.bytes == 1 + 10 + 1 + 3 + 4 + 1)
            try await fixture.store.materialize(artifact.digest, at: fixture.path("out"))
            #expect(try fixture.listing("out") == fixture.listing("in"))
            #expect(try fixture.text("out/up/latest") == "a")
            #expect(try fixture.text("out/caf\u{e9}") == "nfc")
            #expect(try fixture.text("out/cafe\u{301}") == "nfd!")
            #expect(try await fixture.store.put(path: fixture.path("out")) == artifact)
        }
    }

    @Test("equal files are kept once, and keeping the same again adds nothing")
    func shared() async throws {
        try await StoreFixture.run { fixture in
            try fixture.write("same", to: "in/a")
            try fixture.write("same", to: "in/b/c")
            let first = try await fixture.store.put(path: fixture.path("in"))
            let blobs = fixture.names(fixture.root + "/blobs")
            #expect(blobs.count == 1)
            #expect(try await fixture.store.put(path: fixture.path("in")) == first)
            let file = try await fixture.store.put(path: fixture.path("in/a"))
            #expect(fixture.names(fixture.root + "/blobs") == [file.digest.hex])
            #expect(fixture.names(fixture.root + "/incoming").isEmpty)
        }
    }

    @Test("a large file is found again, and told from another of its size")
    func large() async throws {
        try await StoreFixture.run { fixture in
            let size = 64 << 20
            for (name, last) in [("a", "x"), ("b", "y")] {
                // Nothing but zeros, and a last byte of its own.
                let file = open(fixture.path(name), O_CREAT | O_WRONLY, 0o600)
                try #require(ftruncate(file, off_t(size - 1)) == 0)
                try #require(pwrite(file, last, 1, off_t(size - 1)) == 1)
                close(file)
            }
            let first = try await fixture.store.put(path: fixture.path("a"))
            let second = try await fixture.store.put(path: fixture.path("b"))
            #expect(first.digest != second.digest && first.size == second.size)
            #expect(try await fixture.store.put(path: fixture.path("a")) == first)
            #expect(try await fixture.store.put(path: fixture.path("b")) == second)
            for (artifact, last) in [(first, "x"), (second, "y")] {
                try await fixture.store.materialize(artifact.digest, at: fixture.path("out"))
                #expect(try fixture.bytes("out").last == last.utf8.first)
            }
            #expect(fixture.names(fixture.root + "/blobs").count == 2)
        }
    }

    @Test("a change of one byte, one name or one executable bit is another folder")
    func differs() async throws {
        try await StoreFixture.run { fixture in
            try fixture.write("one", to: "in/a")
            var digests: Set<ArtifactDigest> = [try await fixture.store.put(path: fixture.path("in")).digest]
            try fixture.write("onf", to: "in/a")
            digests.insert(try await fixture.store.put(path: fixture.path("in")).digest)
            try fixture.write("one", to: "in/a", mode: 0o755)
            digests.insert(try await fixture.store.put(path: fixture.path("in")).digest)
            try fixture.makeFolder("in/b")
            digests.insert(try await fixture.store.put(path: fixture.path("in")).digest)
            #expect(digests.count == 4)
        }
    }

    @Test("what is laid out belongs to its user: changing it changes nothing in the store, nor what was put")
    func independent() async throws {
        try await StoreFixture.run { fixture in
            try fixture.write("kept", to: "in")
            let artifact = try await fixture.store.put(path: fixture.path("in"))
            try fixture.write("overwritten", to: "in")
            try await fixture.store.materialize(artifact.digest, at: fixture.path("out"))
            let handle = open(fixture.path("out"), O_WRONLY)
            try #require(write(handle, "XXXX", 4) == 4)
            close(handle)
            try await fixture.store.materialize(artifact.digest, at: fixture.path("again"))
            #expect(try fixture.text("again") == "kept")
        }
    }

    @Test("a link given by name is followed")
    func followed() async throws {
        try await StoreFixture.run { fixture in
            try fixture.write("x", to: "real/a")
            try fixture.link("alias", to: "real")
            let artifact = try await fixture.store.put(path: fixture.path("alias"))
            #expect(artifact.kind == .folder)
            #expect(try await fixture.store.put(path: fixture.path("real")) == artifact)
        }
    }

    @Test("what cannot be kept is refused with its path: links out, pipes, names that are not UTF-8, nothing at all")
    func unsuitable() async throws {
        try await StoreFixture.run { fixture in
            for (name, target) in [("abs", "/etc/passwd"), ("up", "../../x"), ("tricky", "d/../..")] {
                try fixture.makeFolder(name)
                try fixture.link(name + "/l", to: target)
            }
            try fixture.makeFolder("pipe")
            try #require(mkfifo(fixture.path("pipe/p"), 0o600) == 0)
            try fixture.makeFolder("bytes")
            let raw = fixture.path("bytes/").utf8CString.dropLast() + [CChar(bitPattern: 0xff), 0]
            let handle = open(Array(raw), O_CREAT | O_WRONLY, 0o600)
            try #require(handle >= 0)
            close(handle)
            for name in ["abs", "up", "tricky", "pipe", "bytes", "pipe/p", "missing"] {
                let error = await #expect(throws: StorageError.self) {
                    try await fixture.store.put(path: fixture.path(name))
                }
                #expect(error?.description.contains(fixture.path(name)) == true)
            }
            #expect(fixture.names(fixture.root + "/incoming").isEmpty)
            #expect(fixture.names(fixture.root + "/folders").isEmpty)
        }
    }

    @Test("a store that was never written to holds nothing and stays unmade")
    func unmade() async throws {
        try await StoreFixture.run { fixture in
            let digest = ArtifactDigest(hashing: [])
            let found = try await fixture.store.artifact(digest)
            let freed = try await fixture.store.removeUnreferenced(keeping: [])
            #expect(found == nil && freed == .zero)
            let error = await #expect(throws: StorageError.self) {
                try await fixture.store.materialize(digest, at: fixture.path("out"))
            }
            #expect(error == .missing(digest))
            #expect(!FileManager.default.fileExists(atPath: fixture.root))
            #expect(fixture.names(fixture.folder).isEmpty)
        }
    }

    @Test("a full folder of artifacts is listed by nobody else: the store is private")
    func isPrivate() async throws {
        try await StoreFixture.run { fixture in
            try fixture.write("secret", to: "in", mode: 0o644)
            _ = try await fixture.store.put(path: fixture.path("in"))
            var status = stat()
            try #require(lstat(fixture.root, &status) == 0)
            #expect(status.st_mode & 0o077 == 0)
        }
    }

    @Test("cancelling a put keeps nothing")
    func cancelled() async throws {
        try await StoreFixture.run { fixture in
            try fixture.write(noise(40_000_000), to: "in/big")
            let task = Task { try await fixture.store.put(path: fixture.path("in")) }
            task.cancel()
            let error = await #expect(throws: StorageError.self) { try await task.value }
            #expect(error == .cancelled)
            #expect(fixture.names(fixture.root + "/incoming").isEmpty)
            #expect(fixture.names(fixture.root + "/blobs").isEmpty)
        }
    }

    @Test("puts of the same folder at the same time agree")
    func concurrentPuts() async throws {
        try await StoreFixture.run { fixture in
            for index in 0..<20 { try fixture.write(noise(3000, seed: UInt64(index)), to: "in/\(index)") }
            let artifacts = await withTaskGroup(of: Artifact?.self) { group in
                for _ in 0..<8 { group.addTask { try? await fixture.store.put(path: fixture.path("in")) } }
                var all: [Artifact?] = []
                for await artifact in group { all.append(artifact) }
                return all
            }
            #expect(Set(artifacts).count == 1 && artifacts.first != .some(nil))
            try await fixture.store.materialize(try #require(artifacts[0]).digest, at: fixture.path("out"))
            #expect(try fixture.listing("out") == fixture.listing("in"))
            #expect(fixture.names(fixture.root + "/incoming").isEmpty)
        }
    }
}
