import CShims
import Glibc
import Synchronization

/// A process that this one started and must wait for. Its number is not reused before somebody waited, and no signal
/// is sent after.
public final class SpawnedProcess: Sendable {
    public let pid: Int32

    private struct State {
        var end: ProcessEnd?
        var isWatched = false
        var waiters: [CheckedContinuation<ProcessEnd, Never>] = []
    }

    private let state = Mutex(State())

    init(pid: Int32) { self.pid = pid }

    /// How it ended, if it has and somebody waited for it.
    public var end: ProcessEnd? { state.withLock { $0.end } }

    /// Suspends until the process has ended. May be called often and by many. Cancellation does not end it: signal the
    /// process to end the wait.
    public func wait() async -> ProcessEnd {
        await withCheckedContinuation { continuation in
            let end = state.withLock { state in
                if state.end == nil { state.waiters.append(continuation) }
                return state.end
            }
            if let end { continuation.resume(returning: end) } else { reap() }
        }
    }

    /// Sees to it that the process does not stay a zombie, for callers that do not care how it ends.
    public func reap() {
        let mustStart = state.withLock { state in
            defer { state.isWatched = true }
            return !state.isWatched
        }
        // A thread that sleeps in the kernel: as cheap as a descriptor, and it works on kernels without pidfd.
        if mustStart { startThread { self.waitBlocking() } }
    }

    /// Blocks the calling thread until the process has ended.
    @discardableResult
    public func waitBlocking() -> ProcessEnd {
        var information = siginfo_t()
        // Only looks, so that the number stays taken until the lock is held.
        while waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        let (end, waiters) = state.withLock { state in
            let end = state.end ?? collect()
            state.end = end
            defer { state.waiters = [] }
            return (end, state.waiters)
        }
        for waiter in waiters { waiter.resume(returning: end) }
        return end
    }

    private func collect() -> ProcessEnd {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 {
            // Somebody else reaped it (a handler that ignores SIGCHLD): how it ended is lost.
            if errno != EINTR { return .exited(code: 255) }
        }
        return ProcessEnd(waitStatus: status)
    }

    /// Sends `signal` to the process; nothing when it has ended.
    public func signal(_ signal: Int32) {
        state.withLock { state in
            if state.end == nil { kill(pid, signal) }
        }
    }

    /// Sends `signal` to all of the group that the process leads.
    public func signalGroup(_ signal: Int32) {
        state.withLock { state in
            if state.end == nil { kill(-pid, signal) }
        }
    }
}

/// Runs `body` on a thread of its own with a small stack, outside of every pool.
public func startThread(_ body: @escaping @Sendable () -> Void) {
    final class Box {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    pthread_attr_setstacksize(&attributes, 256 << 10)
    var thread = pthread_t()
    let box = Unmanaged.passRetained(Box(body))
    let failed = pthread_create(
        &thread, &attributes,
        { raw in
            guard let raw else { return nil }
            Unmanaged<Box>.fromOpaque(raw).takeRetainedValue().body()
            return nil
        }, box.toOpaque())
    if failed != 0 { box.takeRetainedValue().body() }
}
