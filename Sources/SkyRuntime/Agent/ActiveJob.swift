/// A request that is answered later.
struct Asker: Equatable {
    var connection: Int
    var request: UInt64
}

/// A job that has not ended, or has and is being cleaned up after, with those who want to know.
final class ActiveJob {
    enum Keeper {
        /// Its supervisor is this agent's child.
        case child(pid: Int32)
        /// Its supervisor was started by an agent before this one.
        case adopted(lifeline: Int32)
        /// It waits in the node's queue, and has none yet.
        case queued
        /// Its supervisor is dead, and what it left is being killed.
        case nobody
    }

    struct LogReader {
        var asker: Asker
        var offset: Int64
    }

    let id: String
    let folder: JobFolder
    var keeper: Keeper
    /// Somebody has asked for its end: it must not begin any more.
    var isToEnd = false
    /// To be told how it ended.
    var waiters: [Asker] = []
    /// To be told that nothing is left.
    var killers: [Asker] = []
    /// To be given the log as it grows.
    var logReaders: [LogReader] = []

    init(id: String, folder: JobFolder, keeper: Keeper) {
        self.id = id
        self.folder = folder
        self.keeper = keeper
    }

    var isQueued: Bool { if case .queued = keeper { true } else { false } }

    /// Forgets requests that nobody waits for any more.
    func forget(where isForgotten: (Asker) -> Bool) {
        waiters.removeAll(where: isForgotten)
        killers.removeAll(where: isForgotten)
        logReaders.removeAll { isForgotten($0.asker) }
    }
}
