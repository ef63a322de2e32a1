import Glibc
public import SkyCore
import SkyProcess

/// The time that a run's events carry and its waits are measured by: the wall clock's when the run was first driven, and
/// from then on what the kernel's boot clock adds. It does not jump when somebody sets the time, and it counts while the
/// machine sleeps, as renting does.
///
/// What ties the two clocks together is in the run's folder, so that the next driver, and whoever looks on, counts on. After
/// a restart of the machine the wall clock has the word again; should it be behind the journal, the journal has.
public struct RunClock: Sendable {
    /// Wall clock less boot clock, in milliseconds.
    private let offset: Int64
    private let sinceBoot: @Sendable () -> Int64

    init(wallAt wall: Instant, sinceBoot: @escaping @Sendable () -> Int64 = Self.bootMilliseconds) {
        offset = wall.millisecondsSince1970 - sinceBoot()
        self.sinceBoot = sinceBoot
    }

    public func now() -> Instant { Instant(millisecondsSince1970: offset + sinceBoot()) }

    /// For whoever drives the run: goes on with the clock of the driver before it, or begins a new one. Only for the
    /// holder of the run's `DriverLock`.
    ///
    /// - Parameters:
    ///   - wall: the wall clock now.
    ///   - last: the moment of the run's latest event.
    static func drive(_ run: RunID, in folder: StateFolder, wall: Instant, last: Instant?) -> RunClock {
        if let known = look(at: run, in: folder) { return known }
        let clock = RunClock(wallAt: max(wall, last ?? wall))
        // A disk that takes no note of it is no reason not to drive: the next driver begins a clock of its own.
        try? Files.replace(
            folder.clock(of: run), with: "\(ProcessIdentity.currentBoot) \(clock.offset)\n".utf8,
            durability: .processes)
        return clock
    }

    /// For whoever only looks: nil for a run that was not driven since the machine was started.
    public static func look(at run: RunID, in folder: StateFolder) -> RunClock? {
        guard let bytes = (try? Files.read(folder.clock(of: run))) ?? nil else { return nil }
        let parts = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        guard parts.count == 2, parts[0] == ProcessIdentity.currentBoot, let offset = Int64(parts[1]) else {
            return nil
        }
        return RunClock(offset: offset)
    }

    private init(offset: Int64) {
        self.offset = offset
        sinceBoot = Self.bootMilliseconds
    }

    private static let bootMilliseconds: @Sendable () -> Int64 = {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
