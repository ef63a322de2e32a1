import Glibc
public import SkyCore
import SkyProcess

/// What commands ask of runs: look at them, ask them to stop, and see that each unfinished one has a driver.
public struct Broker: Sendable {
    public let folder: StateFolder
    public let journal: Journal
    /// Starts a driver process for a run, or one for all runs, that is to know the values of these secrets. One too many does
    /// no harm.
    public typealias StartDriver = @Sendable (DriverProcess.Charge, Set<String>) throws(JournalError) -> Void

    private let startDriver: StartDriver
    /// So many abandoned runs are picked up by one process for each; more of them share one.
    private static let mostDrivers = 8

    /// Makes the state folder if it is missing.
    ///
    /// - Parameter replacingLost: begins a new journal even where runs say that there was one before.
    public init(
        folder: StateFolder, replacingLost: Bool = false,
        startDriver: @escaping StartDriver
    ) throws(JournalError) {
        do { try Files.makeFolder(folder.path, mode: 0o700) } catch {
            throw JournalError("cannot make the state folder: \(error)")
        }
        self.folder = folder
        self.startDriver = startDriver
        journal = try Journal(path: folder.journal, replacingLost: replacingLost)
    }

    /// Asks the run to stop, and sees to it that somebody is there to hear it.
    public func stop(_ run: RunID, _ reason: StopReason) throws(JournalError) {
        try journal.request(reason, of: run)
        _ = try ensureDriven(run)
    }

    /// Asks the run to stand still until it is started again, and sees to it that somebody is there to hear it.
    public func halt(_ run: RunID) throws(JournalError) {
        try journal.requestHalt(of: run)
        _ = try ensureDriven(run)
    }

    /// Asks a run that stands still to go on, and sees to it that somebody is there to hear it.
    ///
    /// - Returns: false when nobody has asked it to stand still.
    public func start(_ run: RunID) throws(JournalError) -> Bool {
        guard try journal.requestStart(of: run) else { return false }
        // The driver that has brought it to rest may just be leaving.
        for _ in 0..<100 {
            guard try !ensureDriven(run), DriverLock.isHeld(for: run, folder: folder),
                try journal.state(of: run)?.status == .stopped
            else { break }
            usleep(20_000)
        }
        return true
    }

    /// Answers what the run asks, and sees to it that somebody is there to hear it.
    public func answer(_ question: Question, isYes: Bool, of run: RunID) throws(JournalError) {
        try journal.request(.answer(question: question.id, isApproved: isYes), of: run)
        _ = try ensureDriven(run)
    }

    /// Sees to it that a run that has not ended has a driver: the fleet, if there is one, or else a process of its own,
    /// which is started. True when one was started.
    ///
    /// - Parameter knowingSecrets: the run's secrets are known here and perhaps nowhere else, so that the fleet is none
    ///   for it.
    public func ensureDriven(_ run: RunID, knowingSecrets: Bool = false) throws(JournalError) -> Bool {
        guard try journal.isUnfinished(run), !DriverLock.isHeld(for: run, folder: folder),
            try !journal.isAtRest(run), knowingSecrets || !Fleet.isThere(folder)
        else { return false }
        try startDriver(.run(run), try journal.secretNames(of: [run]))
        return true
    }

    /// Waits, for a second at most, until the last driver of a run that has ended is gone too: whoever was told that
    /// nothing is left should find nothing.
    public func waitForDriverToLeave(_ run: RunID) throws(JournalError) {
        guard let last = try journal.lastDriver(of: run) else { return }
        for _ in 0..<500 {
            guard ProcessTable.isAlive(last) else { return }
            usleep(2000)
        }
    }

    /// Picks up every run whose driver died. One that cannot be picked up does not hold up the others.
    ///
    /// - Returns: the runs, each with what was in the way, if something was.
    public func pickUpAbandoned() throws(JournalError) -> [(run: RunID, failure: JournalError?)] {
        guard !Fleet.isThere(folder) else { return [] }
        let abandoned = try journal.runsToDrive().filter { !DriverLock.isHeld(for: $0, folder: folder) }
        guard abandoned.count <= Self.mostDrivers else {
            try startDriver(.allRuns, try journal.secretNames(of: abandoned))
            return abandoned.map { ($0, nil) }
        }
        return abandoned.map { run in
            do throws(JournalError) {
                try startDriver(.run(run), try journal.secretNames(of: [run]))
                return (run, nil)
            } catch { return (run, error) }
        }
    }

    /// The logs of a run's stages that are on this machine: stage, attempt number, rank and path, in that order.
    public func logs(of run: RunID, stage: String? = nil) -> [StageLog] {
        Files.names(in: folder.logs(of: run)).compactMap { name in
            let parts = name.split(separator: ".")
            guard parts.count == 4, parts[3] == "log", let attempt = Int(parts[1]), let rank = Int(parts[2]),
                stage == nil || String(parts[0]) == stage
            else { return nil }
            return StageLog(
                stage: String(parts[0]), attempt: attempt, rank: rank, path: "\(folder.logs(of: run))/\(name)")
        }
    }
}

/// What one rank of one attempt printed.
public struct StageLog: Hashable, Sendable {
    public let stage: String
    public let attempt: Int
    public let rank: Int
    public let path: String
}
