import Glibc
import SkyCore
import SkyProcess

/// Asks an agent to end its jobs and itself, from a program that waits for it. What does not end is left to a sweep.
enum AgentShutdown {
    /// Returns when the agent has closed the conversation, or `grace` and `patience` (milliseconds) have passed.
    static func ask(_ node: NodeFolder, grace: TimeSpan, patience: Int64) {
        guard let socket = try? UnixSocket.connect(to: node.socket),
            let hello = Frame.encode(AgentRequest(id: 1, call: .hello(protocolVersion: AgentProtocol.version))),
            let shutdown = Frame.encode(AgentRequest(id: 2, call: .shutdown(grace: grace))),
            (try? Descriptor.writeAll(socket, hello + shutdown)) != nil
        else { return }
        defer { close(socket) }
        let deadline = monotonicMilliseconds() + grace.milliseconds + patience
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 12, alignment: 16)
        defer { buffer.deallocate() }
        while monotonicMilliseconds() < deadline {
            var ready = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
            let count = poll(&ready, 1, pollTimeout(until: deadline))
            if count > 0, case .ended = Descriptor.read(socket, into: buffer) { return }
        }
    }
}
