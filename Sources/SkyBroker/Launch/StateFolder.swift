public import SkyCore
import SkyProcess

/// Where a broker keeps what must outlive it, below `$XDG_STATE_HOME/sky`.
public struct StateFolder: Hashable, Sendable {
    public let path: String

    public init(path: String) { self.path = path }

    public var journal: String { "\(path)/journal.sqlite" }
    public var stores: String { "\(path)/stores" }
    public var nodes: String { "\(path)/nodes" }

    /// Held by the one process that drives all runs which have no driver of their own, while there is one.
    public var fleetLock: String { "\(path)/fleet.lock" }
    public var fleetLog: String { "\(path)/fleet.log" }

    private var runs: String { "\(path)/runs" }
    public func folder(of run: RunID) -> String { "\(runs)/\(run)" }
    public func driverLock(of run: RunID) -> String { "\(folder(of: run))/driver.lock" }
    /// Held while somebody watches the run who can be asked something.
    public func watchLock(of run: RunID) -> String { "\(folder(of: run))/watch.lock" }
    public func driverLog(of run: RunID) -> String { "\(folder(of: run))/driver.log" }
    /// What ties the run's clock to the machine's.
    public func clock(of run: RunID) -> String { "\(folder(of: run))/clock" }
    /// What the secrets of engines are made from.
    public func engineKey(of run: RunID) -> String { "\(folder(of: run))/engine.key" }
    public func logs(of run: RunID) -> String { "\(folder(of: run))/logs" }

    /// Makes the folders of a run.
    func makeFolders(of run: RunID) throws(SystemError) {
        try Files.makeSpreadingFolder(runs, mode: 0o700)
        try Files.makeFolder(logs(of: run), mode: 0o700)
    }

    /// What one rank of an attempt printed, as far as it has come here.
    public func log(of attempt: AttemptID, rank: Int) -> String {
        "\(logs(of: attempt.run))/\(attempt.stage).\(attempt.number).\(rank).log"
    }

    /// Beside a log, what tells its streams apart.
    public static func marks(ofLog path: String) -> String {
        (path.hasSuffix(".log") ? String(path.dropLast(4)) : path) + ".marks"
    }

    /// For files that are only passing through.
    public func scratch(of attempt: AttemptID) -> String { "\(folder(of: attempt.run))/scratch-\(attempt.token)" }
}
