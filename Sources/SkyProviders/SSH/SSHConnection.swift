import Glibc
import SkyProcess
import SkyRuntime

/// The way to one host: one connection of OpenSSH's that all commands share, made when it is needed.
struct SSHConnection: ShellWay {
    let host: SSHHost
    let options: SSHOptions

    var identity: String { options.socket(of: host) }

    func call(_ command: String, hasTerminal: Bool) -> (program: String, arguments: [String]) {
        ("ssh", options.command(host, command, hasTerminal: hasTerminal))
    }

    func lock(_ purpose: String) async throws(SystemError) -> WaitingLock { try await options.lock(purpose, of: host) }

    /// Sees to it that the shared connection stands. Of many that want it at once, one makes it.
    func open() async throws(SSHFailure) {
        if isOpen { return }
        let lock: WaitingLock
        do throws(SystemError) { lock = try await self.lock("connection") } catch {
            throw .setup("\(error)")
        }
        defer { lock.release() }
        if isOpen { return }
        // What a dead one has left is in the way.
        unlink(options.socket(of: host))
        let outcome = try await run(ShellCommand(program: "ssh", arguments: options.master(host), limit: .seconds(60)))
        guard outcome.exitCode == 0 else { throw SSHFailure(complaint: outcome.errors) }
    }

    /// Runs a shell command there.
    func run(
        _ command: String, input: ShellCommand.Input, limit: Duration
    ) async throws(SSHFailure) -> ShellCommand.Outcome {
        try await open()
        let outcome = try await run(
            ShellCommand(program: "ssh", arguments: options.command(host, command), input: input, limit: limit))
        // Its own 255, or that of the command, which none of ours has.
        guard outcome.exitCode != 255 else {
            // The connection stood: whether the command was heard is not known.
            if case .unreachable(let reason) = SSHFailure(complaint: outcome.errors) { throw .broken(reason) }
            throw SSHFailure(complaint: outcome.errors)
        }
        return outcome
    }

    /// Where forwarded ports are looked for: below those that systems give to whoever asks for any.
    private static let forwardedPorts = 20_000..<32_000
    private static let forwardingTries = 10

    /// A port of this machine's loopback that leads to `port` of the host's. By the name of what it is for, so that whoever asks
    /// again gets the same; taken ones are passed over.
    func forward(port: Int, for name: String) async throws(SSHFailure) -> Int? {
        try await open()
        let digest = SHA256.digest(of: Array("\(identity) \(name) \(port)".utf8))
        let first = digest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        for number in 0..<Self.forwardingTries {
            let local = Self.forwardedPorts.lowerBound + (first + number) % Self.forwardedPorts.count
            let outcome = try await run(
                ShellCommand(
                    program: "ssh", arguments: options.forward(host, from: local, to: port), limit: .seconds(20)))
            // One that leads there already is as good as a new one.
            if outcome.exitCode == 0 { return local }
            guard outcome.errors.contains("orwarding") else { throw SSHFailure(complaint: outcome.errors) }
        }
        return nil
    }

    /// The address that OpenSSH would connect to.
    func resolvedAddress() async -> String {
        let arguments = ["-G"] + options.command(host, "true").dropLast()
        let outcome = try? await ShellCommand(program: "ssh", arguments: arguments, limit: .seconds(10)).run()
        let line = outcome?.output.split(separator: "\n").first { $0.hasPrefix("hostname ") }
        return line.map { String($0.dropFirst("hostname ".count)) } ?? host.destination
    }

    private func run(_ command: ShellCommand) async throws(SSHFailure) -> ShellCommand.Outcome {
        let outcome: ShellCommand.Outcome
        do throws(SystemError) { outcome = try await command.run() } catch {
            throw error.code == ENOENT ? .setup("there is no ssh: install OpenSSH's client") : .setup("\(error)")
        }
        if Task.isCancelled { throw .cancelled }
        return outcome
    }

    /// True while somebody listens at the socket. The connection itself may be dead, which the next command tells.
    private var isOpen: Bool {
        guard let socket = try? UnixSocket.connect(to: options.socket(of: host)) else { return false }
        close(socket)
        return true
    }
}
