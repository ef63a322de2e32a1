import Synchronization

/// The client's end of a conversation: many requests under way at once, each answered by number.
final class ClientConnection: Sendable {
    private typealias Reply = CheckedContinuation<Result<AgentResponse.Answer, AgentError>, Never>

    private struct State {
        var lastID: UInt64 = 0
        var pending: [UInt64: Reply] = [:]
        /// Why nothing can be asked any more.
        var end: AgentError?
        var endWaiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>
    private let stream: MessageStream

    /// Both descriptors belong to the connection from now on; they may be the same.
    init(input: Int32, output: Int32) {
        state = Mutex(State())
        stream = MessageStream(input: input, output: output)
        stream.start(
            onMessage: { [weak self] in self?.take($0) },
            onEnd: { [weak self] in self?.end($0) })
    }

    /// Suspends until the answer is there. `refused`, `ending` and `protocolMismatch` answers are thrown.
    func request(_ call: AgentRequest.Call) async throws(AgentError) -> AgentResponse.Answer {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        guard let frame = Frame.encode(AgentRequest(id: id, call: call)) else {
            throw AgentError(.refused, "a message may have at most \(AgentProtocol.messageLimit) bytes")
        }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (reply: Reply) in
                let end = state.withLock { state in
                    let end = Task.isCancelled ? Self.cancelled : state.end
                    if end == nil { state.pending[id] = reply }
                    return end
                }
                if let end { reply.resume(returning: .failure(end)) } else { stream.send(frame) }
            }
        } onCancel: {
            cancel(id)
        }
        switch try result.get() {
        case .refused(let message): throw AgentError(.refused, message)
        case .ending(let message): throw AgentError(.ending, message)
        case .protocolMismatch(let message): throw AgentError(.protocolMismatch, message)
        case let answer: return answer
        }
    }

    /// Returns once the other side has closed the conversation.
    func waitForEnd() async {
        await withCheckedContinuation { waiter in
            let isOver = state.withLock { state in
                if state.end == nil { state.endWaiters.append(waiter) }
                return state.end != nil
            }
            if isOver { waiter.resume() }
        }
    }

    func close() {
        stream.close()
        end(AgentError(.disconnected, "the connection was closed"))
    }

    private static let cancelled = AgentError(.disconnected, "the request was given up")

    private func cancel(_ id: UInt64) {
        guard let reply = state.withLock({ $0.pending.removeValue(forKey: id) }) else { return }
        reply.resume(returning: .failure(Self.cancelled))
        let call = AgentRequest.Call.cancel(request: id)
        if let frame = Frame.encode(AgentRequest(id: 0, call: call)) { stream.send(frame) }
    }

    private func take(_ message: [UInt8]) {
        guard let response = Frame.decode(AgentResponse.self, message) else {
            stream.close()
            return end(AgentError(.protocolMismatch, "the other side does not speak an agent's language"))
        }
        guard let id = response.id else {
            stream.close()
            return end(Self.complaint(response.answer))
        }
        // None for a request that was given up.
        state.withLock({ $0.pending.removeValue(forKey: id) })?.resume(returning: .success(response.answer))
    }

    /// What an answer to no particular request says.
    private static func complaint(_ answer: AgentResponse.Answer) -> AgentError {
        switch answer {
        case .refused(let message): AgentError(.refused, message)
        case .ending(let message): AgentError(.ending, message)
        case .protocolMismatch(let message): AgentError(.protocolMismatch, message)
        default: AgentClient.unexpected("nothing")
        }
    }

    private func end(_ reason: AgentError) {
        let (replies, waiters) = state.withLock { state in
            if state.end == nil { state.end = reason }
            defer { (state.pending, state.endWaiters) = ([:], []) }
            return (Array(state.pending.values), state.endWaiters)
        }
        for reply in replies { reply.resume(returning: .failure(reason)) }
        for waiter in waiters { waiter.resume() }
    }
}
