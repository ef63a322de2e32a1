import Glibc
import SkyCore
import SkyProcess
import SkyRuntime

/// A job's output on this machine, so that it can be read when its node is long gone. Goes on at the byte where the
/// file ends, whoever wrote it so far. Open only while something is written: a process that drives thousands of runs
/// could not have all of their logs open at once.
struct LogCopy: Sendable {
    let path: String
    /// How much of it is kept: the latest.
    var keep: Int64 = 1 << 30

    /// Returns when the job has ended and all it printed is in the file.
    func follow(_ job: String, of agent: any NodeAgent) async throws {
        for try await chunk in agent.logs(ofJob: job, from: size, follow: true) {
            // First the marks: when this is done again, some come twice, and none is missing.
            if !chunk.marks.isEmpty {
                try withFile(StateFolder.marks(ofLog: path)) { try append(LogMarks.encode(chunk.marks), to: $0) }
            }
            try withFile { file in
                // What the node keeps no more is a hole here too: each byte has one place for good.
                if LogFile.size(file) < chunk.offset { ftruncate(file, off_t(chunk.offset)) }
                try append(chunk.bytes, to: file)
                LogFile.trim(file, size: LogFile.size(file), keep: keep)
            }
        }
    }

    /// Of a job that has printed nothing there is no file.
    private var size: Int64 {
        var status = stat()
        return stat(path, &status) == 0 ? Int64(status.st_size) : 0
    }

    private func withFile<Value>(_ other: String? = nil, _ body: (Int32) throws -> Value) throws -> Value {
        let path = other ?? path
        let file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw AttemptFailureError(.transient(message: "cannot write \(path): errno \(errno)")) }
        defer { close(file) }
        return try body(file)
    }

    private func append(_ bytes: [UInt8], to file: Int32) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
            guard written > 0 || errno == EINTR else {
                throw AttemptFailureError(.transient(message: "cannot write \(path): errno \(errno)"))
            }
            rest = rest.dropFirst(max(0, written))
        }
    }
}
