import Glibc
import SkyHTTP
import SkyProcess

/// Several streams over one WebSocket, as Kubernetes has them: the first byte of each message is the number of its stream.
///
/// Everything is waited for at once, on the thread that calls `run`. No side is read from faster than the other takes it.
final class PodStream {
    /// What is at the far end of each stream.
    enum Target {
        /// Bytes go to this descriptor of ours.
        case descriptor(Int32)
        /// Kept, for whoever looks at it in the end.
        case kept
    }

    /// The stream that goes there. There is none in the other direction.
    private static let input: UInt8 = 0
    /// Bytes that wait here for one direction, before no more of it is read.
    private static let enough = 256 << 10
    private static let piece = 32 << 10
    /// With nothing else to say, we ask whether anybody is there.
    private static let askAfter = Duration.seconds(20)
    /// Then this long without a word is the end.
    private static let patience = Duration.seconds(60)

    private let socket: WebSocket
    /// Nil once it has ended, or where nothing is to be sent.
    private var source: Int32?
    private var sinks: [UInt8: Sink]
    private(set) var kept: [UInt8: [UInt8]] = [:]
    /// Bytes at the beginning of a stream that are none of it.
    private var prefixes: [UInt8: Int]
    private var heardAt = ContinuousClock.now
    private var askedAt = ContinuousClock.now

    private struct Sink {
        let descriptor: Int32
        var waiting: [UInt8] = []
        var isClosed = false
    }

    /// - Parameters:
    ///   - source: what is sent on stream 0; nil for nothing.
    ///   - targets: where the other streams go.
    ///   - prefixes: how many bytes at the beginning of a stream are to be passed over.
    init(_ socket: WebSocket, source: Int32?, targets: [UInt8: Target], prefixes: [UInt8: Int] = [:]) {
        self.socket = socket
        self.source = source
        self.prefixes = prefixes
        sinks = targets.compactMapValues { target in
            if case .descriptor(let descriptor) = target { Sink(descriptor: descriptor) } else { nil }
        }
    }

    /// One round: waits until something can be done, for so long at most, and does it.
    ///
    /// - Returns: whether what is ours to send has just come to its end.
    func turn(waiting limit: Duration) throws(PodStreamFailure) -> Bool {
        do throws(HTTPError) {
            try take()
            for stream in sinks.keys { deliver(stream) }
            wait(limit)
            let hasEnded = try feed()
            try socket.flush()
            try keepAlive()
            return hasEnded
        } catch { throw .broken(error.message) }
    }

    /// The other side is done, and all that it said is where it belongs.
    var isOver: Bool { socket.isClosed && waitingBytes == 0 }

    var hasWaiting: Bool { waitingBytes > 0 }

    /// Bytes that nobody here has taken yet.
    private var waitingBytes: Int { sinks.values.reduce(0) { $0 + ($1.isClosed ? 0 : $1.waiting.count) } }

    /// Sends a message of another stream.
    func send(_ bytes: [UInt8], on stream: UInt8) throws(PodStreamFailure) {
        do throws(HTTPError) { try socket.send([stream] + bytes) } catch { throw .broken(error.message) }
    }

    /// Says that nothing more comes, and waits for what the other side has to say to that.
    func close() { try? socket.close() }

    // MARK: From there

    private func take() throws(HTTPError) {
        guard waitingBytes < Self.enough else {
            // Whoever is not read from cannot be heard.
            heardAt = .now
            return
        }
        for message in try socket.receive(limit: Self.enough) {
            heardAt = .now
            let bytes: [UInt8] =
                switch message {
                case .binary(let bytes), .text(let bytes): bytes
                }
            guard let stream = bytes.first else { continue }
            var rest = bytes.dropFirst()
            if let prefix = prefixes[stream], prefix > 0 {
                prefixes[stream] = max(0, prefix - rest.count)
                rest = rest.dropFirst(prefix)
            }
            if sinks[stream] != nil { sinks[stream]?.waiting += rest } else { kept[stream, default: []] += rest }
        }
    }

    private func deliver(_ stream: UInt8) {
        guard var sink = sinks[stream], !sink.isClosed, !sink.waiting.isEmpty else { return }
        sinks[stream] = nil
        var start = 0
        loop: while start < sink.waiting.count {
            let outcome = sink.waiting.withUnsafeBytes {
                Descriptor.write(sink.descriptor, UnsafeRawBufferPointer(rebasing: $0[start...]))
            }
            switch outcome {
            case .bytes(let count): start += count
            case .wouldBlock: break loop
            case .ended:
                // Nobody reads it any more: what comes is let go, as a closed pipe would.
                sink.isClosed = true
                break loop
            }
        }
        sink.waiting = sink.isClosed ? [] : Array(sink.waiting[start...])
        sinks[stream] = sink
    }

    // MARK: From here

    private var mayRead: Bool { socket.pendingBytes < Self.enough && !socket.isClosed }

    /// True when our side has ended just now.
    private func feed() throws(HTTPError) -> Bool {
        guard let descriptor = source else { return false }
        var buffer = [UInt8](repeating: 0, count: Self.piece)
        while mayRead {
            var events = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&events, 1, 0) > 0 else { return false }
            switch buffer.withUnsafeMutableBytes({ Descriptor.read(descriptor, into: $0) }) {
            case .bytes(let count): try socket.send([Self.input] + buffer[..<count])
            case .wouldBlock: return false
            case .ended:
                source = nil
                return true
            }
        }
        return false
    }

    private func keepAlive() throws(HTTPError) {
        guard !socket.isClosed else { return }
        let now = ContinuousClock.now
        if now - max(heardAt, askedAt) > Self.askAfter {
            askedAt = now
            try socket.ping()
        }
        if now - heardAt > Self.patience {
            throw HTTPError(.timeout, "nothing has been heard of the pod for \(Self.patience)")
        }
    }

    private func wait(_ limit: Duration) {
        var events: [pollfd] = []
        let isFull = waitingBytes >= Self.enough
        if !socket.isClosed, !isFull || socket.pendingBytes > 0 {
            let wanted = (isFull ? 0 : POLLIN) | (socket.pendingBytes > 0 ? POLLOUT : 0)
            events.append(pollfd(fd: socket.descriptor, events: Int16(wanted), revents: 0))
        }
        if let source, mayRead { events.append(pollfd(fd: source, events: Int16(POLLIN), revents: 0)) }
        for sink in sinks.values where !sink.isClosed && !sink.waiting.isEmpty {
            events.append(pollfd(fd: sink.descriptor, events: Int16(POLLOUT), revents: 0))
        }
        let milliseconds = limit.components.seconds * 1000 + limit.components.attoseconds / 1_000_000_000_000_000
        let longest = socket.mayHaveMore && !isFull ? 0 : socket.isClosed ? min(milliseconds, 100) : milliseconds
        poll(&events, nfds_t(events.count), Int32(clamping: longest))
    }
}
