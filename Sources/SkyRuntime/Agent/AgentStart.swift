import Glibc
import SkyProcess

/// Starts an agent from a program that waits for it: this very program, in a session of its own.
enum AgentStart {
    /// Returns when the agent accepts connections, or has ended; a connection tells which.
    static func start(in directory: String, _ lease: AgentArguments.Lease) throws(SystemError) {
        let ready = try Descriptor.pipe()
        defer { close(ready.reading) }
        try start(in: directory, ready: ready.writing, lease)
        _ = try Descriptor.readAll(ready.reading, limit: 1)
    }

    private static func start(
        in directory: String, ready: Int32, _ lease: AgentArguments.Lease
    ) throws(SystemError) {
        defer { close(ready) }
        let node = try NodeFolder(directory)
        _ = try AgentCommand.serve(
            executable: "/proc/self/exe", node: node, ready: ready, lease: lease.span, nodeEnd: lease.end
        ).startUnmanaged()
    }
}
