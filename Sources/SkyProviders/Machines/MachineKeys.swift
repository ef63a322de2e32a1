import Glibc
import SkyProcess
import SkyRuntime

/// The key that Sky gets into a provider's machines with, and the keys that those must show.
struct MachineKeys: Sendable {
    /// The provider's folder.
    let root: String
    /// A person's own, if that is to be used.
    let ownKey: String?

    private var folder: String { "\(root)/.ssh" }
    var privateKeyPath: String { ownKey ?? "\(folder)/id_ed25519" }

    /// A line of `authorized_keys`. The key is made when there is none.
    ///
    /// - Throws: a sentence for people.
    func publicKey() async throws(SSHFailure) -> String {
        let path = "\(privateKeyPath).pub"
        if ownKey == nil, !Files.exists(path) { try await makeKey() }
        if let line = firstLine(of: path) { return line }
        // The public half alone can be missing: it follows from the other.
        let outcome = try await run("ssh-keygen", ["-y", "-f", privateKeyPath])
        guard outcome.exitCode == 0, let line = outcome.output.split(separator: "\n").first else {
            throw .setup("the key \(privateKeyPath) cannot be used: \(outcome.lastLine)")
        }
        return String(line)
    }

    private func makeKey() async throws(SSHFailure) {
        let lock: WaitingLock
        do throws(SystemError) {
            try Files.makeFolder(folder, mode: 0o700)
            lock = try await WaitingLock.acquire("key", in: "\(folder)/.lock")
        } catch { throw .setup("\(error)") }
        defer { lock.release() }
        guard !Files.exists("\(privateKeyPath).pub") else { return }
        // One without its other half: somebody died between the two.
        unlink(privateKeyPath)
        let outcome = try await run(
            "ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "sky", "-f", privateKeyPath])
        guard outcome.exitCode == 0 else { throw .setup("no key could be made: \(outcome.lastLine)") }
    }

    // MARK: The keys of machines

    /// From now on these keys of a machine are trusted, and no others.
    func trust(_ keys: HostKeys, of machine: CloudMachine) throws(SystemError) {
        guard case .told(let keys) = keys else { return }
        try Files.makeFolder(folder, mode: 0o700)
        let lines = keys.map { "\(machine.alias) \($0)\n" }.joined()
        try Files.replace(file(of: machine), with: lines.utf8, durability: .processes)
    }

    /// What is trusted of a machine; of one that nothing was ever seen of, the first key.
    func trusted(_ machine: CloudMachine) -> TrustedKeys {
        let file = file(of: machine)
        return TrustedKeys(file: file, alias: machine.alias, takesFirstSeen: !Files.exists(file))
    }

    func forget(_ machine: CloudMachine) { unlink(file(of: machine)) }

    private func file(of machine: CloudMachine) -> String { "\(folder)/known_hosts.\(machine.alias)" }

    private func firstLine(of path: String) -> String? {
        guard let bytes = (try? Files.read(path)) ?? nil else { return nil }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").first.map(String.init)
    }

    private func run(_ program: String, _ arguments: [String]) async throws(SSHFailure) -> ShellCommand.Outcome {
        do throws(SystemError) {
            return try await ShellCommand(program: program, arguments: arguments, limit: .seconds(60)).run()
        } catch {
            throw error.code == ENOENT ? .setup("there is no \(program): install OpenSSH's client") : .setup("\(error)")
        }
    }
}
