import Glibc
import SkyProcess
import SkyRuntime

/// The way into a pod: `sky kubernetes-exec`, a program of this machine whose streams are those of a command there. It finds by
/// itself what lets it in: no secret is in its arguments.
struct KubernetesWay: ShellWay {
    let pod: String
    let namespace: String
    /// Options of `sky kubernetes-exec` that say which cluster is meant.
    let options: [String]
    /// The path of `sky`.
    let program: String
    /// Where locks are.
    let folder: String

    var identity: String { (options + [namespace, pod]).joined(separator: " ") }

    /// There is no connection to be kept.
    func open() {}

    func call(_ command: String, hasTerminal: Bool) -> (program: String, arguments: [String]) {
        call(command, more: hasTerminal ? ["--terminal"] : [])
    }

    private func call(_ command: String, more: [String]) -> (program: String, arguments: [String]) {
        let place = ["--namespace", namespace, "--pod", pod]
        return (program, ["kubernetes-exec"] + options + place + more + ["--", "/bin/sh", "-c", command])
    }

    func run(
        _ command: String, input: ShellCommand.Input, limit: Duration
    ) async throws(SSHFailure) -> ShellCommand.Outcome {
        let outcome: ShellCommand.Outcome
        do throws(SystemError) {
            let call = try prepared(command, input)
            outcome = try await ShellCommand(
                program: call.program, arguments: call.arguments, input: input, limit: limit
            ).run()
        } catch { throw .setup("\(error)") }
        if Task.isCancelled { throw .cancelled }
        guard outcome.exitCode == 255 else { return outcome }
        if let failure = HostReply(in: outcome.errors)?.failure { throw .host(failure) }
        throw SSHFailure(complaint: outcome.errors)
    }

    /// Servers before 1.30 have no way to end a command's input, so the command itself counts how much of it there is.
    private func prepared(
        _ command: String, _ input: ShellCommand.Input
    ) throws(SystemError) -> (program: String, arguments: [String]) {
        switch input {
        case .nothing: return call(command, more: ["--no-input"])
        case .text(let text): return call(Self.counting(text.utf8.count, command), more: [])
        case .file(let path, let offset):
            var status = stat()
            guard stat(path, &status) == 0 else { throw .last("look at \(path)") }
            return call(Self.counting(Int(status.st_size) - Int(offset), command), more: [])
        }
    }

    private static func counting(_ count: Int, _ command: String) -> String {
        "head -c \(max(0, count)) | {\n\(command)\n}"
    }

    func lock(_ purpose: String) async throws(SystemError) -> WaitingLock {
        try Files.makeFolder(folder, mode: 0o700)
        return try await WaitingLock.acquire("\(purpose) \(identity)", in: "\(folder)/.locks")
    }
}
