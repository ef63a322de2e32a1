import Glibc

/// What a program printed to its standard output, and how it ended.
public struct ProgramOutput: Sendable {
    /// At most a mebibyte.
    public let bytes: [UInt8]
    public let end: ProcessEnd
    /// It was ended because its time was over.
    public let isLate: Bool

    /// Runs a program with nothing to read. What it says on its standard error goes nowhere.
    public static func of(
        _ program: String, _ arguments: [String], environment: [String: String]? = nil, limit: Duration
    ) async throws(SystemError) -> ProgramOutput {
        let pipe = try Descriptor.pipe()
        let process: SpawnedProcess
        do throws(SystemError) {
            defer { close(pipe.writing) }
            process = try ProcessSpawn(
                program, arguments, environment: environment, leadership: .group,
                standardOutput: .descriptor(pipe.writing), standardError: .null
            ).start()
        } catch {
            close(pipe.reading)
            throw error
        }
        let alarm = Task.detached {
            guard (try? await Task.sleep(for: limit)) != nil else { return false }
            process.signalGroup(SIGKILL)
            return true
        }
        let bytes = await withCheckedContinuation { continuation in
            startThread {
                defer { close(pipe.reading) }
                continuation.resume(returning: (try? Descriptor.readAll(pipe.reading, limit: 1 << 20)) ?? [])
            }
        }
        let end = await process.wait()
        alarm.cancel()
        return ProgramOutput(bytes: bytes, end: end, isLate: await alarm.value)
    }
}
