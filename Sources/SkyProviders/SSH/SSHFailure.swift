import SkyRuntime

/// Why a host could not be used, and what to type about it.
enum SSHFailure: Error, Hashable, Sendable {
    /// It is down, or the way to it is; nothing that was to be asked of it has reached it.
    case unreachable(String)
    /// It does not know us.
    case refused(String)
    /// Nobody has ever said that its key is right.
    case unknownKey(String)
    /// It shows another key than before.
    case changedKey(String)
    /// OpenSSH itself cannot go on: a configuration that it does not read, no OpenSSH at all.
    case setup(String)
    case notLinux(system: String)
    /// No agent is here for the host's processors.
    case noAgent(architecture: String, wanted: String)
    /// The agent is there but does not run.
    case agentFails(String)
    /// The host itself says so.
    case host(HostFailure)
    /// A link that broke in the middle of an answer.
    case broken(String)
    case cancelled

    /// Sorts what OpenSSH said when it ended with 255.
    init(complaint: String) {
        let lines = complaint.split(whereSeparator: \.isNewline).map(String.init)
        // What comes after it says is mostly that this connection will not be shared.
        let last = lines.last { !$0.contains("disabling multiplexing") && !$0.hasPrefix("@") } ?? ""
        func says(_ words: String...) -> Bool { words.contains { complaint.contains($0) } }
        if says("REMOTE HOST IDENTIFICATION HAS CHANGED", "differs from the key for the IP address") {
            self = .changedKey(last)
        } else if says("Host key verification failed", "host key is known for") {
            self = .unknownKey(last)
        } else if says("Permission denied", "Too many authentication failures", "No supported authentication methods") {
            self = .refused(last)
        } else if says(
            "Bad configuration option", "terminating, ", "Can't open user config", "Unsupported option",
            "command-line line", "Bad owner or permissions")
        {
            self = .setup(last)
        } else {
            self = .unreachable(last.isEmpty ? "ssh ended without a word" : last)
        }
    }

    /// True where nothing of a claim can be left on the host.
    var saysNothingWasMade: Bool {
        switch self {
        case .unreachable, .refused, .unknownKey, .changedKey, .setup, .notLinux, .noAgent: true
        case .host(let failure): failure.kind == .held
        case .agentFails, .broken, .cancelled: false
        }
    }

    /// True of a host that another group has.
    var isHeld: Bool {
        if case .host(let failure) = self { failure.kind == .held } else { false }
    }

    /// True of what may pass by itself, and is worth waiting for.
    var mayPass: Bool {
        switch self {
        case .unreachable, .broken: true
        case .host(let failure): failure.kind == .damaged
        default: false
        }
    }
}

extension SSHFailure {
    /// For people: what happened, and what to do.
    func message(of host: SSHHost, _ options: SSHOptions) -> String {
        let command = options.commandForPeople(host)
        return switch self {
        case .unreachable(let reason):
            "\(host.title) does not answer: \(reason). See `\(command) true`; a host that is gone for good is taken out of \(host.settings)"
        case .refused(let reason):
            "\(host.title) does not let us in: \(reason). Type `\(options.commandForPeople(host, program: "ssh-copy-id"))`, or `ssh-add` the key, or set 'key' and 'user' in \(host.settings)"
        case .unknownKey:
            "the key of \(host.title) is not known. Compare its fingerprint once: type `\(command) true` and answer yes"
        case .changedKey:
            "\(host.title) shows ANOTHER KEY than before: somebody may listen, or it was installed anew. If it was: `\(options.forgetKeyCommand(host))`, then `\(command) true`"
        case .setup(let reason): "ssh cannot be used for \(host.title): \(reason)"
        case .notLinux(let system): "\(host.title) runs \(system): nodes need Linux"
        case .noAgent(let architecture, let wanted):
            "\(host.title) has \(architecture) processors, and there is no \(wanted): build it there with scripts/build-release.sh and put it in that place"
        case .agentFails(let reason):
            "sky-agent does not run on \(host.title): \(reason). A debug build needs the libraries of this machine: build it with scripts/build-release.sh"
        case .host(let failure) where failure.kind == .noSpace:
            "\(host.title) has no room left: \(failure.message). Free some, or set 'directory' in \(host.settings) to a disk that has"
        case .host(let failure): "\(host.title): \(failure.message)"
        case .broken(let reason): "the link to \(host.title) broke: \(reason)"
        case .cancelled: "given up"
        }
    }

    var kind: ProviderError.Kind {
        switch self {
        case .unreachable, .broken, .cancelled: .transient
        case .refused, .unknownKey, .changedKey: .credentials
        case .setup, .notLinux, .noAgent, .agentFails: .badRequest
        case .host(let failure):
            switch failure.kind {
            case .lost: .lost
            case .held, .noSpace: .noCapacity
            case .badPath: .badRequest
            case .damaged, .system: .transient
            }
        }
    }

    func providerError(_ provider: String, _ host: SSHHost, _ options: SSHOptions) -> ProviderError {
        ProviderError(kind, provider: provider, message(of: host, options))
    }
}
