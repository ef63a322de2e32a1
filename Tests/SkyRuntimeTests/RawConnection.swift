import Glibc
import SkyProcess

@testable import SkyRuntime

/// A connection that may say anything. Its thread is its own, so that waiting for the agent stalls no other test.
struct RawConnection {
    private let socket: Int32

    init(to node: TestNode) throws { socket = try UnixSocket.connect(to: "\(node.directory)/agent.sock") }

    /// Says `bytes` and hangs up; what the agent said until it hung up too, or for two seconds.
    func exchange(_ bytes: [UInt8], hangUp: Bool = true) async -> [AgentResponse] {
        await withCheckedContinuation { continuation in
            let body: @Sendable () -> [AgentResponse] = { Self.exchange(bytes, on: socket, hangUp: hangUp) }
            let thread = RawThread(body: body, continuation: continuation)
            thread.start()
        }
    }

    private static func exchange(_ bytes: [UInt8], on socket: Int32, hangUp: Bool) -> [AgentResponse] {
        defer { close(socket) }
        var patience = timeval(tv_sec: 2, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        // The agent may well hang up before it has heard all.
        try? Descriptor.writeAll(socket, bytes)
        if hangUp { shutdown(socket, Int32(SHUT_WR)) }
        var reader = FrameReader()
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = read(socket, &chunk, chunk.count), count > 0 { reader.append(chunk[..<count]) }
        var responses: [AgentResponse] = []
        while let message = try? reader.next(), let response = Frame.decode(AgentResponse.self, message) {
            responses.append(response)
        }
        return responses
    }
}

/// One run of a closure on a thread outside of every pool.
private final class RawThread: Sendable {
    private let body: @Sendable () -> [AgentResponse]
    private let continuation: CheckedContinuation<[AgentResponse], Never>

    init(
        body: @escaping @Sendable () -> [AgentResponse], continuation: CheckedContinuation<[AgentResponse], Never>
    ) {
        self.body = body
        self.continuation = continuation
    }

    func start() {
        var thread = pthread_t()
        let unmanaged = Unmanaged.passRetained(self)
        pthread_create(
            &thread, nil,
            { raw in
                guard let raw else { return nil }
                let this = Unmanaged<RawThread>.fromOpaque(raw).takeRetainedValue()
                this.continuation.resume(returning: this.body())
                return nil
            }, unmanaged.toOpaque())
        pthread_detach(thread)
    }
}
