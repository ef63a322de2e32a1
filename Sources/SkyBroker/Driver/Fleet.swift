import SkyCore
import SkyProcess

/// Drives many runs in one process: every unfinished one that nobody else drives, and those that are launched while it
/// is there. One fleet for each state folder; the others' drivers and the fleet keep out of each other's way by the
/// runs' own locks.
public actor Fleet {
    /// How a call of `drive` ended.
    public enum Ending: Hashable, Sendable {
        case nothingLeft
        /// Another process is the folder's fleet.
        case anotherIsThere
    }

    private static let pause = TimeSpan(milliseconds: 100)
    /// Looks for newcomers between two looks at all that is unfinished.
    private static let looksPerSweep = 50

    private let world: DriverWorld
    private let processID: Int32
    private let desk: RequestDesk
    private var driven: Set<RunID> = []
    /// The last run in the journal's order that has been looked at.
    private var last: Int64 = 0
    /// Runs that were found without a driver and left alone, and how often: somebody who has their secrets may be about
    /// to drive them.
    private var spared: [RunID: Int] = [:]

    public init(world: DriverWorld, processID: Int32) {
        self.world = world
        self.processID = processID
        desk = RequestDesk(world.journal)
    }

    /// True while some process is the folder's fleet.
    public static func isThere(_ folder: StateFolder) -> Bool {
        (try? FileLock.isHeld(folder.fleetLock)) ?? false
    }

    /// - Parameter stays: waits for runs when there are none, until its task is cancelled. Otherwise it returns when
    ///   the last of its runs has ended.
    /// - Throws: `JournalError` when the journal cannot be read.
    public func drive(staying stays: Bool = false) async throws(JournalError) -> Ending {
        let desk = desk
        let service = Task { await desk.serve() }
        defer { service.cancel() }
        while true {
            guard let lock = try lock() else { return .anotherIsThere }
            try await watch(staying: stays)
            _ = consume lock
            // Whoever launched while the lock was still held has left the run to this process.
            guard !Task.isCancelled, try newcomers().contains(where: isWithoutDriver) else { return .nothingLeft }
        }
    }

    private func lock() throws(JournalError) -> FileLock? {
        do { return try FileLock(world.folder.fleetLock) } catch {
            throw JournalError("cannot lock the fleet: \(error)")
        }
    }

    private func watch(staying stays: Bool) async throws(JournalError) {
        var looks = 0
        last = 0
        while !Task.isCancelled {
            if looks.isMultiple(of: Self.looksPerSweep) { last = 0 }
            looks += 1
            for run in try newcomers() { take(run) }
            if driven.isEmpty, !stays, looks > 1 { return }
            try? await Task.sleep(for: .milliseconds(Self.pause.milliseconds))
        }
    }

    private func newcomers() throws(JournalError) -> [RunID] {
        let found = try world.journal.runsToDrive(after: last)
        last = found.last?.number ?? last
        return found.map(\.run).filter { !driven.contains($0) }
    }

    private func isWithoutDriver(_ run: RunID) -> Bool { !DriverLock.isHeld(for: run, folder: world.folder) }

    private func take(_ run: RunID) {
        guard isWithoutDriver(run) else { return spared[run] = nil }
        driven.insert(run)
        let isSparedTwice = spared[run, default: 0] > 1
        Task.detached {
            let isSpared = await self.carry(run, evenWithoutSecrets: isSparedTwice)
            await self.let(go: run, isSpared: isSpared)
        }
    }

    /// True when the run was left for somebody who knows its secrets.
    private nonisolated func carry(_ run: RunID, evenWithoutSecrets: Bool) async -> Bool {
        do throws(JournalError) {
            guard let lock = try DriverLock(run: run, folder: world.folder) else { return false }
            let driver = try RunDriver(run: run, world: world)
            if !evenWithoutSecrets, await !driver.hasSecrets { return true }
            _ = try await driver.drive(processID: processID, desk: desk)
            _ = consume lock
        } catch {
            world.log("run \(run) is not driven any more: \(error)")
        }
        return false
    }

    private func `let`(go run: RunID, isSpared: Bool) {
        driven.remove(run)
        spared[run] = isSpared ? spared[run, default: 0] + 1 : nil
    }
}
