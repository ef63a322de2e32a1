import Glibc
import SkyProcess

/// Carries bytes between this process's standard streams and an agent's socket: the far end of a channel that can
/// only run commands.
struct Relay {
    private let socket: Int32

    /// A node that has died with its machine.
    struct NodeLost: Error, CustomStringConvertible {
        var description: String { HostReply(failure: HostFailure(.lost, "the node was lost with its machine")).line }
    }

    /// - Throws: `NodeLost`, or `SystemError`.
    init(directory: String, start: AgentArguments.RelayStart, lease: AgentArguments.Lease) throws {
        let path = NodeFolder.socket(in: directory)
        if start == .agentOfMachine {
            // It may have been given back: then there is nothing to be started, nor to be made.
            guard Files.isFolder(directory) else { throw NodeLost() }
        }
        do {
            socket = try UnixSocket.connect(to: path)
        } catch {
            guard start != .never else { throw error }
            if start == .agentOfMachine, try NodeCrash.endIfCrashed(try NodeFolder(directory)) { throw NodeLost() }
            try AgentStart.start(in: directory, lease)
            socket = try UnixSocket.connect(to: path)
        }
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
