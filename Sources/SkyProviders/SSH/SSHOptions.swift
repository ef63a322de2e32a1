import Glibc
import SkyProcess
import SkyRuntime

/// How OpenSSH is called: the person's own configuration decides what it always decides, who is trusted above all.
struct SSHOptions: Sendable {
    /// Where the sockets of shared connections are; short, and for this user alone.
    let controlFolder: String

    /// `sun_path` has 108 bytes with its end; OpenSSH makes a name with 17 more at first.
    static let longestSocket = 107 - 17

    private static let always = [
        // Nobody is there to answer a question: what would be asked is refused.
        "BatchMode=yes", "ConnectTimeout=10",
        // A link that is dead is known to be after 15 seconds.
        "ServerAliveInterval=5", "ServerAliveCountMax=3",
        // Nothing but commands: whatever else the configuration does for people at terminals.
        "RequestTTY=no", "RemoteCommand=none", "PermitLocalCommand=no", "ClearAllForwardings=yes", "ForwardAgent=no",
        "ForwardX11=no", "LogLevel=ERROR",
    ]

    /// How long a connection that nobody uses is kept, in seconds.
    static let persistence = 300

    func socket(of host: SSHHost) -> String {
        let key = (arguments(of: host) + [host.destination]).joined(separator: "\0")
        return "\(controlFolder)/\(SHA256.hex(SHA256.digest(of: Array(key.utf8)).prefix(12)))"
    }

    /// Of many processes that want to do something to a host at once, one does it.
    func lock(_ purpose: String, of host: SSHHost) async throws(SystemError) -> WaitingLock {
        try await WaitingLock.acquire("\(purpose) \(socket(of: host))", in: "\(controlFolder)/locks")
    }

    /// Opens the shared connection, and goes to the background once it stands. Without `-M`, which beside the option would
    /// make it ask a person about each command.
    func master(_ host: SSHHost) -> [String] {
        options(of: host)
            + ["-o", "ControlMaster=yes", "-o", "ControlPersist=\(Self.persistence)", "-N", "-f", host.destination]
    }

    /// Runs a command over the shared connection, or over one of its own where that is full.
    ///
    /// - Parameter hasTerminal: the command gets one, and a person types into it.
    func command(_ host: SSHHost, _ command: String, hasTerminal: Bool = false) -> [String] {
        // Twice, which beats what is always said of it.
        (hasTerminal ? ["-tt"] : []) + options(of: host)
            + ["-o", "ControlMaster=no"] + (hasTerminal ? [] : ["-T"]) + [host.destination, command]
    }

    /// Asks (`check`) or ends (`exit`) the shared connection.
    func control(_ host: SSHHost, _ verb: String) -> [String] {
        options(of: host) + ["-O", verb, host.destination]
    }

    /// Asks the shared connection to lead a port of this machine's loopback to one of the host's. Without what is always said, which
    /// clears all of that.
    func forward(_ host: SSHHost, from local: Int, to port: Int) -> [String] {
        arguments(of: host) + ["-o", "BatchMode=yes", "-o", "LogLevel=ERROR", "-S", socket(of: host)]
            + ["-O", "forward", "-L", "127.0.0.1:\(local):127.0.0.1:\(port)", host.destination]
    }

    private func options(of host: SSHHost) -> [String] {
        arguments(of: host) + Self.always.flatMap { ["-o", $0] } + ["-S", socket(of: host)]
    }

    /// What the pool's file says.
    private func arguments(of host: SSHHost) -> [String] {
        var arguments: [String] = []
        if let config = host.sshConfig { arguments += ["-F", config] }
        if let user = host.user { arguments += ["-l", user] }
        if let port = host.port { arguments += ["-p", String(port)] }
        if let key = host.key { arguments += ["-i", key, "-o", "IdentitiesOnly=yes"] }
        if let trusted = host.trustedKeys {
            arguments += [
                "UserKnownHostsFile=\"\(trusted.file)\"", "GlobalKnownHostsFile=/dev/null", "CheckHostIP=no",
                "HostKeyAlias=\(trusted.alias)", "UpdateHostKeys=no",
                "StrictHostKeyChecking=\(trusted.takesFirstSeen ? "accept-new" : "yes")",
            ].flatMap { ["-o", $0] }
        }
        return arguments
    }

    /// The command that somebody would type to get there.
    func commandForPeople(_ host: SSHHost, program: String = "ssh") -> String {
        var words = [program]
        if let config = host.sshConfig {
            words += [program == "ssh" ? "-F" : "-o", program == "ssh" ? config : "Include=\(config)"]
        }
        if let key = host.key { words += ["-i", key] }
        if let port = host.port { words += ["-p", String(port)] }
        words.append((host.user.map { "\($0)@" } ?? "") + host.destination)
        return words.joined(separator: " ")
    }

    func forgetKeyCommand(_ host: SSHHost) -> String {
        let port = host.port.map { $0 != 22 } ?? false
        return "ssh-keygen -R \(port ? "'[\(host.destination)]:\(host.port ?? 22)'" : host.destination)"
    }
}

/// The folder of the sockets of shared connections.
enum ControlFolder {
    /// `sky-ssh` in `$XDG_RUNTIME_DIR`, or in /tmp with the user's number behind it; made if it is not there.
    ///
    /// - Throws: when somebody else could get at what is in it.
    static func make(environment: [String: String]) throws(SystemError) -> String {
        let runtime = environment["XDG_RUNTIME_DIR"].flatMap { $0.hasPrefix("/") ? "\($0)/sky-ssh" : nil }
        let candidates = [runtime, "/tmp/sky-ssh-\(getuid())"].compactMap { $0 }
        // A slash and 24 digits come behind.
        let path = candidates.first { $0.utf8.count + 25 <= SSHOptions.longestSocket && isUsable($0) }
        guard let path else {
            throw SystemError(
                "keep the sockets of shared connections in \(candidates.joined(separator: " or ")): not this user's alone",
                code: EPERM)
        }
        return path
    }

    private static func isUsable(_ path: String) -> Bool {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { return false }
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR && status.st_uid == getuid()
            && status.st_mode & 0o077 == 0
    }
}
