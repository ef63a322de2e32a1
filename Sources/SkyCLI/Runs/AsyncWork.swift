import Dispatch
import SkyCore
import Synchronization

/// Runs asynchronous work for a synchronous command, which starts the machinery of tasks only here.
enum AsyncWork {
    /// Ctrl-C, or the end of the terminal, while the work was going on.
    struct Interrupted: Error {}

    private final class Outcome<Value: Sendable>: Sendable {
        private let result = Mutex<Result<Value, any Error>?>(nil)
        private let done = DispatchSemaphore(value: 0)

        func settle(_ outcome: Result<Value, any Error>) {
            result.withLock { $0 = outcome }
            done.signal()
        }

        /// Nil when it is not settled within `limit`; without one it waits.
        func wait(atMost limit: TimeSpan?) -> Result<Value, any Error>? {
            let deadline = limit.map { DispatchTime.now() + .milliseconds(Int(clamping: $0.milliseconds)) }
            return done.wait(timeout: deadline ?? .distantFuture) == .success ? result.withLock { $0 } : nil
        }
    }

    private static func begin<Value: Sendable>(
        _ work: @escaping @Sendable () async throws -> Value
    ) -> (task: Task<Void, Never>, outcome: Outcome<Value>) {
        let outcome = Outcome<Value>()
        let task = Task.detached {
            do { outcome.settle(.success(try await work())) } catch { outcome.settle(.failure(error)) }
        }
        return (task, outcome)
    }

    /// Waits on this thread until `work` is done. Signals do what they do anyway.
    static func run<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) throws -> Value {
        let (_, outcome) = begin(work)
        while true {
            if let result = outcome.wait(atMost: nil) { return try result.get() }
        }
    }

    /// Waits on this thread until `work` is done, at most `limit`; nil when it was not. It is cancelled then, and not waited for.
    ///
    /// Threads that it begins leave signals to whoever holds them back later, and one that ends this process ends the wait.
    static func run<Value: Sendable>(
        within limit: TimeSpan, _ work: @escaping @Sendable () async throws -> Value
    ) throws -> Value? {
        try BlockedSignals.heldBack { isAnyWaiting in
            let (task, outcome) = begin(work)
            let end = ContinuousClock.now + .milliseconds(limit.milliseconds)
            while ContinuousClock.now < end, !isAnyWaiting() {
                if let result = outcome.wait(atMost: TimeSpan(milliseconds: 20)) { return try result.get() }
            }
            task.cancel()
            return nil
        }
    }

    /// Waits on this thread until `work` is done.
    ///
    /// - Throws: what `work` throws, or `Interrupted`; the work is cancelled then, and not waited for.
    static func run<Value: Sendable>(
        interruptions: any InterruptionSource, _ work: @escaping @Sendable () async throws -> Value
    ) throws -> Value {
        let (task, outcome) = begin(work)
        while true {
            if let result = outcome.wait(atMost: TimeSpan(milliseconds: 20)) { return try result.get() }
            switch interruptions.next(within: .zero) {
            case .interrupt, .terminate:
                task.cancel()
                throw Interrupted()
            case .suspend: interruptions.suspend()
            case .resize, nil: break
            }
        }
    }
}
