import Dispatch
import Glibc
import SkyProcess

/// Whole messages over a pair of descriptors, without blocking any thread.
///
/// `@unchecked`: everything mutable is touched on `queue` only, which runs one block at a time.
final class MessageStream: @unchecked Sendable {
    private let queue = DispatchQueue(label: "sky.agent-connection")
    private let input: Int32
    private let output: Int32

    private var onMessage: (([UInt8]) -> Void)?
    private var onEnd: ((AgentError) -> Void)?
    private var source: (any DispatchSourceRead)?
    /// There only while the other side takes no more bytes.
    private var sink: (any DispatchSourceWrite)?
    private var reader = FrameReader()
    private var outgoing: [UInt8] = []
    private var sent = 0
    private var isClosed = false

    init(input: Int32, output: Int32) {
        self.input = input
        // Two numbers even for one socket: each can then be watched and closed by itself.
        self.output = input == output ? fcntl(output, F_DUPFD_CLOEXEC, 0) : output
        Descriptor.setNonBlocking(input)
        Descriptor.setNonBlocking(self.output)
    }

    /// `onEnd` is called at most once, after the last message, unless `close` comes first.
    func start(
        onMessage: @escaping @Sendable ([UInt8]) -> Void, onEnd: @escaping @Sendable (AgentError) -> Void
    ) {
        queue.async { [self] in
            self.onMessage = onMessage
            self.onEnd = onEnd
            let source = DispatchSource.makeReadSource(fileDescriptor: input, queue: queue)
            source.setEventHandler { [weak self] in self?.receive() }
            source.setCancelHandler { [input] in Glibc.close(input) }
            self.source = source
            source.activate()
        }
    }

    func send(_ frame: [UInt8]) {
        queue.async { [self] in
            guard !isClosed else { return }
            outgoing.append(contentsOf: frame)
            if sink == nil { flush() }
        }
    }

    /// Both descriptors are closed soon after.
    func close() {
        queue.async { [self] in
            onEnd = nil
            tearDown()
        }
    }

    private func receive() {
        while !isClosed {
            let outcome = withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 1) { buffer in
                let outcome = Descriptor.read(input, into: buffer)
                if case .bytes(let count) = outcome {
                    reader.append(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                }
                return outcome
            }
            switch outcome {
            case .wouldBlock: return
            case .ended: finish(AgentError(.disconnected, "the agent has closed the connection"))
            case .bytes: deliver()
            }
        }
    }

    private func deliver() {
        do throws(FrameReader.TooLong) {
            while !isClosed, let message = try reader.next() { onMessage?(message) }
        } catch {
            finish(AgentError(.protocolMismatch, error.message))
        }
    }

    private func flush() {
        while !isClosed, sent < outgoing.count {
            let outcome = outgoing.withUnsafeBytes { bytes in
                Descriptor.write(output, UnsafeRawBufferPointer(rebasing: bytes[sent...]))
            }
            switch outcome {
            case .bytes(let count): sent += count
            case .wouldBlock: return waitUntilWritable()
            // What the other side said before it went is still to be read: reading finds the end.
            case .ended: sent = outgoing.count
            }
        }
        outgoing.removeAll(keepingCapacity: false)
        sent = 0
        sink?.cancel()
        sink = nil
    }

    private func waitUntilWritable() {
        guard sink == nil else { return }
        // A number of its own again: the source closes it whenever it has let go.
        let watched = fcntl(output, F_DUPFD_CLOEXEC, 0)
        let sink = DispatchSource.makeWriteSource(fileDescriptor: watched, queue: queue)
        sink.setEventHandler { [weak self] in self?.flush() }
        sink.setCancelHandler { Glibc.close(watched) }
        self.sink = sink
        sink.activate()
    }

    private func finish(_ reason: AgentError) {
        guard !isClosed else { return }
        let onEnd = onEnd
        tearDown()
        onEnd?(reason)
    }

    private func tearDown() {
        guard !isClosed else { return }
        isClosed = true
        (onMessage, onEnd) = (nil, nil)
        if let source { source.cancel() } else { Glibc.close(input) }
        sink?.cancel()
        (source, sink) = (nil, nil)
        Glibc.close(output)
    }
}
