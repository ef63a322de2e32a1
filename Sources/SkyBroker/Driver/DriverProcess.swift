public import SkyCore
import SkyProcess

/// The process of its own in which a run goes on when nobody watches: `sky driver RUN`.
public enum DriverProcess {
    /// Starts a driver for the run in a session of its own, its output in the run's `driver.log`. A second driver at
    /// the same run finds the lock taken and ends at once, so starting one too many does no harm.
    public static func start(
        run: RunID, folder: StateFolder, executable: String, environment: [String: String]
    ) throws(JournalError) {
        do {
            try Files.makeFolder(folder.logs(of: run), mode: 0o700)
            let log = ProcessSpawn.Stream.append(path: folder.driverLog(of: run))
            let spawn = ProcessSpawn(
                executable, ["driver", run.text], environment: environment, workingDirectory: folder.path,
                leadership: .session, standardOutput: log, standardError: log)
            _ = try spawn.startUnmanaged()
        } catch {
            throw JournalError("cannot start a driver for run \(run): \(error)")
        }
    }
}
