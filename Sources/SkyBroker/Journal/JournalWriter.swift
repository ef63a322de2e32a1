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
        /// The last commit took so little time that waiting for it may hold up a thread of Swift's pool.
        var isQuick = false
        /// Who came last.
        var run: RunID?
    }

    /// What is written with.
    private struct Desk {
        let connection: DatabaseQueue
        var room: LogRoom
    }

    private let place: JournalPlace
    private let lock: JournalLock
    private let waiting = Mutex(Waiting())
    /// Locked while somebody writes; furnished at the first write, because most commands only read.
    private let desk = Mutex<Desk?>(nil)
    /// For waiting that may take long: that belongs on no thread of Swift's pool.
    private let thread = DispatchQueue(label: "sky.journal")
    /// What a thread of the pool may be held up for. Going to another and back takes longest where there is most to do.
    private static let quick = Duration.milliseconds(10)

    init(place: JournalPlace, lock: JournalLock) {
        self.place = place
        self.lock = lock
    }

    /// Returns once the work is on the disk, together with that of others who came at the same time.
    func write(for run: RunID, _ work: @escaping Work) async throws(JournalError) {
        let (isFirst, isAlone) = waiting.withLock { waiting in
            defer { waiting.run = run }
            guard waiting.isQuick, !waiting.isTurnComing else { return (false, false) }
            waiting.isTurnComing = true
            return (true, waiting.run == run)
        }
        if isFirst {
            // Where all threads are busy with other runs, those that are ready come first, to share the commit.
            if !isAlone { await Task.yield() }
            if let result = commitHere(work) { return try result.get() }
        }
        let result = await withCheckedContinuation { continuation in
            let begins = waiting.withLock { waiting in
                waiting.jobs.append(Job(work: work, continuation: continuation))
                defer { waiting.isTurnComing = true }
                return isFirst || !waiting.isTurnComing
            }
            if begins { thread.async { self.takeTurn() } }
        }
        try result.get()
    }

    /// The same on this thread, in a commit of its own.
    func writeNow<Value: Sendable>(_ work: (Database) throws -> Value) throws(JournalError) -> Value {
        do { return try desk.withLock { desk in try lock.hold { try write(work, at: &desk) } } } catch {
            throw place.failure(error, doing: "write")
        }
    }

    /// Runs `body` outside a transaction while no other process writes.
    func maintain(_ body: (Database) throws -> Void) throws(JournalError) {
        do { try desk.withLock { desk in try lock.hold { try furnished(&desk).connection.inDatabase(body) } } } catch {
            throw place.failure(error, doing: "write")
        }
    }

    /// One caller's work on its own thread, if nobody is in the way: nil, and nothing done, when somebody is.
    private func commitHere(_ work: Work) -> Result<Void, JournalError>? {
        guard waiting.withLock({ $0.jobs.isEmpty }) else { return nil }
        var result: Result<Void, JournalError>?
        let time = ContinuousClock().measure {
            do {
                let done: Void?? = try desk.withLockIfAvailable { desk in
                    try lock.holdIfFree { try write(work, at: &desk) }
                }
                if case .some(.some) = done { result = .success(()) }
            } catch { result = .failure(place.failure(error, doing: "write")) }
        }
        guard result != nil else { return nil }
        let others = waiting.withLock { waiting in
            waiting.isQuick = time < Self.quick
            waiting.isTurnComing = !waiting.jobs.isEmpty
            return waiting.isTurnComing
        }
        if others { thread.async { self.takeTurn() } }
        return result
    }

    private func takeTurn() {
        let jobs = waiting.withLock { waiting in
            let jobs = waiting.jobs
            waiting.jobs = []
            if jobs.isEmpty { waiting.isTurnComing = false }
            return jobs
        }
        guard !jobs.isEmpty else { return }
        var results: [Result<Void, JournalError>] = []
        let time = ContinuousClock().measure { results = commit(jobs) }
        waiting.withLock { $0.isQuick = time < Self.quick }
        for (job, result) in zip(jobs, results) { job.continuation.resume(returning: result) }
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

    private func write<Value>(_ work: (Database) throws -> Value, at desk: inout Desk?) throws -> Value {
        let value = try furnished(&desk).connection.inDatabase { try $0.writing(work) }
        desk?.room.grow()
        return value
    }

    private func furnished(_ desk: inout Desk?) throws -> Desk {
        if let desk { return desk }
        let new = Desk(connection: try place.connect(), room: LogRoom(path: place.log))
        desk = new
        return new
    }
}

extension Database {
    /// GRDB's `inTransaction(.immediate)`, with statements that are compiled once and not for each commit.
    fileprivate func writing<Value>(_ work: (Database) throws -> Value) throws -> Value {
        try cachedStatement(sql: "BEGIN IMMEDIATE").execute()
        do {
            let value = try work(self)
            try cachedStatement(sql: "COMMIT").execute()
            return value
        } catch {
            // Some failures have ended the transaction already.
            if isInsideTransaction { try? rollback() }
            throw error
        }
    }
}
