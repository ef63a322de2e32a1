import SkyBroker
import SkyCore
import Synchronization

/// Now, as a run counts it, whatever has been done to the wall clock since it began. To be asked again and again: the run's
/// clock is looked for until there is one.
final class RunTime: Sendable {
    private let run: RunID
    private let folder: StateFolder
    private let wall: @Sendable () -> Instant
    private let clock = Mutex<RunClock?>(nil)

    init(of run: RunID, in folder: StateFolder, wall: @escaping @Sendable () -> Instant) {
        self.run = run
        self.folder = folder
        self.wall = wall
    }

    func now() -> Instant {
        let known = clock.withLock { clock in
            if clock == nil { clock = RunClock.look(at: run, in: folder) }
            return clock
        }
        return known?.now() ?? wall()
    }
}
