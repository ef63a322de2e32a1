import FoundationEssentials
import Glibc
import SkyCore
import SkyStorage
import SkyTestSupport
import Testing

/// Two stores in a temporary folder, and files to put into them.
struct StoreFixture: Sendable {
    let folder: String
    let store: LocalArtifactStore
    let other: LocalArtifactStore

    /// Where the first store keeps what.
    var root: String { folder + "/store" }
    var otherRoot: String { folder + "/other" }

    static func run(_ body: (StoreFixture) async throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            try await body(
                StoreFixture(
                    folder: folder, store: LocalArtifactStore(root: folder + "/store"),
                    other: LocalArtifactStore(root: folder + "/other")))
        }
    }

    func path(_ name: String) -> String { folder + "/" + name }

    /// Makes a file, and the folders above it.
    func write(_ bytes: some Sequence<UInt8>, to name: String, mode: mode_t = 0o644) throws {
        let url = URL(filePath: path(name))
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
        chmod(path(name), mode)
    }

    func write(_ text: String, to name: String, mode: mode_t = 0o644) throws {
        try write(text.utf8, to: name, mode: mode)
    }

    func makeFolder(_ name: String) throws {
        try FileManager.default.createDirectory(atPath: path(name), withIntermediateDirectories: true)
    }

    func link(_ name: String, to target: String) throws {
        try #require(symlink(target, path(name)) == 0)
    }

    func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path(name)))) }

    func text(_ name: String) throws -> String { String(decoding: try bytes(name), as: UTF8.self) }

    /// Everything below a folder: `d a`, `f a/b (12 bytes)`, `x a/run (3 bytes)`, `l a/c -> b`, by the names' bytes.
    func listing(_ name: String) throws -> [String] {
        var lines: [(String, String)] = []
        var folders = [""]
        while let prefix = folders.popLast() {
            for child in try FileManager.default.contentsOfDirectory(atPath: path(name) + "/" + prefix) {
                let relative = prefix.isEmpty ? child : prefix + "/" + child
                let place = path(name) + "/" + relative
                var status = stat()
                try #require(lstat(place, &status) == 0)
                switch status.st_mode & S_IFMT {
                case S_IFDIR:
                    folders.append(relative)
                    lines.append((relative, "d \(relative)"))
                case S_IFLNK:
                    let target = try FileManager.default.destinationOfSymbolicLink(atPath: place)
                    lines.append((relative, "l \(relative) -> \(target)"))
                default:
                    let kind = status.st_mode & S_IXUSR != 0 ? "x" : "f"
                    lines.append((relative, "\(kind) \(relative) (\(status.st_size) bytes)"))
                }
            }
        }
        return lines.sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }.map(\.1)
    }

    /// Names in a folder of a store; none when it has not been made.
    func names(_ path: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
    }

    /// Turns one bit of a stored file round.
    func flipBit(_ path: String, at offset: Int) throws {
        chmod(path, 0o600)
        var data = try Data(contentsOf: URL(filePath: path))
        data[offset] ^= 4
        try data.write(to: URL(filePath: path))
    }
}

/// Bytes that look random and are the same every time.
func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var generator = SeededGenerator(seed: seed)
    let words = (0..<min(count / 8 + 1, 8192)).map { _ in generator.next() }
    let block = words.withUnsafeBytes { Array($0) }
    // A block over and over, each with its number in front, so that no two places look alike.
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + block.count)
    while bytes.count < count {
        withUnsafeBytes(of: UInt64(bytes.count)) { bytes += $0 }
        bytes += block
    }
    bytes.removeLast(bytes.count - count)
    return bytes
}

extension StoreFixture {
    /// Last changed on 9 September 2001.
    func makeOld(_ path: String) throws {
        let times = [timespec(tv_sec: 999_999_999, tv_nsec: 0), timespec(tv_sec: 999_999_999, tv_nsec: 0)]
        try #require(utimensat(AT_FDCWD, path, times, 0) == 0)
    }
}
