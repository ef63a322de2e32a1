import SkyCore
import Synchronization

/// Parts of an object that are sent or fetched at once, unless somebody says otherwise.
public let s3UsualWidth = 4

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
