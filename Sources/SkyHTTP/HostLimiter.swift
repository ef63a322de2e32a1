import SkyCore
import Synchronization

/// Lets calls to each host start when its pace allows.
final class HostLimiter: Sendable {
    private struct Waiter {
        let id: UInt64
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct Host {
        var pace: HostPace
        var waiters: [Waiter] = []
    }

    private struct State {
        var hosts: [String: Host] = [:]
        var lastID: UInt64 = 0
        /// Who was cancelled before it could queue.
        var cancelled: Set<UInt64> = []
    }

    private let most: Int
    private let state = Mutex(State())
    private let start = ContinuousClock.now

    init(most: Int) { self.most = most }

    /// Returns when the call may start; `leave` must follow.
    func enter(_ host: String) async throws(HTTPError) {
        while true {
            if Task.isCancelled {
                // It may have been woken in somebody else's stead.
                wake(host)
                throw HTTPError(.cancelled, "\(host): cancelled while waiting for its turn")
            }
            let now = milliseconds
            switch state.withLock({ $0.hosts[host, default: Host(pace: HostPace(most: most))].pace.ask(at: now) }) {
            case .start: return
            case .wait(let moment): try? await Task.sleep(for: .milliseconds(max(1, moment - now)))
            case .queue: await queue(for: host)
            }
        }
    }

    func leave(_ host: String, _ ending: HostPace.Ending) {
        state.withLock { $0.hosts[host]?.pace.end(ending, at: milliseconds) }
        wake(host)
    }

    private func queue(for host: String) async {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mayWait = state.withLock { state in
                    // Somebody may have left meanwhile, or this task may have been cancelled.
                    guard state.cancelled.remove(id) == nil, state.hosts[host]?.pace.room == 0 else { return false }
                    state.hosts[host]?.waiters.append(Waiter(id: id, continuation: continuation))
                    return true
                }
                if !mayWait { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state -> Waiter? in
                guard let index = state.hosts[host]?.waiters.firstIndex(where: { $0.id == id }) else {
                    state.cancelled.insert(id)
                    return nil
                }
                return state.hosts[host]?.waiters.remove(at: index)
            }
            waiter?.continuation.resume()
        }
        state.withLock { _ = $0.cancelled.remove(id) }
    }

    /// Everybody who may start now, first come first.
    private func wake(_ host: String) {
        let woken = state.withLock { state -> [Waiter] in
            guard let room = state.hosts[host]?.pace.room, let waiters = state.hosts[host]?.waiters else { return [] }
            state.hosts[host]?.waiters.removeFirst(min(room, waiters.count))
            return Array(waiters.prefix(room))
        }
        for waiter in woken { waiter.continuation.resume() }
    }

    private var milliseconds: Int64 { TimeSpan(start.duration(to: .now)).milliseconds }
}
