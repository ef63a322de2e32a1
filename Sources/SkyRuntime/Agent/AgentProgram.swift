import Glibc
import SkyProcess

/// What `sky-agent` does.
public enum AgentProgram {
    private static let usage = """
        usage: sky-agent serve --dir DIR [--ready-fd N] [LEASE]   look after the node whose directory is DIR
               sky-agent relay --dir DIR [--start [LEASE]]        carry a conversation between stdin/stdout and its agent
               sky-agent supervise --dir DIR --job ID             run one job (as the agent does)
               sky-agent version
        LEASE: --lease 2h               end the node when nobody has renewed its lease for so long
               --lease-end COMMAND      what gives the machine back then: 'shutdown -h now'

        """

    /// 2 when the command line is wrong.
    public static func runAndExit(_ arguments: [String]) -> Never {
        do {
            exit(try run(AgentArguments(arguments.dropFirst())))
        } catch let error as AgentArguments.Wrong {
            write("sky-agent: \(error.message)\n\(usage)", to: STDERR_FILENO)
            exit(2)
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
        case .serve(let directory, let readyDescriptor, let lease):
            try serve(in: NodeFolder(directory), readyDescriptor, lease)
        case .relay(let directory, let start, let lease):
            try Relay(directory: directory, start: start, lease: lease).run()
        case .supervise(let directory, let job):
            Supervisor.runAndExit(node: try NodeFolder(directory), jobID: job)
        }
        return 0
    }

    /// Serves, or sees to it that somebody else does.
    private static func serve(
        in node: NodeFolder, _ readyDescriptor: Int32?, _ lease: AgentArguments.Lease
    ) throws(SystemError) {
        let deadline = monotonicMilliseconds() + 10_000
        while true {
            if let lock = try FileLock(node.lock) {
                let agent = try Agent(node: node, lease: lease)
                // Whoever waits for a node that has ended hears the end of this instead.
                if agent.isOfUse { announce(readyDescriptor) } else { readyDescriptor.map { _ = close($0) } }
                withExtendedLifetime(lock) { agent.run() }
                return
            }
            if let connection = try? UnixSocket.connect(to: node.socket) {
                close(connection)
                announce(readyDescriptor)
                return
            }
            // The other one has only just begun, or is about to end.
            guard monotonicMilliseconds() < deadline else {
                throw SystemError("serve \(node.path): another agent holds it but does not answer", code: EBUSY)
            }
            usleep(2000)
        }
    }

    private static func announce(_ descriptor: Int32?) {
        guard let descriptor else { return }
        write("\n", to: descriptor)
        close(descriptor)
    }

    private static func write(_ text: String, to descriptor: Int32) {
        try? Descriptor.writeAll(descriptor, Array(text.utf8))
    }
}
