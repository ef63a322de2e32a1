import Glibc
import SkyProcess

/// One connection to the agent: bytes in, requests out; answers in, bytes out. It never waits.
final class ServerConnection {
    let number: Int
    private let descriptor: Int32
    private let loop: EventLoop
    private let onRequest: (ServerConnection, AgentRequest) -> Void
    private let onClose: (ServerConnection) -> Void

    private var reader = FrameReader()
    private var outgoing: [UInt8] = []
    private var sent = 0
    private var isClosing = false
    private var isClosed = false
    /// Requests are taken only after a hello.
    private(set) var isGreeted = false
    /// Requests that have no answer yet.
    private var underWay: Set<UInt64> = []

    /// As many as a broker never has: each costs memory until it is answered.
    private static let underWayLimit = 4096

    /// Above this, no request is taken until the other side has taken its answers.
    private static let outgoingLimit = 1 << 20
    private var isFull: Bool { outgoing.count - sent > Self.outgoingLimit }
    private var isTakingRequests = false

    init(
        number: Int, descriptor: Int32, loop: EventLoop,
        onRequest: @escaping (ServerConnection, AgentRequest) -> Void,
        onClose: @escaping (ServerConnection) -> Void
    ) {
        self.number = number
        self.descriptor = descriptor
        self.loop = loop
        self.onRequest = onRequest
        self.onClose = onClose
        loop.watch(descriptor, for: .reading) { [weak self] interest in
            if interest.contains(.writing) { self?.flush() }
            if interest.contains(.reading) { self?.receive() }
        }
    }

    func greet() { isGreeted = true }

    func send(_ answer: AgentResponse.Answer, to id: UInt64?) {
        guard !isClosed, !isClosing else { return }
        id.map { _ = underWay.remove($0) }
        let tooLong = AgentResponse(id: id, answer: .refused(message: "the answer is too long for a message"))
        guard let frame = Frame.encode(AgentResponse(id: id, answer: answer)) ?? Frame.encode(tooLong) else { return }
        outgoing.append(contentsOf: frame)
        flush()
    }

    /// A request that is taken back is never answered.
    func forget(_ id: UInt64) { underWay.remove(id) }

    /// Says why, and closes once it is said.
    func sendAndClose(_ answer: AgentResponse.Answer, to id: UInt64?) {
        send(answer, to: id)
        isClosing = true
        flush()
    }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        loop.unwatch(descriptor)
        Glibc.close(descriptor)
        onClose(self)
    }

    /// Waits until all is sent, but not longer than `milliseconds`.
    func drain(milliseconds: Int64) {
        let deadline = monotonicMilliseconds() + milliseconds
        while !isClosed, sent < outgoing.count, monotonicMilliseconds() < deadline {
            var writable = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            _ = poll(&writable, 1, pollTimeout(until: deadline))
            flush()
        }
    }

    private func receive() {
        guard !isClosed, !isClosing else { return }
        let outcome = withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 1) { buffer in
            let outcome = Descriptor.read(descriptor, into: buffer)
            if case .bytes(let count) = outcome { reader.append(UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
            return outcome
        }
        switch outcome {
        case .wouldBlock: return
        case .ended: close()
        case .bytes: takeRequests()
        }
    }

    private func takeRequests() {
        // An answer that is sent at once comes back here.
        guard !isTakingRequests else { return }
        isTakingRequests = true
        defer { isTakingRequests = false }
        do throws(FrameReader.TooLong) {
            while !isClosed, !isClosing, !isFull, let message = try reader.next() {
                guard let request = Frame.decode(AgentRequest.self, message) else {
                    sendAndClose(.protocolMismatch(message: "that is no request this agent understands"), to: nil)
                    return
                }
                if let problem = admit(request) { return sendAndClose(.protocolMismatch(message: problem), to: nil) }
                onRequest(self, request)
            }
        } catch {
            sendAndClose(.protocolMismatch(message: error.message), to: nil)
        }
    }

    /// Why nothing more is heard from this connection, for people; nil when the request may be looked at.
    private func admit(_ request: AgentRequest) -> String? {
        if case .cancel = request.call { return nil }
        guard underWay.insert(request.id).inserted else { return "request \(request.id) is under way already" }
        return underWay.count > Self.underWayLimit ? "more than \(Self.underWayLimit) requests are under way" : nil
    }

    private func flush() {
        while !isClosed, sent < outgoing.count {
            let outcome = outgoing.withUnsafeBytes { bytes in
                Descriptor.write(descriptor, UnsafeRawBufferPointer(rebasing: bytes[sent...]))
            }
            switch outcome {
            case .bytes(let count): sent += count
            case .wouldBlock:
                if sent > 1 << 16 {
                    outgoing.removeFirst(sent)
                    sent = 0
                }
                loop.setInterest(isFull || isClosing ? .writing : [.reading, .writing], of: descriptor)
                return
            case .ended:
                close()
                return
            }
        }
        guard !isClosed else { return }
        outgoing.removeAll(keepingCapacity: outgoing.capacity < 1 << 16)
        sent = 0
        if isClosing { return close() }
        loop.setInterest(.reading, of: descriptor)
        takeRequests()
    }
}
