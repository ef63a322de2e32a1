import Dispatch
import Synchronization

/// Runs blocking work on a thread outside Swift's cooperative pool, which has one thread per core and would stand
/// still. The work sees through its flag that the waiting task was cancelled, and should then throw `.cancelled`.
///
/// A serial queue per call, on purpose: Dispatch serves those from its overcommitting pool. A concurrent queue would
/// draw on the very threads that run Swift's tasks.
func offPool<Value: Sendable>(
    _ body: @escaping @Sendable (CancellationFlag) throws(StorageError) -> Value
) async throws(StorageError) -> Value {
    let flag = CancellationFlag()
    let result = await withTaskCancellationHandler {
        await withCheckedContinuation { (continuation: CheckedContinuation<Result<Value, StorageError>, Never>) in
            DispatchQueue(label: "sky.storage").async {
                continuation.resume(returning: Result { () throws(StorageError) in try body(flag) })
            }
        }
    } onCancel: {
        flag.cancel()
    }
    return try result.get()
}

/// Set once, when nobody waits for the work any more.
final class CancellationFlag: Sendable {
    private let isSet = Atomic(false)

    func cancel() { isSet.store(true, ordering: .relaxed) }

    func check() throws(StorageError) {
        if isSet.load(ordering: .relaxed) { throw .cancelled }
    }
}
