import Dispatch
import Glibc
import SkyCore
import SkyStorage
import SkyTestSupport
import Testing

/// Real processes, killed for real at moments of every kind. What they leave must never be taken for whole, and must
/// not be in anybody's way.
@Suite("kill -9", .timeLimit(.minutes(5)))
struct KillTests {
    @Test("in the middle of a transfer: the next one goes on at the byte", arguments: [0, 1, 3])
    func transfer(pieces: Int64) async throws {
        try await StoreFixture.run { fixture in
            let bytes = noise(5_000_000)
            try fixture.write(bytes, to: "in")
            let artifact = try await fixture.store.put(path: fixture.path("in"))
            let folder = fixture.folder
            let hex = artifact.digest.hex
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [folder = folder as String, hex = hex as String, pieces = pieces as Int64] in
                let digest = try #require(ArtifactDigest(hex: hex))
                try await ArtifactTransfer.copy(
                    digest, from: LocalArtifactStore(root: folder + "/store"),
                    to: LocalArtifactStore(root: folder + "/other")
                ) { progress in
                    if progress.present.bytes == pieces << 20 { kill(getpid(), SIGKILL) }
                }
            }
            #expect(try await fixture.other.artifact(artifact.digest) == nil)
            let report = try await ArtifactTransfer.copy(artifact.digest, from: fixture.store, to: fixture.other)
            #expect(report.resumed.bytes == pieces << 20)
            #expect(report.moved.bytes == 5_000_000 - pieces << 20)
            try await fixture.other.materialize(artifact.digest, at: fixture.path("out"))
            #expect(try fixture.bytes("out") == bytes)
        }
    }

    @Test(
        "at any moment of putting, carrying and laying out: done again, all is well, and a sweep leaves no litter",
        arguments: [1, 4, 8, 15, 30, 60, 100, 160])
    func anyMoment(milliseconds: Int) async throws {
        try await StoreFixture.run { fixture in
            for index in 0..<60 {
                try fixture.write(noise(1000 + index, seed: UInt64(index)), to: "in/d\(index % 7)/\(index)")
            }
            try fixture.write(noise(9_000_000, seed: 99), to: "in/big")
            let folder = fixture.folder
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [folder = folder as String, milliseconds = milliseconds as Int] in
                DispatchQueue(label: "killer").asyncAfter(deadline: .now() + .milliseconds(milliseconds)) {
                    kill(getpid(), SIGKILL)
                }
                let (a, b) = (LocalArtifactStore(root: folder + "/store"), LocalArtifactStore(root: folder + "/other"))
                let artifact = try await a.put(path: folder + "/in")
                try await ArtifactTransfer.copy(artifact.digest, from: a, to: b)
                while true { try await b.materialize(artifact.digest, at: folder + "/out") }
            }
            let artifact = try await fixture.store.put(path: fixture.path("in"))
            let report = try await ArtifactTransfer.copy(artifact.digest, from: fixture.store, to: fixture.other)
            #expect(report.moved + report.skipped + report.resumed == artifact.size)
            try await fixture.other.materialize(artifact.digest, at: fixture.path("out"))
            #expect(try fixture.listing("out") == fixture.listing("in"))
            #expect(fixture.names(folder).filter { $0.hasPrefix(".sky") }.isEmpty)
            for (store, root) in [(fixture.store, fixture.root), (fixture.other, fixture.otherRoot)] {
                try await store.removeUnreferenced(keeping: [artifact.digest])
                #expect(fixture.names(root + "/incoming").isEmpty)
                #expect(fixture.names(root + "/blobs").count == 61 && fixture.names(root + "/folders").count == 1)
                #expect(try await store.artifact(artifact.digest) == artifact)
            }
        }
    }
}
