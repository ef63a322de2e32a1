import SkyProcess
import SkyRuntime

/// A way to run shell commands somewhere: on a host by OpenSSH, or on this machine.
protocol ShellWay: Sendable {
    /// The same for all ways to one place.
    var identity: String { get }

    /// Sees to it that commands get there.
    func open() async throws(SSHFailure)

    /// The program of this machine that runs the command there, with its streams as its own.
    ///
    /// - Parameter hasTerminal: the command gets one there, and a person types into it.
    func call(_ command: String, hasTerminal: Bool) -> (program: String, arguments: [String])

    /// Runs a command to its end. After `limit` it is ended.
    func run(
        _ command: String, input: ShellCommand.Input, limit: Duration
    ) async throws(SSHFailure) -> ShellCommand.Outcome

    /// Of many processes that want to do something to the place at once, one does it.
    func lock(_ purpose: String) async throws(SystemError) -> WaitingLock
}

extension ShellWay {
    func call(_ command: String) -> (program: String, arguments: [String]) { call(command, hasTerminal: false) }

    func run(
        _ command: String, input: ShellCommand.Input = .nothing
    ) async throws(SSHFailure) -> ShellCommand.Outcome {
        try await run(command, input: input, limit: .seconds(120))
    }

    /// Runs a script of the POSIX shell there, whatever shell people log in with.
    func run(script: String, limit: Duration = .seconds(120)) async throws(SSHFailure) -> ShellCommand.Outcome {
        try await run("exec /bin/sh -s", input: .text(script), limit: limit)
    }
}

/// The shell of this machine.
struct OwnShell: ShellWay {
    /// Where locks are.
    let folder: String

    var identity: String { "\(folder)/here" }

    func open() {}

    func call(_ command: String, hasTerminal: Bool) -> (program: String, arguments: [String]) {
        ("/bin/sh", ["-c", command])
    }

    func run(
        _ command: String, input: ShellCommand.Input, limit: Duration
    ) async throws(SSHFailure) -> ShellCommand.Outcome {
        let call = call(command)
        let outcome: ShellCommand.Outcome
        do throws(SystemError) {
            outcome = try await ShellCommand(
                program: call.program, arguments: call.arguments, input: input, limit: limit
            ).run()
        } catch { throw .setup("\(error)") }
        if Task.isCancelled { throw .cancelled }
        return outcome
    }

    func lock(_ purpose: String) async throws(SystemError) -> WaitingLock {
        try Files.makeFolder(folder, mode: 0o700)
        return try await WaitingLock.acquire(purpose, in: "\(folder)/.locks")
    }
}
