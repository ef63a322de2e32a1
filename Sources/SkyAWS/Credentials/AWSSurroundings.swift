import Glibc
public import SkyCore
public import SkyHTTP
import SkyProcess

/// What looking for credentials touches of the world outside, handed in so that tests can hand in something else.
public struct AWSSurroundings: Sendable {
    public var environment: [String: String]
    public var caller: HTTPCaller
    public var now: @Sendable () -> Instant

    public init(environment: [String: String], caller: HTTPCaller, now: @escaping @Sendable () -> Instant) {
        self.environment = environment
        self.caller = caller
        self.now = now
    }

    /// Nil for an empty one too.
    func variable(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }

    var home: String { variable("HOME") ?? "/" }

    /// With `~` resolved.
    func path(_ text: String) -> String { text.hasPrefix("~/") ? home + text.dropFirst() : text }

    /// Nil when there is no such file.
    func read(_ path: String) throws(AWSError) -> String? {
        do {
            return try Files.read(path).map { String(decoding: $0, as: UTF8.self) }
        } catch {
            throw AWSError(.settings, "\(path) cannot be read: \(error)")
        }
    }

    /// Runs a command of the user's own by the shell, and gives what it wrote to its standard output.
    func output(of command: String) async throws(AWSError) -> [UInt8] {
        let (reader, process) = try start(command)
        let output = await withCheckedContinuation { continuation in
            startThread { continuation.resume(returning: Self.readAll(reader)) }
        }
        let end = await process.wait()
        guard end.shellCode == 0 else {
            throw AWSError(
                .credentials, "credential_process ended with status \(end.shellCode): run it by hand to see why")
        }
        return output
    }

    private func start(_ command: String) throws(AWSError) -> (reader: Int32, process: SpawnedProcess) {
        do {
            let pipe = try Descriptor.pipe()
            defer { close(pipe.writing) }
            let spawn = ProcessSpawn(
                "/bin/sh", ["-c", command], environment: environment, standardOutput: .descriptor(pipe.writing))
            do { return (pipe.reading, try spawn.start()) } catch {
                close(pipe.reading)
                throw error
            }
        } catch {
            throw AWSError(.credentials, "credential_process cannot be started: \(error)")
        }
    }

    private static func readAll(_ descriptor: Int32) -> [UInt8] {
        defer { close(descriptor) }
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while all.count < 1 << 20 {
            guard case .bytes(let count) = buffer.withUnsafeMutableBytes({ Descriptor.read(descriptor, into: $0) })
            else { break }
            all += buffer[..<count]
        }
        return all
    }
}
