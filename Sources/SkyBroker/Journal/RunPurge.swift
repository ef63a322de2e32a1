import FoundationEssentials
import Glibc
public import SkyCore
import SkyProcess
import SkyProviders
import SkyStorage

/// Removes runs that have ended: their logs, their events, and the artifacts that nothing else names.
public struct RunPurge: Sendable {
    /// What is younger may belong to a launch that has not told the journal yet.
    public static let youth = TimeSpan.seconds(86_400)

    private let folder: StateFolder
    private let journal: Journal

    public init(folder: StateFolder, journal: Journal) {
        self.folder = folder
        self.journal = journal
    }

    /// What a run's logs and other files take up on this machine.
    public func size(of run: RunID) -> DataSize { DataSize(bytes: Self.size(of: folder.folder(of: run))) }

    /// Removes the runs, and gives back what they took up. One that has not ended, or whose driver is just leaving,
    /// stays.
    ///
    /// Killed at any point, the same call finishes the work: a run's files go before its events, and artifacts after
    /// both.
    ///
    /// - Parameters:
    ///   - withResults: their stages are no longer found by key, and their artifacts go unless other runs name them.
    /// - Returns: the runs that are gone, and what was freed beside the journal's own space.
    public func remove(
        _ runs: [RunID], withResults: Bool, at now: Instant
    ) async throws -> (runs: [RunID], logs: DataSize, artifacts: DataSize) {
        let unfinished = Set(try journal.unfinishedRuns())
        let leaving = runs.filter { !unfinished.contains($0) && !DriverLock.isHeld(for: $0, folder: folder) }
        var logs = DataSize.zero
        for run in leaving {
            logs = logs + size(of: run)
            let path = folder.folder(of: run)
            if Files.exists(path) { try FileManager.default.removeItem(atPath: path) }
            try GoneGroups.forget(run, stateDirectory: folder.path)
        }
        try journal.remove(leaving, withResults: withResults)
        let artifacts = try await removeUnnamedArtifacts(at: now)
        if !leaving.isEmpty { try journal.shrink() }
        return (leaving, logs, artifacts)
    }

    private func removeUnnamedArtifacts(at now: Instant) async throws -> DataSize {
        let named = try journal.namedArtifacts()
        var freed = DataSize.zero
        for provider in Files.names(in: folder.stores) {
            for region in Files.names(in: "\(folder.stores)/\(provider)") {
                let store = LocalArtifactStore(root: "\(folder.stores)/\(provider)/\(region)")
                freed =
                    freed
                    + (try await store.removeUnreferenced(
                        keeping: named, unusedSince: now + TimeSpan(milliseconds: -Self.youth.milliseconds)))
            }
        }
        return freed
    }

    private static func size(of path: String) -> Int64 {
        var status = stat()
        guard lstat(path, &status) == 0 else { return 0 }
        guard status.st_mode & S_IFMT == S_IFDIR else { return Int64(status.st_size) }
        return Files.names(in: path).map { size(of: "\(path)/\($0)") }.reduce(0, +)
    }
}
