public import SkyCore
import SkyProcess

/// Held by the one process that drives a run; the system lets go of it when that process dies, however it dies.
public struct DriverLock: ~Copyable {
    private let lock: FileLock

    /// Nil while another process drives the run.
    public init?(run: RunID, folder: StateFolder) throws(JournalError) {
        do {
            try Files.makeFolder(folder.logs(of: run), mode: 0o700)
            guard let lock = try FileLock(folder.driverLock(of: run)) else { return nil }
            self.lock = lock
        } catch {
            throw JournalError("cannot lock run \(run): \(error)")
        }
    }

    /// True when some process drives the run now.
    public static func isHeld(for run: RunID, folder: StateFolder) -> Bool {
        (try? FileLock.isHeld(folder.driverLock(of: run))) ?? false
    }
}
