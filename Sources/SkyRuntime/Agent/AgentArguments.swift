import SkyCore

/// The command line of `sky-agent`.
struct AgentArguments: Equatable {
    enum Command: Equatable {
        case serve(directory: String, readyDescriptor: Int32?, Lease, endsBySignal: Bool = false)
        case relay(directory: String, RelayStart, Lease)
        case supervise(directory: String, job: String)
        case nursery
        case enter(Entrance)
        case host(HostCall)
        case files(FileCall)
        case version
        case help
    }

    /// What an agent is told of its node's lease when it starts.
    struct Lease: Equatable {
        var span: TimeSpan?
        var end: NodeEnd?
    }

    /// What a relay does when no agent answers.
    enum RelayStart: Equatable {
        case never
        case agent
        /// The node is a whole machine: started as well, unless it has died with it.
        case agentOfMachine
    }

    struct HostCall: Equatable {
        enum Verb: Equatable {
            case claim, list
            case release(token: String)
            /// As if it had never been claimed.
            case withdraw(token: String)
        }

        var verb: Verb
        /// What the host keeps for brokers.
        var base: String
    }

    struct FileCall: Equatable {
        enum Verb: String { case look, send, receive, fetch, survey, upload }

        var verb: Verb
        /// The node's.
        var directory: String
        /// Within the node.
        var path: String
    }

    struct Wrong: Error, Equatable {
        var message: String
    }

    let command: Command

    init(_ arguments: some Sequence<String>) throws(Wrong) {
        var rest = Array(arguments)[...]
        guard let name = rest.popFirst() else { throw Wrong(message: "a command is missing") }
        switch name {
        case "serve":
            let options = try Options(
                rest, valued: ["--dir", "--ready-fd", "--lease", "--lease-end"], flags: ["--ends-by-signal"])
            let text = options.values["--ready-fd"]
            let descriptor = text.flatMap { Int32($0) }
            if let text, descriptor.map({ $0 < 0 }) ?? true {
                throw Wrong(message: "--ready-fd wants the number of a descriptor, not '\(text)'")
            }
            command = .serve(
                directory: try options.required("--dir"), readyDescriptor: descriptor, try options.lease,
                endsBySignal: options.flags.contains("--ends-by-signal"))
        case "relay":
            let options = try Options(
                rest, valued: ["--dir", "--lease", "--lease-end"], flags: ["--start", "--machine"])
            let start: RelayStart =
                !options.flags.contains("--start")
                ? .never : options.flags.contains("--machine") ? .agentOfMachine : .agent
            command = .relay(directory: try options.required("--dir"), start, try options.lease)
        case "supervise":
            let options = try Options(rest, valued: ["--dir", "--job"], flags: [])
            let job = try options.required("--job")
            if let problem = JobSpec.problem(ofID: job) { throw Wrong(message: problem) }
            command = .supervise(directory: try options.required("--dir"), job: job)
        case "nursery": command = .nursery
        case "enter":
            let options = try Options(rest, valued: ["--dir", "--job", "--hex-command"], flags: [])
            let job = try options.required("--job")
            if let problem = JobSpec.problem(ofID: job) { throw Wrong(message: problem) }
            command = .enter(
                Entrance(
                    directory: try options.required("--dir"), job: job,
                    command: try options.values["--hex-command"].map(Options.text)))
        case "host": command = .host(try HostCall(rest))
        case "files": command = .files(try FileCall(rest))
        case "version", "--version":
            _ = try Options(rest, valued: [], flags: [])
            command = .version
        case "help", "--help", "-h": command = .help
        default: throw Wrong(message: "there is no command '\(name)'")
        }
    }

    fileprivate struct Options {
        var values: [String: String] = [:]
        var flags: Set<String> = []

        init(_ arguments: ArraySlice<String>, valued: Set<String>, flags known: Set<String>) throws(Wrong) {
            var rest = arguments
            while let name = rest.popFirst() {
                if known.contains(name) {
                    flags.insert(name)
                } else if valued.contains(name) {
                    guard let value = rest.popFirst() else { throw Wrong(message: "\(name) wants a value") }
                    values[name] = value
                } else {
                    throw Wrong(message: "there is no option '\(name)' here")
                }
            }
        }

        var lease: Lease {
            get throws(Wrong) {
                var lease = Lease(span: nil, end: values["--lease-end"].map(NodeEnd.command))
                guard let text = values["--lease"] else { return lease }
                lease.span = TimeSpan(text)
                guard let span = lease.span, span > .zero, span <= LeaseRecord.longest else {
                    throw Wrong(message: "--lease wants a time such as 2h, at most a year, not '\(text)'")
                }
                return lease
            }
        }

        /// In hexadecimal, so that no shell on the way finds anything in it.
        static func text(hex: String) throws(Wrong) -> String {
            guard let bytes = SHA256.bytes(hex: hex) else {
                throw Wrong(message: "'\(hex)' is no text in pairs of hexadecimal digits")
            }
            return String(decoding: bytes, as: UTF8.self)
        }

        func required(_ name: String) throws(Wrong) -> String {
            guard let value = values[name], !value.isEmpty else { throw Wrong(message: "\(name) is missing") }
            return value
        }
    }
}

extension AgentArguments.HostCall {
    fileprivate init(_ arguments: ArraySlice<String>) throws(AgentArguments.Wrong) {
        let options = try AgentArguments.Options(arguments.dropFirst(), valued: ["--base", "--token"], flags: [])
        switch arguments.first {
        case "claim": verb = .claim
        case "list": verb = .list
        case "release": verb = .release(token: try options.required("--token"))
        case "withdraw": verb = .withdraw(token: try options.required("--token"))
        default: throw AgentArguments.Wrong(message: "host wants claim, list, release or withdraw")
        }
        base = try options.required("--base")
    }
}

extension AgentArguments.FileCall {
    fileprivate init(_ arguments: ArraySlice<String>) throws(AgentArguments.Wrong) {
        guard let verb = arguments.first.flatMap(Verb.init(rawValue:)) else {
            throw AgentArguments.Wrong(message: "files wants look, send, receive, fetch, survey or upload")
        }
        self.verb = verb
        let options = try AgentArguments.Options(arguments.dropFirst(), valued: ["--dir", "--hex-path"], flags: [])
        directory = try options.required("--dir")
        path = try AgentArguments.Options.text(hex: try options.required("--hex-path"))
    }
}
