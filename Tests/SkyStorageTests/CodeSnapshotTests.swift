import Glibc
import SkyCore
import SkyStorage
import SkyTestSupport
import Testing

@Suite("A snapshot of code", .timeLimit(.minutes(5)))
struct CodeSnapshotTests {
    private func listing(_ snapshot: CodeSnapshot, _ fixture: StoreFixture) async throws -> [String] {
        let artifact = try await snapshot.put(in: fixture.store)
        try await fixture.store.materialize(artifact.digest, at: fixture.path("out"))
        return try fixture.listing("out")
    }

    @Test("holds the working directory without .git and what .skyignore names")
    func workdir() async throws {
        try await StoreFixture.run { fixture in
            try fixture.write("# big things\n*.bin\n/data/\n!keep.bin\n", to: "w/.skyignore")
            for name in ["train.py", "a.bin", "keep.bin", "sub/b.bin", "data/x", "sub/data/y", ".git/HEAD", "sub/.git"]
            {
                try fixture.write("x", to: "w/" + name)
            }
            try fixture.write("train.py\n", to: "w/.gitignore")
            let found = try await listing(CodeSnapshot(workdir: fixture.path("w")), fixture)
            #expect(
                found == [
                    "f .gitignore (9 bytes)", "f keep.bin (1 bytes)", "d sub", "d sub/data", "f sub/data/y (1 bytes)",
                    "f train.py (1 bytes)",
                ])
        }
    }

    @Test("leaves out what .gitignore names where there is no .skyignore, of a mounted folder too")
    func gitignore() async throws {
        try await StoreFixture.run { fixture in
            try fixture.write("*.bin\n/venv/\n", to: "w/.gitignore")
            try fixture.write("secret\n", to: "m/.gitignore")
            for name in ["w/train.py", "w/a.bin", "w/venv/lib", "w/sub/venv", "m/secret", "m/open"] {
                try fixture.write("x", to: name)
            }
            let snapshot = CodeSnapshot(
                workdir: fixture.path("w"), mounts: [.init(target: "data", source: fixture.path("m"))])
            #expect(
                try await listing(snapshot, fixture) == [
                    "f .gitignore (13 bytes)", "d data", "f data/.gitignore (7 bytes)", "f data/open (1 bytes)",
                    "d sub",
                    "f sub/venv (1 bytes)", "f train.py (1 bytes)",
                ])
        }
    }

    @Test("asks the .gitignore nearest to a file first, and never looks into a folder that is left out")
    func nestedGitignore() async throws {
        try await StoreFixture.run { fixture in
            try fixture.write("*.log\nout/\n", to: "w/.gitignore")
            try fixture.write("!keep.log\n/local\n", to: "w/sub/.gitignore")
            try fixture.write("!back\n", to: "w/out/.gitignore")
            for name in ["a.log", "local", "sub/keep.log", "sub/b.log", "sub/local", "sub/deep/local", "out/back"] {
                try fixture.write("x", to: "w/" + name)
            }
            let found = try await listing(CodeSnapshot(workdir: fixture.path("w")), fixture)
            #expect(
                found.filter { !$0.contains("gitignore") } == [
                    "f local (1 bytes)", "d sub", "d sub/deep", "f sub/deep/local (1 bytes)",
                    "f sub/keep.log (1 bytes)",
                ])
        }
    }

    @Test("lays mounts over it: folders are merged, files replaced, the last wins")
    func mounts() async throws {
        try await StoreFixture.run { fixture in
            try fixture.write("w", to: "w/conf/a")
            try fixture.write("w", to: "w/conf/b")
            try fixture.write("mounted", to: "m/b")
            try fixture.write("mounted", to: "m/deep/c", mode: 0o755)
            try fixture.write("single", to: "single")
            let snapshot = CodeSnapshot(
                workdir: fixture.path("w"),
                mounts: [
                    .init(target: "conf", source: fixture.path("m")),
                    .init(target: "./new/place/words.txt", source: fixture.path("single")),
                    .init(target: "conf/deep/", source: fixture.path("m/deep")),
                    .init(target: "conf/a", source: fixture.path("single")),
                ])
            #expect(
                try await listing(snapshot, fixture) == [
                    "d conf", "f conf/a (6 bytes)", "f conf/b (7 bytes)", "d conf/deep", "x conf/deep/c (7 bytes)",
                    "d new", "d new/place", "f new/place/words.txt (6 bytes)",
                ])
        }
    }

    @Test("of nothing is an empty folder, and of the same code always the same artifact")
    func same() async throws {
        try await StoreFixture.run { fixture in
            let nothing = try await CodeSnapshot(workdir: nil).put(in: fixture.store)
            #expect(nothing.digest == (try FolderManifest([])).digest)
            try fixture.write("x", to: "w/a")
            try fixture.write("x", to: "elsewhere/deep/a")
            let first = try await CodeSnapshot(workdir: fixture.path("w")).put(in: fixture.store)
            let second = try await CodeSnapshot(
                workdir: nil, mounts: [.init(target: ".", source: fixture.path("elsewhere/deep"))]
            ).put(in: fixture.store)
            #expect(first == second)
            try fixture.write("*.tmp", to: "w/.skyignore")
            #expect(try await CodeSnapshot(workdir: fixture.path("w")).put(in: fixture.store) == first)
        }
    }

    @Test(
        "a place outside the working directory is refused",
        arguments: ["/abs", "~/home", "../up", "a/../../up", ""])
    func badTarget(target: String) async throws {
        try await StoreFixture.run { fixture in
            try fixture.write("x", to: "file")
            let snapshot = CodeSnapshot(workdir: nil, mounts: [.init(target: target, source: fixture.path("file"))])
            await #expect(throws: StorageError.self) { try await snapshot.put(in: fixture.store) }
        }
    }

    @Test("a file where a folder must be, a missing source and a working directory that is none are refused")
    func conflicts() async throws {
        try await StoreFixture.run { fixture in
            try fixture.write("x", to: "w/a")
            try fixture.write("x", to: "m/b")
            for snapshot in [
                CodeSnapshot(workdir: fixture.path("w"), mounts: [.init(target: "a/b", source: fixture.path("m/b"))]),
                CodeSnapshot(workdir: fixture.path("w"), mounts: [.init(target: "a", source: fixture.path("m"))]),
                CodeSnapshot(workdir: fixture.path("w"), mounts: [.init(target: "n", source: fixture.path("none"))]),
                CodeSnapshot(workdir: fixture.path("w/a")), CodeSnapshot(workdir: fixture.path("none")),
            ] {
                await #expect(throws: StorageError.self) { try await snapshot.put(in: fixture.store) }
            }
        }
    }
}
