import Glibc
import SkyProcess
import SkyRuntime

/// A command on a host with both of its streams open: bytes go there and come back over the shared connection.
struct SSHPipe: Sendable {
    /// What the command prints; belongs to whoever takes it.
    let reading: Int32
    /// What the command reads; belongs to whoever takes it.
    let writing: Int32
    let process: SpawnedProcess
    private let errors: Int32

    init(_ command: String, over connection: SSHConnection) async throws(SSHFailure) {
        try await connection.open()
        do throws(SystemError) {
            errors = try SSHCommand.scratch()
            let input = try Descriptor.pipe()
            defer { close(input.reading) }
            let output: (reading: Int32, writing: Int32)
            do throws(SystemError) { output = try Descriptor.pipe() } catch {
                close(input.writing)
                close(errors)
                throw error
            }
            defer { close(output.writing) }
            (reading, writing) = (output.reading, input.writing)
            do throws(SystemError) {
                process = try ProcessSpawn(
                    "ssh", connection.options.command(connection.host, command), leadership: .session,
                    standardInput: .descriptor(input.reading), standardOutput: .descriptor(output.writing),
                    standardError: .descriptor(errors)
                ).start()
            } catch {
                for end in [reading, writing, errors] { close(end) }
                throw error
            }
        } catch { throw .setup("\(error)") }
        process.reap()
    }

    /// Why it ended as it did, once it has; it is made to after a while. To be called once, whatever came of it.
    func complaint(patience: Duration = .seconds(5)) async -> (exitCode: Int, errors: String) {
        let alarm = Task.detached { [process] in
            if (try? await Task.sleep(for: patience)) != nil { process.signal(SIGKILL) }
        }
        let end = await process.wait()
        alarm.cancel()
        defer { close(errors) }
        return (end.shellCode, (try? SSHCommand.text(errors)) ?? "")
    }

    /// For one that does its work: what it says goes unread, and its end is its own affair.
    func letGo() { close(errors) }

    /// What a command that gave no answer came to.
    func failure() async -> SSHFailure {
        let (code, errors) = await complaint()
        if let failure = HostReply(in: errors)?.failure { return .host(failure) }
        if code == 255 { return SSHFailure(complaint: errors) }
        let last = errors.split(separator: "\n").last.map(String.init) ?? "it ended with \(code)"
        return [126, 127].contains(code) ? .agentFails(last) : .broken(last)
    }
}
