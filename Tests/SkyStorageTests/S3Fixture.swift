import FoundationEssentials
import Glibc
import SkyAWS
import SkyCore
import SkyHTTP
import SkyTestSupport

@testable import SkyStorage

/// A bucket of its own on a real server, and a folder of this machine.
struct S3Fixture {
    let server: LoopbackS3
    let client: S3Client
    let bucket: String
    let folder: String

    static func use(_ body: (S3Fixture) async throws -> Void) async throws {
        let server = try await LoopbackS3.shared()
        try await withTemporaryFolder { folder in
            let client = try client(server.environment)
            let bucket = "test-\(UInt64.random(in: 0 ... .max))"
            try await client.makeBucket(bucket)
            try await body(S3Fixture(server: server, client: client, bucket: bucket, folder: folder))
        }
    }

    static func client(_ environment: [String: String]) throws -> S3Client {
        let surroundings = AWSSurroundings(
            environment: environment, caller: HTTPCaller(),
            now: { Instant(millisecondsSince1970: Int64(Date().timeIntervalSince1970 * 1000)) })
        return S3Client(try AWSSettings(in: surroundings))
    }

    func url(_ key: String = "") -> ObjectURL { ObjectURL(bucket: bucket, key: key) }

    /// Bytes that are the same for the same seed.
    static func bytes(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var random = SeededGenerator(seed: seed)
        var bytes = [UInt8](repeating: 0, count: count)
        bytes.withUnsafeMutableBytes { raw in
            for place in stride(from: 0, to: count - 7, by: 8) {
                raw.storeBytes(of: random.next(), toByteOffset: place, as: UInt64.self)
            }
        }
        return bytes
    }

    @discardableResult
    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        let path = "\(folder)/\(name)"
        try FileManager.default.createDirectory(
            atPath: String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]), withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(filePath: path))
        return path
    }

    func read(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: "\(folder)/\(name)"))) }

    func put(_ text: String, at key: String) async throws {
        let bytes = Array(text.utf8)
        try await client.put(bytes, digest: ArtifactDigest(hashing: bytes), at: url(key), existing: .replace)
    }

    func upload(_ path: String, _ key: String, existing: ExistingObject = .replace) -> ObjectUpload {
        ObjectUpload(client, from: path, to: url(key), existing: existing, state: "\(folder)/state")
    }
}

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// Changes a byte of a file in its place.
struct FileHandleBytes {
    private let descriptor: Int32

    init(path: String) throws {
        descriptor = open(path, O_RDWR)
        if descriptor < 0 { throw StorageError.system(action: "open", path: path, errno: errno) }
    }

    func flip(at offset: Int64) {
        var byte: UInt8 = 0
        pread(descriptor, &byte, 1, off_t(offset))
        byte ^= 0xff
        pwrite(descriptor, &byte, 1, off_t(offset))
        close(descriptor)
    }
}
