import SkyCore
import Synchronization

/// Parts of an object that are sent or fetched at once, unless somebody says otherwise.
public let usualTransferWidth = 4

/// Adds up what parts have brought, and tells it.
final class TransferMeter: Sendable {
    private let total: DataSize
    private let progress: @Sendable (TransferProgress) -> Void
    private let state = Mutex((moved: Int64(0), resumed: Int64(0)))

    init(total: Int64, progress: @escaping @Sendable (TransferProgress) -> Void) {
        self.total = DataSize(bytes: total)
        self.progress = progress
    }

    func add(moved: Int64 = 0, resumed: Int64 = 0) {
        let present = state.withLock { state in
            state.moved += moved
            state.resumed += resumed
            return state.moved + state.resumed
        }
        progress(TransferProgress(present: DataSize(bytes: present), total: total))
    }

    var moved: DataSize { DataSize(bytes: state.withLock { $0.moved }) }
    var resumed: DataSize { DataSize(bytes: state.withLock { $0.resumed }) }
}

/// Adds up transfers side by side.
final class TransferTotal: Sendable {
    private let total: DataSize
    private let progress: @Sendable (TransferProgress) -> Void
    private let present = Mutex(Int64(0))

    init(_ total: DataSize, _ progress: @escaping @Sendable (TransferProgress) -> Void) {
        self.total = total
        self.progress = progress
    }

    func one() -> One { One(self) }

    private func add(_ bytes: Int64) {
        let now = present.withLock { present in
            present += bytes
            return present
        }
        progress(TransferProgress(present: DataSize(bytes: now), total: total))
    }

    /// One of them.
    final class One: Sendable {
        private let all: TransferTotal
        private let seen = Mutex(Int64(0))

        init(_ all: TransferTotal) { self.all = all }

        func see(_ present: DataSize) {
            let more = seen.withLock { seen in
                defer { seen = max(seen, present.bytes) }
                return max(0, present.bytes - seen)
            }
            if more > 0 { all.add(more) }
        }
    }
}
