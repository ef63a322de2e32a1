import SkyCore
import Synchronization

/// Runs asynchronous work for a synchronous command, which starts the machinery of tasks only here.
enum AsyncWork {
    /// Ctrl-C, or the end of the terminal, while the work was going on.
    struct Interrupted: Error {}

    private final class Box<Value: Sendable>: Sendable {
        let result = Mutex<Result<Value, any Error>?>(nil)
    }

    /// Waits on this thread until `work` is done.
    ///
    /// - Throws: what `work` throws, or `Interrupted`; the work is cancelled then, and not waited for.
    static func run<Value: Sendable>(
        interruptions: any InterruptionSource, _ work: @escaping @Sendable () async throws -> Value
    ) throws -> Value {
        let box = Box<Value>()
        let task = Task.detached {
            let result: Result<Value, any Error>
            do { result = .success(try await work()) } catch { result = .failure(error) }
            box.result.withLock { $0 = result }
        }
        while true {
            if let result = box.result.withLock({ $0 }) { return try result.get() }
            switch interruptions.next(within: TimeSpan(milliseconds: 2)) {
            case .interrupt, .terminate:
                task.cancel()
                throw Interrupted()
            case .suspend: interruptions.suspend()
            case .resize, nil: break
            }
        }
    }
}
