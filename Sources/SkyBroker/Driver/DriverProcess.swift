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

    /// Of `sky driver`: more variables come on standard input, as `HandedVariables` has them.
    public static let variablesOnInput = "--variables-on-input"

    /// Starts a driver in a session of its own, its output in the run's `driver.log` or in `fleet.log`. A second driver
    /// at the same run finds the lock taken and ends at once, so starting one too many does no harm.
    ///
    /// - Parameter secrets: names of variables that it is to know, but that must not be seen among its variables, nor those of
    ///   any process that it starts: they go through a pipe.
    public static func start(
        _ charge: Charge, folder: StateFolder, executable: String, environment: [String: String],
        secrets: Set<String> = []
    ) throws(JournalError) {
        let (arguments, path): ([String], String) =
            switch charge {
            case .run(let run): ([run.text], folder.driverLog(of: run))
            case .allRuns: (["--all"], folder.fleetLog)
            }
        let handed = environment.filter { secrets.contains($0.key) }
        do {
            if case .run(let run) = charge { try folder.makeFolders(of: run) }
            let log = ProcessSpawn.Stream.append(path: path)
            var spawn = ProcessSpawn(
                executable, ["driver"] + arguments, environment: environment.filter { !secrets.contains($0.key) },
                workingDirectory: folder.path, leadership: .session, standardOutput: log, standardError: log)
            guard !handed.isEmpty else {
                _ = try spawn.startUnmanaged()
                return
            }
            spawn.arguments.append(variablesOnInput)
            try HandedVariables.write(handed) { (input) throws(SystemError) in
                spawn.standardInput = .descriptor(input)
                _ = try spawn.startUnmanaged()
            }
        } catch {
            throw JournalError("cannot start a driver for \(arguments[0]): \(error)")
        }
    }
}
