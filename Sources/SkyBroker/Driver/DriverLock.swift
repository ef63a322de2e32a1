import Glibc
public import SkyCore
import SkyProcess

/// Held by the one process that drives a run; the system lets go of it when that process dies, however it dies.
public struct DriverLock: ~Copyable {
    private let lock: FileLock

    /// Nil while another process drives the run. A moment's patience, because whoever only looks whether the lock is
    /// held holds it for that moment.
    public init?(run: RunID, folder: StateFolder) throws(JournalError) {
        do {
            try folder.makeFolders(of: run)
            var taken = try FileLock(folder.driverLock(of: run))
            for _ in 0..<10 where taken == nil {
                usleep(10_000)
                taken = try FileLock(folder.driverLock(of: run))
            }
            guard let taken else { return nil }
            lock = taken
        } catch {
            throw JournalError("cannot lock run \(run): \(error)")
        }
    }

    /// True when some process drives the run now.
    public static func isHeld(for run: RunID, folder: StateFolder) -> Bool {
        (try? FileLock.isHeld(folder.driverLock(of: run))) ?? false
    }
}
