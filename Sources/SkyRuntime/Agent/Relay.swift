import Glibc
import SkyProcess

/// Carries bytes between this process's standard streams and an agent's socket: the far end of a channel that can
/// only run commands.
struct Relay {
    private let socket: Int32

    /// With `start`, starts the agent if none answers.
    init(directory: String, start: Bool, lease: AgentArguments.Lease) throws(SystemError) {
        let path = NodeFolder.socket(in: directory)
        do {
            socket = try UnixSocket.connect(to: path)
        } catch {
            guard start else { throw error }
            let ready = try Descriptor.pipe()
            defer { close(ready.reading) }
            try Self.startAgent(in: directory, ready: ready.writing, lease)
            // Ends with a byte or with the agent; a connection tells which.
            _ = try Descriptor.readAll(ready.reading, limit: 1)
            socket = try UnixSocket.connect(to: path)
        }
    }

    private static func startAgent(
        in directory: String, ready: Int32, _ lease: AgentArguments.Lease
    ) throws(SystemError) {
        defer { close(ready) }
        let node = try NodeFolder(directory)
        _ = try AgentCommand.serve(
            executable: "/proc/self/exe", node: node, ready: ready, lease: lease.span, nodeEnd: lease.end
        ).startUnmanaged()
    }

    /// Returns when the agent has closed the connection, as it does after this side's input has ended.
    func run() throws(SystemError) {
        var toAgent = Flow(from: STDIN_FILENO, to: socket)
        var fromAgent = Flow(from: socket, to: STDOUT_FILENO)
        while !fromAgent.isOver {
            var polled = [
                toAgent.isOver ? pollfd(fd: -1, events: 0, revents: 0) : toAgent.waitsFor,
                fromAgent.waitsFor,
            ]
            guard poll(&polled, 2, -1) >= 0 || errno == EINTR else { throw .last("wait for the agent") }
            if polled[0].revents != 0 {
                toAgent.move()
                if toAgent.isOver { Glibc.shutdown(socket, Int32(SHUT_WR)) }
            }
            if polled[1].revents != 0 { fromAgent.move() }
        }
    }

    /// Bytes on their way in one direction.
    private struct Flow {
        let from: Int32
        let to: Int32
        private var held: [UInt8] = []
        private(set) var isOver = false

        init(from: Int32, to: Int32) {
            self.from = from
            self.to = to
        }

        var waitsFor: pollfd {
            held.isEmpty
                ? pollfd(fd: from, events: Int16(POLLIN), revents: 0)
                : pollfd(fd: to, events: Int16(POLLOUT), revents: 0)
        }

        mutating func move() {
            if held.isEmpty {
                let source = from
                let read = withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 1) { buffer in
                    guard case .bytes(let count) = Descriptor.read(source, into: buffer) else { return [UInt8]() }
                    return [UInt8](buffer[..<count])
                }
                if read.isEmpty { isOver = true } else { held = read }
            } else {
                switch held.withUnsafeBytes({ Descriptor.write(to, $0) }) {
                case .bytes(let count): held.removeFirst(count)
                case .wouldBlock: break
                case .ended: isOver = true
                }
            }
        }
    }
}
