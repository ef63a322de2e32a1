import Glibc
import SkyProcess

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// SeaweedFS on loopback: a real S3 server, which checks signatures and checksums and honours conditions.
///
/// It ends, and its data go, with this value or with the process of the tests, whichever is first.
public final class LoopbackS3: Sendable {
    public let url: String
    public let port: Int
    public static let accessKey = "TESTACCESSKEY"
    public static let secretKey = "test/secret+key"
    private let lifeline: Int32

    public struct Missing: Error, CustomStringConvertible {
        public let description: String
    }

    /// Variables with which AWS's tools, and `sky`, speak to it and to nobody else.
    public var environment: [String: String] {
        [
            "AWS_ACCESS_KEY_ID": Self.accessKey, "AWS_SECRET_ACCESS_KEY": Self.secretKey, "AWS_ENDPOINT_URL": url,
            "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        ]
    }

    /// Where the program is: in `PATH`, or where scripts/ensure-seaweedfs.sh puts it.
    private static let program: String? = {
        let here = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let folders = (getenv("PATH").map { String(cString: $0) } ?? "").split(separator: ":").map { String($0) }
        return (folders + ["/\(here)/.build/seaweedfs/bin"]).map { "\($0)/weed" }.first { access($0, X_OK) == 0 }
    }()

    /// What keeps this machine from running one; nil for nothing.
    public static var obstacle: String? {
        program == nil ? "there is no SeaweedFS: scripts/ensure-seaweedfs.sh installs it" : nil
    }

    public static var canRun: Bool { obstacle == nil }

    /// One for all tests of this process: it takes seconds to come up.
    public static func shared() async throws -> LoopbackS3 { try await sharedTask.value }

    /// One that has nothing to do with the shared one, as another cloud's.
    public static func another() async throws -> LoopbackS3 { try await started() }

    private static let sharedTask = Task { try await started() }

    /// Other programs of this machine may take a port between its choice and its use: once more then.
    private static func started() async throws -> LoopbackS3 {
        for _ in 0..<3 {
            let server = try LoopbackS3()
            if try await server.comesUp() { return server }
        }
        throw Missing(description: "SeaweedFS does not come up")
    }

    private init() throws {
        guard let program = Self.program else { throw Missing(description: Self.obstacle ?? "") }
        let folder = "/tmp/sky-s3-\(UInt32.random(in: 0 ... .max))"
        try Files.makeFolder(folder, mode: 0o700)
        let identity = """
            {"identities": [{"name": "admin", "actions": ["Admin", "Read", "Write", "List", "Tagging"],
            "credentials": [{"accessKey": "\(Self.accessKey)", "secretKey": "\(Self.secretKey)"}]}]}
            """
        try Files.put("\(folder)/s3.json", Array(identity.utf8))
        let ports = (0..<8).map { _ in freePort() ?? 0 }
        port = ports[6]
        url = "http://127.0.0.1:\(port)"
        master = ports[0]
        let names = ["master", "volume", "filer", "s3"]
        let portOptions = zip(names, stride(from: 0, to: 8, by: 2)).flatMap { name, index in
            ["-\(name).port=\(ports[index])", "-\(name).port.grpc=\(ports[index + 1])"]
        }
        let options = [
            "-logdir=\(folder)", "server", "-dir=\(folder)", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3",
            "-s3.config=\(folder)/s3.json", "-s3.port.iceberg=0", "-s3.port.lance=0", "-master.volumeSizeLimitMB=64",
            "-volume.max=5000", "-master.telemetry=false",
        ]
        let words = ([program] + options + portOptions).map { "'\($0)'" }.joined(separator: " ")
        // The pipe ends with whoever holds its other end, however that dies.
        let script = "\(words) >'\(folder)/log' 2>&1 </dev/null & p=$!; cat >/dev/null; kill -9 $p; rm -rf '\(folder)'"
        let pipe = try Descriptor.pipe()
        defer { close(pipe.reading) }
        lifeline = pipe.writing
        _ = try ProcessSpawn(
            "/bin/sh", ["-c", script], leadership: .session, standardInput: .descriptor(pipe.reading),
            standardOutput: .null, standardError: .null
        ).start()
    }

    private let master: Int

    deinit { close(lifeline) }

    /// Ready when a write would succeed: S3 answers, and there is somewhere to write to.
    private func comesUp() async throws -> Bool {
        let end = ContinuousClock.now + .seconds(120)
        while ContinuousClock.now < end {
            if Self.answer(port, "/").contains("403"), Self.answer(master, "/dir/assign").contains("\"fid\"") {
                return true
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        return false
    }

    private static func answer(_ port: Int, _ path: String) -> String {
        guard let connection = connection(to: port) else { return "" }
        defer { close(connection) }
        var patience = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let request = Array("GET \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n\r\n".utf8)
        guard send(connection, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else { return "" }
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while all.count < 65_536 {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            all += buffer[..<count]
        }
        return String(decoding: all, as: UTF8.self)
    }
}
