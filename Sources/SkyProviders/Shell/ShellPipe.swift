import Glibc
import SkyProcess
import SkyRuntime

/// A command on some machine with both of its streams open: bytes go there and come back.
struct ShellPipe: Sendable {
    /// What the command prints; belongs to whoever takes it.
    let reading: Int32
    /// What the command reads; belongs to whoever takes it.
    let writing: Int32
    let process: SpawnedProcess
    private let errors: Int32

    /// Over one socket, whose number is both `reading` and `writing`: for those who wait for many at once, as `AgentClient` does.
    init(conversation command: String, over way: any ShellWay) async throws(SSHFailure) {
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw .setup("\(SystemError.last("make a socket"))")
        }
        try await self.init(command, over: way, here: [ends[0]], there: (ends[1], ends[1]))
    }

    /// Over two pipes, for those who block.
    init(_ command: String, over way: any ShellWay) async throws(SSHFailure) {
        let (input, output) = try Self.pipes()
        try await self.init(
            command, over: way, here: [output.reading, input.writing], there: (input.reading, output.writing))
    }

    private typealias Ends = (reading: Int32, writing: Int32)

    private static func pipes() throws(SSHFailure) -> (Ends, Ends) {
        do throws(SystemError) {
            let first = try Descriptor.pipe()
            do throws(SystemError) { return (first, try Descriptor.pipe()) } catch {
                close(first.reading)
                close(first.writing)
                throw error
            }
        } catch { throw .setup("\(error)") }
    }

    /// - Parameters:
    ///   - here: what is read from and what is written to, or one descriptor that is both; closed if this throws.
    ///   - there: the command's input and output; closed in any case.
    private init(
        _ command: String, over way: any ShellWay, here: [Int32], there: (input: Int32, output: Int32)
    ) async throws(SSHFailure) {
        defer { for end in Set([there.input, there.output]) { close(end) } }
        do throws(SSHFailure) {
            try await way.open()
            (process, errors) = try Self.start(way.call(command), there)
        } catch {
            for end in here { close(end) }
            throw error
        }
        (reading, writing) = (here[0], here[here.count - 1])
        process.reap()
    }

    private static func start(
        _ call: (program: String, arguments: [String]), _ there: (input: Int32, output: Int32)
    ) throws(SSHFailure) -> (SpawnedProcess, Int32) {
        do throws(SystemError) {
            let errors = try ShellCommand.scratch()
            do throws(SystemError) {
                let process = try ProcessSpawn(
                    call.program, call.arguments, leadership: .session, standardInput: .descriptor(there.input),
                    standardOutput: .descriptor(there.output), standardError: .descriptor(errors)
                ).start()
                return (process, errors)
            } catch {
                close(errors)
                throw error
            }
        } catch { throw .setup("\(error)") }
    }

    /// Why it ended as it did, once it has; it is made to after a while. To be called once, whatever came of it.
    func complaint(patience: Duration = .seconds(5)) async -> (exitCode: Int, errors: String) {
        let alarm = Task.detached { [process] in
            if (try? await Task.sleep(for: patience)) != nil { process.signal(SIGKILL) }
        }
        let end = await process.wait()
        alarm.cancel()
        defer { close(errors) }
        return (end.shellCode, (try? ShellCommand.text(errors)) ?? "")
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
