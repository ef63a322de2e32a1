import Glibc
import SkyProcess

/// What `sky-agent` does.
public enum AgentProgram {
    private static let usage = """
        usage: sky-agent serve --dir DIR [--ready-fd N] [--ends-by-signal] [LEASE]   look after the node whose directory is DIR
               sky-agent relay --dir DIR [--start [--machine] [LEASE]]  carry a conversation between stdin/stdout and its agent
               sky-agent supervise --dir DIR --job ID             run one job (as the agent does)
               sky-agent nursery                                  become agents, as asked on stdin
               sky-agent host claim|list|release|withdraw --base DIR       the nodes of this host, which one group has at a time
               sky-agent files look|send|receive --dir DIR --hex-path PATH    files of a node, over stdin and stdout
               sky-agent files fetch|survey|upload --dir DIR --hex-path PATH  files of a node, by itself, as told on stdin
               sky-agent enter --dir DIR --job ID [--hex-command HEX]   a shell, or a command, as the job has it
               sky-agent version
        LEASE: --lease 2h               end the node when nobody has renewed its lease for so long
               --lease-end COMMAND      what gives the machine back then: 'shutdown -h now'
        --ends-by-signal: SIGTERM says that the node is taken away, and ends it with its jobs

        """

    /// 2 when the command line is wrong.
    public static func runAndExit(_ arguments: [String]) -> Never {
        do {
            exit(try run(AgentArguments(arguments.dropFirst())))
        } catch let error as AgentArguments.Wrong {
            write("sky-agent: \(error.message)\n\(usage)", to: STDERR_FILENO)
            exit(2)
        } catch let error as Relay.NodeLost {
            write(error.description, to: STDERR_FILENO)
            exit(3)
        } catch {
            write("sky-agent: \(error)\n", to: STDERR_FILENO)
            exit(1)
        }
    }

    private static func run(_ arguments: AgentArguments) throws -> Int32 {
        switch arguments.command {
        case .version:
            write("sky-agent \(Agent.version) (protocol \(AgentProtocol.version))\n", to: STDOUT_FILENO)
        case .help:
            write(usage, to: STDOUT_FILENO)
        case .serve(let directory, let readyDescriptor, let lease, let endsBySignal):
            try serve(
                in: NodeFolder(directory), Readiness(descriptor: readyDescriptor), lease, endsBySignal: endsBySignal)
        case .relay(let directory, let start, let lease):
            try Relay(directory: directory, start: start, lease: lease).run()
        case .enter(let entrance): try entrance.enter()
        case .host(let call): return HostProgram.run(call)
        case .files(let call): return HostProgram.run(call)
        case .nursery:
            if let calling = try Nursery.run() { return try run(calling) }
        case .supervise(let directory, let job):
            Supervisor.runAndExit(node: try NodeFolder(directory), jobID: job)
        }
        return 0
    }

    private static func run(_ calling: Nursery.Calling) throws -> Int32 {
        guard
            case .serve(let directory, nil, let lease, endsBySignal: false) = try AgentArguments(calling.arguments)
                .command
        else {
            throw AgentArguments.Wrong(message: "a nursery makes agents that serve")
        }
        let node = try NodeFolder(directory)
        let ready = Readiness(descriptor: try calling.begin(logPath: node.log), word: "\(calling.number) ready\n")
        try serve(in: node, ready, lease)
        return 0
    }

    /// How an agent says that it accepts connections.
    private struct Readiness {
        /// Nil when nobody wants to know.
        var descriptor: Int32?
        var word = "\n"

        func tell() {
            guard let descriptor else { return }
            AgentProgram.write(word, to: descriptor)
            close(descriptor)
        }

        /// Whoever waits hears the end of this instead.
        func giveUp() { descriptor.map { _ = close($0) } }
    }

    /// Serves, or sees to it that somebody else does.
    private static func serve(
        in node: NodeFolder, _ readiness: Readiness, _ lease: AgentArguments.Lease, endsBySignal: Bool = false
    ) throws(SystemError) {
        let deadline = monotonicMilliseconds() + 10_000
        while true {
            if let lock = try FileLock(node.lock) {
                let agent = try Agent(node: node, lease: lease, endsBySignal: endsBySignal)
                if agent.isOfUse { readiness.tell() } else { readiness.giveUp() }
                withExtendedLifetime(lock) { agent.run() }
                return
            }
            // A supervisor that an agent made as it died holds that one's lock and socket for a moment.
            if node.agentIsAlive, let connection = try? UnixSocket.connect(to: node.socket) {
                close(connection)
                return readiness.tell()
            }
            // The other one has only just begun, or is about to end.
            guard monotonicMilliseconds() < deadline else {
                throw SystemError("serve \(node.path): another agent holds it but does not answer", code: EBUSY)
            }
            usleep(2000)
        }
    }

    private static func write(_ text: String, to descriptor: Int32) {
        try? Descriptor.writeAll(descriptor, Array(text.utf8))
    }
}
