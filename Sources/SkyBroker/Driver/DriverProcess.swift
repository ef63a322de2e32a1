public import SkyCore
import SkyProcess

/// The process of its own in which runs go on when nobody watches: `sky driver RUN`, or `sky driver --all`.
public enum DriverProcess {
    /// What such a process has to drive.
    public enum Charge: Hashable, Sendable {
        case run(RunID)
        /// All that nobody else drives.
        case allRuns
    }

    /// Starts a driver in a session of its own, its output in the run's `driver.log` or in `fleet.log`. A second driver
    /// at the same run finds the lock taken and ends at once, so starting one too many does no harm.
    public static func start(
        _ charge: Charge, folder: StateFolder, executable: String, environment: [String: String]
    ) throws(JournalError) {
        let (arguments, path): ([String], String) =
            switch charge {
            case .run(let run): ([run.text], folder.driverLog(of: run))
            case .allRuns: (["--all"], folder.fleetLog)
            }
        do {
            if case .run(let run) = charge { try folder.makeFolders(of: run) }
            let log = ProcessSpawn.Stream.append(path: path)
            let spawn = ProcessSpawn(
                executable, ["driver"] + arguments, environment: environment, workingDirectory: folder.path,
                leadership: .session, standardOutput: log, standardError: log)
            _ = try spawn.startUnmanaged()
        } catch {
            throw JournalError("cannot start a driver for \(arguments[0]): \(error)")
        }
    }
}
