import SkyCore
import SkyStorage
import SkyTestSupport
import Testing

@Suite("A folder's manifest")
struct ManifestTests {
    typealias Entry = FolderManifest.Entry

    private static let empty = Blob(digest: ArtifactDigest(hashing: []), size: .zero)
    private static let three = Blob(digest: ArtifactDigest(hashing: [1, 2, 3]), size: DataSize(bytes: 3))
    private static let file = FolderManifest.Kind.file(three, isExecutable: false)

    @Test("its text is canonical: any order of entries, one text")
    func canonical() throws {
        let entries = [
            Entry(path: "b", kind: .folder), Entry(path: "b/run \"it\"\n", kind: .file(Self.three, isExecutable: true)),
            Entry(path: "a", kind: Self.file), Entry(path: "a.txt", kind: .link(target: "b/ü")),
            Entry(path: "b/ü", kind: .file(Self.empty, isExecutable: false)), Entry(path: "c", kind: .folder),
        ]
        let manifest = try FolderManifest(entries)
        try expectGolden(String(decoding: manifest.bytes, as: UTF8.self) + "\n", "manifest.json")
        #expect(try FolderManifest(entries.reversed()).bytes == manifest.bytes)
        #expect(manifest.digest == ArtifactDigest(hashing: manifest.bytes))
        #expect(manifest.size.bytes == 6)
        #expect(Set(manifest.blobs) == [Self.empty, Self.three] && manifest.blobs.count == 2)
        let read = try FolderManifest(bytes: manifest.bytes)
        #expect(read.bytes == manifest.bytes && read.digest == manifest.digest)
    }

    @Test("of an empty folder")
    func emptyFolder() throws {
        let manifest = try FolderManifest([])
        #expect(String(decoding: manifest.bytes, as: UTF8.self) == #"{"entries":[],"version":1}"#)
        #expect(manifest.blobs.isEmpty && manifest.size == .zero)
    }

    @Test(
        "no path leaves the folder",
        arguments: [
            "", "/", "/etc/passwd", ".", "..", "../x", "a/../b", "a/..", "a//b", "a/", "./a", "a/./b", "a\u{0}b",
        ])
    func escapes(path: String) {
        let entries = [Entry(path: "a", kind: .folder), Entry(path: path, kind: Self.file)]
        #expect(throws: StorageError.self) { try FolderManifest(entries) }
    }

    @Test("nothing lies in a folder that is not listed, in a file or behind a link")
    func parents() {
        for parent in [nil, Self.file, .link(target: "b")] {
            let above = parent.map { [Entry(path: "a", kind: $0)] } ?? []
            #expect(throws: StorageError.self) { try FolderManifest(above + [Entry(path: "a/x", kind: Self.file)]) }
        }
    }

    @Test("no path is there twice, while two spellings of one letter are two paths")
    func twice() throws {
        #expect(throws: StorageError.self) {
            try FolderManifest([Entry(path: "a", kind: .folder), Entry(path: "a", kind: Self.file)])
        }
        let both = try FolderManifest([
            Entry(path: "caf\u{e9}", kind: Self.file), Entry(path: "cafe\u{301}", kind: .folder),
            Entry(path: "cafe\u{301}/x", kind: Self.file),
        ])
        #expect(both.entries.count == 3)
        #expect(throws: StorageError.self) {
            try FolderManifest([
                Entry(path: "caf\u{e9}", kind: .folder), Entry(path: "cafe\u{301}/x", kind: Self.file),
            ])
        }
    }

    @Test(
        "links that stay inside",
        arguments: [
            ("l", "a"), ("l", "./a"), ("l", "a/b/c"), ("d/l", "../a"), ("d/e/l", "../../a"), ("d/l", ".."), ("l", "."),
            ("l", "..a"), ("d/l", "..//x/"), ("l", "nowhere"),
        ])
    func goodLinks(path: String, target: String) throws {
        _ = try FolderManifest(Self.folders + [Entry(path: path, kind: .link(target: target))])
    }

    @Test(
        "links that may not",
        arguments: [
            ("l", ""), ("l", "/"), ("l", "/etc"), ("l", ".."), ("l", "../a"), ("d/l", "../../a"), ("l", "./../a"),
            ("l", "a/.."), ("d/e/l", "../k/.."), ("l", "a/../../b"), ("l", "a\u{0}"),
        ])
    func badLinks(path: String, target: String) {
        #expect(throws: StorageError.self) {
            try FolderManifest(Self.folders + [Entry(path: path, kind: .link(target: target))])
        }
    }

    private static let folders = [Entry(path: "d", kind: .folder), Entry(path: "d/e", kind: .folder)]

    @Test("one digest has one size, and sizes are not negative")
    func sizes() {
        let negative = Blob(digest: Self.three.digest, size: DataSize(bytes: -3))
        let longer = Blob(digest: Self.three.digest, size: DataSize(bytes: 4))
        for other in [negative, longer] {
            #expect(throws: StorageError.self) {
                try FolderManifest([
                    Entry(path: "a", kind: Self.file), Entry(path: "b", kind: .file(other, isExecutable: false)),
                ])
            }
        }
    }

    @Test(
        "text that is no manifest, or not the canonical one, is refused",
        arguments: [
            "", "{", "[]", "{}", #"{"entries":[],"version":2}"#, #"{"version":1,"entries":[]}"#,
            #"{"entries":[], "version":1}"#, #"{"entries":[],"more":1,"version":1}"#,
            #"{"entries":[{"path":"a","type":"socket"}],"version":1}"#, #"{"entries":[{"type":"folder"}],"version":1}"#,
            #"{"entries":[{"path":"a","target":"b","type":"folder"}],"version":1}"#,
            #"{"entries":[{"path":"b","type":"folder"},{"path":"a","type":"folder"}],"version":1}"#,
            #"{"entries":[{"path":"a","size":3,"type":"file"}],"version":1}"#,
            #"{"entries":[{"path":"../a","type":"folder"}],"version":1}"#,
            #"{"entries":[{"path":"\u0061","type":"folder"}],"version":1}"#,
        ])
    func malformed(text: String) {
        #expect(throws: StorageError.self) { try FolderManifest(bytes: Array(text.utf8)) }
    }

    @Test("no byte of a manifest can be changed unnoticed, and no change of one crashes the reader")
    func fuzz() throws {
        let manifest = try FolderManifest([
            Entry(path: "d", kind: .folder), Entry(path: "d/f", kind: Self.file),
            Entry(path: "l", kind: .link(target: "d")),
        ])
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<3000 {
            var bytes = manifest.bytes
            for _ in 0...Int.random(in: 0..<3, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            // What is still a manifest is one in its own right, under its own digest.
            if let read = try? FolderManifest(bytes: bytes) {
                #expect(read.bytes == bytes)
                #expect((read.digest == manifest.digest) == (bytes == manifest.bytes))
            }
        }
    }
}
