import Glibc
import SkyProcess
import SkyTestSupport
import Testing

@testable import SkyRuntime

@Suite("Files on their way", .timeLimit(.minutes(2)))
struct PackTests {
    @Test(
        "SHA-256 is that of the standard's own examples, however the bytes come",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
        ])
    func digests(text: String, digest: String) {
        #expect(SHA256.hex(SHA256.digest(of: Array(text.utf8))) == digest)
        var hash = SHA256()
        for byte in text.utf8 { withUnsafeBytes(of: byte) { hash.update($0) } }
        #expect(SHA256.hex(hash.digest()) == digest)
    }

    @Test("SHA-256 of a million letters is the standard's")
    func millionLetters() {
        let letters = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
        #expect(
            SHA256.hex(SHA256.digest(of: letters)) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        )
        #expect(SHA256.bytes(hex: "00ff7A") == [0, 255, 122])
        #expect(SHA256.bytes(hex: "0") == nil && SHA256.bytes(hex: "0g") == nil)
    }

    @Test("a link that breaks at any byte leaves what came, nothing in its place, and an end that goes on from there")
    func resumed() async throws {
        try await withTemporaryFolder { folder in
            let tree = "\(folder)/tree"
            try Files.makeFolder("\(tree)/sub")
            let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            for name in ["a", "sub/b"] { try Files.replace("\(tree)/\(name)", with: bytes, durability: .processes) }
            try Files.replace("\(tree)/empty", with: [], durability: .processes)
            let target = "\(folder)/target"
            var before: Int64 = -1
            for limit in [100, 5000, 100_000, 150_000, 200_000] {
                #expect(try await carry(tree, to: target, in: folder, limit: limit) != nil)
                #expect(!Files.exists(target))
                let there = size(below: "\(folder)/staging")
                #expect(there >= before)
                before = there
            }
            #expect(before > 300_000)
            #expect(try await carry(tree, to: target, in: folder) == nil)
            for name in ["a", "sub/b"] { #expect(try Files.read("\(target)/\(name)") == bytes) }
            #expect(!Files.exists("\(folder)/staging"))
        }
    }

    @Test("a file with holes arrives with them, also one that ends in a hole")
    func holes() async throws {
        try await withTemporaryFolder { folder in
            try Files.makeFolder("\(folder)/tree")
            let middle = [UInt8](repeating: 7, count: 4_096)
            let file = try Descriptor.open("\(folder)/tree/sparse", O_WRONLY | O_CREAT)
            lseek(file, 8 << 20, SEEK_SET)
            try Descriptor.writeAll(file, middle)
            ftruncate(file, 16 << 20)
            close(file)
            #expect(try await carry("\(folder)/tree", to: "\(folder)/target", in: folder) == nil)
            var status = stat()
            #expect(stat("\(folder)/target/sparse", &status) == 0 && status.st_size == 16 << 20)
            #expect(status.st_blocks * 512 < 2 << 20)
            let bytes = try #require(try Files.read("\(folder)/target/sparse"))
            #expect(Array(bytes[(8 << 20)..<((8 << 20) + 4_096)]) == middle)
            #expect(bytes.count { $0 != 0 } == 4_096)
        }
    }

    @Test("what was damaged where it waited is found, and brought again")
    func damaged() async throws {
        try await withTemporaryFolder { folder in
            let file = "\(folder)/file"
            try Files.replace(file, with: [UInt8](repeating: 1, count: 200_000), durability: .processes)
            #expect(try await carry(file, to: "\(folder)/target", in: folder, limit: 150_000) != nil)
            let pack = "\(folder)/staging/\(Files.names(in: "\(folder)/staging")[0])/pack"
            let half = try #require(try Files.read(pack))
            try Files.replace(pack, with: [2] + half.dropFirst(), durability: .processes)
            let found = try await carry(file, to: "\(folder)/target", in: folder)
            #expect(found?.kind == .damaged, "\(half.count): \(found?.message ?? "nothing")")
            #expect(try await carry(file, to: "\(folder)/target", in: folder) == nil)
        }
    }

    @Test("of what is replaced only the files that have changed travel, by what is in them and not by their times")
    func delta() async throws {
        try await withTemporaryFolder { folder in
            let (tree, target) = ("\(folder)/tree", "\(folder)/target")
            try Files.makeFolder("\(tree)/sub")
            for number in 0..<20 {
                try Files.put("\(tree)/sub/\(number)", [UInt8](repeating: UInt8(number), count: 50_000))
            }
            #expect(try await carry(tree, to: target, in: folder) == nil)
            // Of the same length and time as before, and another one with another mode alone.
            var status = stat()
            #expect(stat("\(tree)/sub/3", &status) == 0)
            try Files.put("\(tree)/sub/3", [UInt8](repeating: 99, count: 50_000))
            #expect(utimensat(AT_FDCWD, "\(tree)/sub/3", [status.st_atim, status.st_mtim], 0) == 0)
            chmod("\(tree)/sub/4", 0o700)
            // What the other side has changed is brought back; what has another name there is left alone.
            try Files.put("\(target)/sub/5", [UInt8](repeating: 5, count: 49_999) + [6])
            #expect(link("\(target)/sub/6", "\(folder)/other") == 0)
            try Files.put("\(target)/sub/extra", [1])

            // The manifest, the digests and three files fit; a fourth does not.
            #expect(try await carry(tree, to: target, in: folder, limit: 190_000) == nil)
            for number in 0..<20 {
                let expected = [UInt8](repeating: number == 3 ? 99 : UInt8(number), count: 50_000)
                #expect(try Files.read("\(target)/sub/\(number)") == expected, "\(number)")
            }
            #expect(stat("\(target)/sub/4", &status) == 0 && status.st_mode & 0o777 == 0o700)
            #expect(stat("\(folder)/other", &status) == 0 && status.st_nlink == 1)
            #expect(!Files.exists("\(target)/sub/extra") && !Files.exists("\(folder)/staging"))
        }
    }

    @Test(
        "what neither side has touched since it was brought is not read again; what either has touched is brought right"
    )
    func untouched() async throws {
        try await withTemporaryFolder { folder in
            let (tree, target, index) = ("\(folder)/tree", "\(folder)/target", "\(folder)/index")
            try Files.makeFolder("\(tree)/sub/inner")
            for number in 0..<20 {
                try Files.put("\(tree)/sub/\(number)", [UInt8](repeating: UInt8(number), count: 50_000))
            }
            symlink("sub/1", "\(tree)/link")
            func carried(limit: Int = .max) async throws -> Bool {
                try await carry(tree, to: target, in: folder, limit: limit, index: index) == nil
            }
            // Files that were written just now may be written again in the same moment: the first time none is trusted.
            #expect(try await carried())
            try await Task.sleep(for: .seconds(3.5))
            #expect(try await carried())
            // Now all are known: the manifest alone travels.
            #expect(try await carried(limit: 3000))
            let inode = try status(of: "\(target)/sub/7").st_ino
            // Here: other bytes of the same length and time; another mode; a file that is a folder now, and the other way round.
            let before = try status(of: "\(tree)/sub/3")
            try Files.overwrite("\(tree)/sub/3", with: [UInt8](repeating: 99, count: 50_000))
            #expect(utimensat(AT_FDCWD, "\(tree)/sub/3", [before.st_atim, before.st_mtim], 0) == 0)
            chmod("\(tree)/sub/4", 0o500)
            try Disk.remove("\(tree)/sub/8")
            try Files.makeFolder("\(tree)/sub/8/x")
            try Disk.remove("\(tree)/sub/inner")
            try Files.put("\(tree)/sub/inner", "y".utf8)
            try Disk.remove("\(tree)/sub/9")
            // There: other bytes of the same length and time, a file that is gone, one too many, and a folder nobody may write to.
            let theirs = try status(of: "\(target)/sub/5")
            try Files.overwrite("\(target)/sub/5", with: [UInt8](repeating: 98, count: 50_000))
            #expect(utimensat(AT_FDCWD, "\(target)/sub/5", [theirs.st_atim, theirs.st_mtim], 0) == 0)
            unlink("\(target)/sub/6")
            try Files.put("\(target)/sub/extra", [1])
            chmod("\(target)/sub", 0o500)
            #expect(try await carried(limit: 160_000))
            for number in 0..<20 where ![8, 9].contains(number) {
                let expected = [UInt8](repeating: number == 3 ? 99 : UInt8(number), count: 50_000)
                #expect(try Files.read("\(target)/sub/\(number)") == expected, "\(number)")
            }
            #expect(try status(of: "\(target)/sub/7").st_ino == inode)
            #expect(try status(of: "\(target)/sub/4").st_mode & 0o777 == 0o500)
            #expect(try status(of: "\(target)/sub").st_mode == status(of: "\(tree)/sub").st_mode)
            #expect(Files.isFolder("\(target)/sub/8/x") && !Files.exists("\(target)/sub/9"))
            #expect(try Files.read("\(target)/sub/inner") == Array("y".utf8))
            #expect(!Files.exists("\(target)/sub/extra") && Disk.kind("\(target)/link") == S_IFLNK)
            #expect(!Files.exists("\(folder)/staging"))
        }
    }

    private func status(of path: String) throws -> stat {
        var status = stat()
        try #require(lstat(path, &status) == 0)
        return status
    }

    @Test("an index that somebody has damaged is none", arguments: [0, 1, 5, 40, 300])
    func damagedIndex(length: Int) throws {
        let path = "/tmp/sky-index-\(getpid())-\(length)"
        defer { unlink(path) }
        var index = PackIndex(at: nil)
        let entry = PackManifest.Entry(path: "a", kind: .file, mode: 0, size: 1, changed: 2, stamp: 3, target: "")
        index.add(entry, own: 4, digest: [UInt8](repeating: 5, count: 32))
        try index.write(to: path)
        #expect(PackIndex(at: path).records["a"]?.own == 4)
        let bytes = try #require(try Files.read(path))
        try Files.put(path, (bytes + bytes).prefix(length == 0 ? 0 : bytes.count - 1 + length % 7))
        #expect(PackIndex(at: path).records["a"].map { $0.digest.count == 32 } ?? true)
    }

    @Test(
        "a manifest that leads anywhere else is refused",
        arguments: [
            [("", "folder"), ("../x", "file")], [("", "folder"), ("a", "link"), ("a/x", "file")], [("x", "file")],
            [("", "folder"), ("a//b", "file")], [("", "folder"), ("/etc", "folder")], [("", "link")], [],
            [("", "folder"), ("a", "file"), ("a", "file")], [("", "folder"), ("b/c", "file")],
        ] as [[(String, String)]])
    func hostile(entries: [(String, String)]) async throws {
        let manifest = try manifest(entries)
        #expect(manifest.problem != nil)
        try await withTemporaryFolder { folder in
            let failure = try await offer(PackOffer(manifest: manifest), in: folder)
            #expect(failure?.kind == .badPath)
            #expect(!Files.exists("\(folder)/target"))
        }
    }

    @Test("a length beyond all measure, nonsense and silence end a receiver, and nothing else")
    func garbage() async throws {
        for bytes in [[0xff, 0xff, 0xff, 0xff], [0, 0, 0, 2, 1, 2], [0, 0, 1], []] as [[UInt8]] {
            try await withTemporaryFolder { folder in
                let link = try Link()
                try Descriptor.writeAll(link.there.writing, bytes)
                close(link.there.writing)
                let receiver = PackReceiver(
                    input: link.there.reading, output: link.back.writing, staging: "\(folder)/staging")
                #expect(throws: HostFailure.self) { try receiver.receive(to: "\(folder)/target") }
                for end in [link.there.reading, link.back.reading, link.back.writing] { close(end) }
                #expect(!Files.exists("\(folder)/target"))
            }
        }
    }

    // MARK: Two ends

    private struct Link {
        let there: (reading: Int32, writing: Int32)
        let back: (reading: Int32, writing: Int32)

        init() throws {
            there = try Descriptor.pipe()
            back = try Descriptor.pipe()
        }
    }

    /// Carries `source` over a link that breaks after `limit` bytes. What the receiver came to; nil if all is there.
    private func carry(
        _ source: String, to target: String, in folder: String, limit: Int = .max, index: String? = nil
    ) async throws -> HostFailure? {
        let (link, relay) = (try Link(), try Descriptor.pipe())
        async let sent: Void = onThread {
            try? PackSender(input: link.back.reading, output: relay.writing).send(source)
            close(relay.writing)
        }
        async let carried: Void = onThread {
            var left = limit
            var buffer = [UInt8](repeating: 0, count: 4096)
            while left > 0 {
                let count = read(relay.reading, &buffer, min(buffer.count, left))
                guard count > 0, (try? Descriptor.writeAll(link.there.writing, Array(buffer[..<count]))) != nil else {
                    break
                }
                left -= count
            }
            for end in [relay.reading, link.there.writing] { close(end) }
        }
        async let received: HostFailure? = onThread {
            defer { for end in [link.there.reading, link.back.writing] { close(end) } }
            do throws(HostFailure) {
                try PackReceiver(
                    input: link.there.reading, output: link.back.writing, staging: "\(folder)/staging",
                    index: index
                ).receive(to: target)
                return nil
            } catch { return error }
        }
        _ = await (sent, carried)
        close(link.back.reading)
        return await received
    }

    private func offer(_ offer: PackOffer, in folder: String) async throws -> HostFailure? {
        let link = try Link()
        try PackStream(input: -1, output: link.there.writing).send(bytes: offer.encoded)
        close(link.there.writing)
        defer { for end in [link.there.reading, link.back.reading, link.back.writing] { close(end) } }
        do throws(HostFailure) {
            try PackReceiver(
                input: link.there.reading, output: link.back.writing, staging: "\(folder)/staging"
            ).receive(to: "\(folder)/target")
            return nil
        } catch { return error }
    }

    private func manifest(_ entries: [(String, String)]) throws -> PackManifest {
        let kinds: [String: PackManifest.Entry.Kind] = ["folder": .folder, "file": .file, "link": .link]
        var manifest = try PackManifest(of: "/etc/hostname")
        manifest.entries = try entries.map { path, kind in
            PackManifest.Entry(
                path: path, kind: try #require(kinds[kind]), mode: 0o644, size: 0, changed: 0, target: "/etc")
        }
        return manifest
    }

    private func onThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            startThread { continuation.resume(returning: body()) }
        }
    }

    private func size(below path: String) -> Int64 {
        var status = stat()
        guard lstat(path, &status) == 0 else { return 0 }
        guard status.st_mode & S_IFMT == S_IFDIR else { return Int64(status.st_size) }
        return Files.names(in: path).reduce(0) { $0 + size(below: "\(path)/\($1)") }
    }
}
