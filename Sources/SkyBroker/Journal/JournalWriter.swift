import Dispatch
import GRDB
import SkyCore
import SkyProcess
import Synchronization

/// The one connection through which a process writes. Callers that come while a commit is under way share the next
/// one, and its one flush to the disk.
final class JournalWriter: Sendable {
    /// What one caller writes. One that throws `.overtaken` has written nothing.
    typealias Work = @Sendable (Database) throws -> Void

    private struct Job {
        let work: Work
        let continuation: CheckedContinuation<Result<Void, JournalError>, Never>
    }

    private struct Waiting {
        var jobs: [Job] = []
        /// A turn is under way or about to begin.
        var isTurnComing = false
    }

    private let place: JournalPlace
    private let lock: JournalLock
    private let waiting = Mutex(Waiting())
    /// Opened at the first write: most commands only read.
    private let connection = Mutex<DatabaseQueue?>(nil)
    /// Blocking work belongs on no thread of Swift's pool.
    private let thread = DispatchQueue(label: "sky.journal")

    init(place: JournalPlace, lock: JournalLock) {
        self.place = place
        self.lock = lock
    }

    /// Returns once the work is on the disk, together with that of others who came at the same time.
    func write(_ work: @escaping Work) async throws(JournalError) {
        let result = await withCheckedContinuation { continuation in
            let begins = waiting.withLock { waiting in
                waiting.jobs.append(Job(work: work, continuation: continuation))
                defer { waiting.isTurnComing = true }
                return !waiting.isTurnComing
            }
            if begins { thread.async { self.takeTurn() } }
        }
        try result.get()
    }

    /// The same on this thread, in a commit of its own.
    func writeNow<Value>(_ work: (Database) throws -> Value) throws(JournalError) -> Value {
        do {
            return try database().inDatabase { db in
                try lock.hold {
                    var value: Value?
                    try db.inTransaction(.immediate) {
                        value = try work(db)
                        return .commit
                    }
                    guard let value else { throw JournalError("a transaction ended without a result") }
                    return value
                }
            }
        } catch { throw place.failure(error, doing: "write") }
    }

    /// Runs `body` outside a transaction while no other process writes.
    func maintain(_ body: (Database) throws -> Void) throws(JournalError) {
        do { try database().inDatabase { db in try lock.hold { try body(db) } } } catch {
            throw place.failure(error, doing: "write")
        }
    }

    private func takeTurn() {
        let jobs = waiting.withLock { waiting in
            let jobs = waiting.jobs
            waiting.jobs = []
            if jobs.isEmpty { waiting.isTurnComing = false }
            return jobs
        }
        guard !jobs.isEmpty else { return }
        for (job, result) in zip(jobs, commit(jobs)) { job.continuation.resume(returning: result) }
        guard jobs.count > 1 else { return thread.async { self.takeTurn() } }
        // Those that have just been answered come back with more. Their tasks are in the pool's queue now; going round
        // through the same queue lets them speak first, without waiting for anything.
        Task.detached { self.thread.async { self.takeTurn() } }
    }

    /// All in one transaction. When that fails through somebody's fault, each gets one of its own.
    private func commit(_ jobs: [Job]) -> [Result<Void, JournalError>] {
        do throws(JournalError) {
            return try writeNow { db in try jobs.map { try Self.perform($0.work, in: db) } }
        } catch {
            let isEveryones = jobs.count == 1 || [.full, .busy, .notWritable, .damaged].contains(error.kind)
            guard !isEveryones else { return jobs.map { _ in .failure(error) } }
            return jobs.map { job in Result { () throws(JournalError) in try writeNow(job.work) } }
        }
    }

    private static func perform(_ work: Work, in db: Database) throws -> Result<Void, JournalError> {
        do { return .success(try work(db)) } catch let error as JournalError where error.kind == .overtaken {
            return .failure(error)
        }
    }

    private func database() throws -> DatabaseQueue {
        try connection.withLock { open in
            if let open { return open }
            let queue = try place.connect()
            open = queue
            return queue
        }
    }
}
