import FoundationEssentials
public import SkyCore
public import SkyProviders
import SkyProcess

/// A run whose journal was lost, as far as the providers' tags tell: what it holds, and no more. Nothing drives it: it can
/// be looked at, its nodes go on with what they do, and it can be given back.
public struct RebuiltRun: Hashable, Sendable, Codable {
    public let run: RunID
    /// When it was rebuilt.
    public let foundAt: Instant
    public var groups: [NodeGroup]
}

/// The runs that were rebuilt and not given back yet: a file for each, beside the journal, which must not make up a history
/// that it does not know.
public struct RebuiltRuns: Sendable {
    private let folder: String

    public init(_ folder: StateFolder) { self.folder = "\(folder.path)/rebuilt" }

    /// By name; files that cannot be read are left out.
    public func all() -> [RebuiltRun] {
        Files.names(in: folder).filter { $0.hasSuffix(".json") }.compactMap { name in
            guard let bytes = (try? Files.read("\(folder)/\(name)")) ?? nil else { return nil }
            return try? JSONDecoder().decode(RebuiltRun.self, from: Data(bytes))
        }
    }

    public func run(_ id: RunID) -> RebuiltRun? { all().first { $0.run == id } }

    /// Makes a run of everything in the survey whose run the journal does not know. What was rebuilt before is brought up
    /// to date; doing it twice is doing it once.
    ///
    /// - Returns: what is there now.
    public func rebuild(
        from survey: Survey, journal: Journal, at now: Instant
    ) throws(JournalError) -> [RebuiltRun] {
        let known = Set(try journal.runs())
        let found = Dictionary(grouping: survey.groups.filter { !known.contains($0.run) }, by: \.run)
        for (id, groups) in found { try save(RebuiltRun(run: id, foundAt: run(id)?.foundAt ?? now, groups: groups)) }
        // Of a provider that did not answer, what was known before stays.
        let silent = Set(survey.failures.map(\.provider))
        for old in all() where found[old.run] == nil {
            let left = old.groups.filter { silent.contains($0.provider) }
            if left.isEmpty {
                try forget(old.run)
            } else {
                try save(RebuiltRun(run: old.run, foundAt: old.foundAt, groups: left))
            }
        }
        return all()
    }

    /// To be called when the providers hold nothing of it any more.
    public func forget(_ run: RunID) throws(JournalError) {
        do { try FileManager.default.removeItem(atPath: path(run)) } catch {
            guard Files.exists(path(run)) else { return }
            throw JournalError("cannot forget \(run): \(error)")
        }
    }

    private func save(_ run: RebuiltRun) throws(JournalError) {
        do {
            try Files.makeFolder(folder, mode: 0o700)
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
            try Files.replace(path(run.run), with: try encoder.encode(run), durability: .machine)
        } catch { throw JournalError("cannot write down \(run.run): \(error)") }
    }

    private func path(_ run: RunID) -> String { "\(folder)/\(run).json" }
}
