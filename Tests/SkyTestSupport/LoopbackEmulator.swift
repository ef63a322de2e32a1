import Glibc
import SkyProcess

/// A program of `Emulators/` on loopback that stands in for a cloud's service, written from the service's public documents.
///
/// It ends with this value or with the process of the tests, whichever is first.
public final class LoopbackEmulator: Sendable {
    public let port: Int
    public var url: String { "http://127.0.0.1:\(port)" }
    private let lifeline: Int32

    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    /// - Parameter name: of the file, without its folder.
    public init(_ name: String, _ arguments: [String]) throws {
        let here = #filePath.split(separator: "/").dropLast().joined(separator: "/")
        let (input, output) = (try Descriptor.pipe(), try Descriptor.pipe())
        defer { close(input.reading) }
        lifeline = input.writing
        // Whoever ends without being waited for keeps Swift Testing from hearing how exit tests end.
        try ProcessSpawn(
            "/usr/bin/env", ["python3", "-B", "/\(here)/Emulators/\(name)"] + arguments, leadership: .session,
            standardInput: .descriptor(input.reading), standardOutput: .descriptor(output.writing)
        ).start().reap()
        close(output.writing)
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while read(output.reading, &byte, 1) == 1, byte != UInt8(ascii: "\n") { line.append(byte) }
        close(output.reading)
        guard let port = Int(String(decoding: line, as: UTF8.self)) else {
            throw Failure(description: "\(name) does not come up")
        }
        self.port = port
    }

    deinit { close(lifeline) }
}

/// Google Cloud Storage's JSON API.
public enum LoopbackGCS {
    public static let token = "test-token"

    /// One for all tests of this process.
    public static func shared() async throws -> LoopbackEmulator { try await task.value }

    /// One that nobody else changes.
    public static func own() throws -> LoopbackEmulator { try LoopbackEmulator("gcs.py", [token, "3"]) }

    private static let task = Task { try own() }

    /// Application-default credentials that it takes: a login of somebody who may have it sign as a service account. At `/_account`
    /// is a file with the account's key.
    public static func impersonation(at server: LoopbackEmulator) -> String {
        """
        {"type": "impersonated_service_account", "source_credentials": \(GoogleEmulator.login),
         "service_account_impersonation_url":
            "\(server.url)/v1/projects/-/serviceAccounts/robot@acme.iam.example:generateAccessToken"}
        """
    }
}

/// Azure's Blob service.
public enum LoopbackAzure {
    public static let account = "testaccount"
    /// In Base64.
    public static let key = "dGVzdC1rZXktb2YtdGhlLWFjY291bnQtMTIzNDU2Nzg5MA=="
    public static let token = "test-token"

    /// One for all tests of this process.
    public static func shared() async throws -> LoopbackEmulator { try await task.value }

    /// One that nobody else changes.
    public static func own() throws -> LoopbackEmulator {
        try LoopbackEmulator("azure_blob.py", [account, key, token, "3"])
    }

    private static let task = Task { try own() }
}
