import SkyBroker
import SkyCatalog
import SkyCore
import SkyPlacement
import SkyProviders

/// The runs of this user.
struct RunAccess {
    let broker: Broker
    /// Those whose journal was lost.
    let rebuilt: RebuiltRuns
    private let context: CommandContext

    /// - Parameters:
    ///   - secrets: variables that drivers started from here get to know beside this process's own.
    ///   - replacingLost: begins a new journal where the old one is gone.
    init(
        _ context: CommandContext, secrets: [String: String] = [:], replacingLost: Bool = false
    ) throws {
        self.context = context
        let paths = try context.paths()
        try paths.create()
        let folder = StateFolder(path: paths.state)
        rebuilt = RebuiltRuns(folder)
        let environment = context.environment.merging(secrets) { _, secret in secret }
        let executable = context.executable
        broker = try Broker(folder: folder, replacingLost: replacingLost) { (charge, secrets) throws(JournalError) in
            try DriverProcess.start(
                charge, folder: folder, executable: executable, environment: environment, secrets: secrets)
        }
    }

    /// The run that `name` means: its id, or the beginning of just one.
    ///
    /// - Throws: `CommandFailure` that lists what there is.
    func find(_ name: String) throws -> RunID {
        let all = try broker.journal.runs() + rebuilt.all().map(\.run)
        if let exact = all.first(where: { $0.text == name }) { return exact }
        let matching = all.filter { $0.text.hasPrefix(name) }
        if matching.count == 1, let only = matching.first, !name.isEmpty { return only }
        guard matching.isEmpty || name.isEmpty else {
            let names = matching.prefix(5).map(\.text).joined(separator: ", ")
            throw CommandFailure(
                .wrongRequest, "'\(name)' is the beginning of \(matching.count) runs", details: [names],
                hints: ["sky status"])
        }
        let nearest = nearestName(to: name, among: all.map(\.text))
        throw CommandFailure(
            .wrongRequest, "no run '\(name)'",
            hints: [nearest.map { "did you mean '\($0)'?" }, all.isEmpty ? nil : "sky status"].compactMap { $0 })
    }

    /// For looking again and again.
    ///
    /// - Throws: `CommandFailure` for a run that the journal does not know.
    func look(at run: RunID) throws -> RunLook {
        let standIns = try broker.journal.state(of: run).map(standIns) ?? []
        return try RunLook(run, broker: broker, standIns: standIns)
    }

    /// The clock that a run counts by.
    func time(of run: RunID) -> RunTime { RunTime(of: run, in: broker.folder, wall: context.now) }

    /// - Throws: `CommandFailure` for a run that the journal does not know.
    func row(of run: RunID) throws -> RunRow {
        if let found = rebuilt.run(run) { return RunRow(found) }
        var look = try look(at: run)
        return try look.row(at: time(of: run).now())
    }

    /// All runs, latest first. Who stands in for whom is not looked up.
    ///
    /// - Parameter withStages: each with its stages, which is more to read.
    func rows(withStages: Bool) throws -> [RunRow] {
        let now = context.now()
        let known: [RunRow] = try broker.journal.list(withStages: withStages).compactMap { listed in
            if let summary = listed.summary, !withStages || summary.endedStages != nil {
                return RunRow(listed.run, summary, at: now)
            }
            return try broker.journal.state(of: listed.run).map { RunRow($0, at: now, standIns: []) }
        }
        return known + rebuilt.all().map { RunRow($0) }
    }

    /// The run's providers that local processes stand in for. An installation whose catalog is gone can still show
    /// its runs: then nobody is known to stand in.
    private func standIns(of state: RunState) -> Set<String> {
        let access = CatalogAccess(context)
        let providers = Set(state.stages.map(\.planned.offer.provider))
        guard let catalog = try? access.load(only: providers),
            let adapters = try? access.adapters(for: catalog.providers)
        else { return [] }
        return Set(adapters.availability.filter { $0.status == .standIn }.map(\.provider))
    }

    func logSources(of run: RunID, stage: String? = nil, attempt: Int? = nil) -> [LogSource] {
        broker.logs(of: run, stage: stage).filter { attempt == nil || $0.attempt == attempt }
            .map { LogSource(stage: $0.stage, attempt: $0.attempt, rank: $0.rank, path: $0.path) }
            .sorted { ($0.stage, $0.attempt, $0.rank) < ($1.stage, $1.attempt, $1.rank) }
    }

    /// The end of what a stage's last try printed; of several nodes, on the one that failed first.
    func lastWords(of run: String, stage: String) -> [String] {
        guard let run = RunID(run) else { return [] }
        let logs = logSources(of: run, stage: stage)
        let state = try? broker.journal.state(of: run)
        let rank = state?.stage(named: stage)?.attempts.last?.failedRank ?? 0
        let last = logs.last { $0.attempt == logs.last?.attempt && $0.rank == rank }
        return (last ?? logs.last).map { lastLines(of: $0.path) } ?? []
    }

    /// At most ten.
    func lastLines(of path: String) -> [String] {
        var file = GrowingFile(path: path)
        return file.newLines(isLast: true).suffix(10).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Sees to it that every unfinished run has a driver, and says which had none. One that cannot be picked up is no
    /// reason not to show the others.
    func pickUpAbandoned() throws {
        let err = context.console.err
        for (run, failure) in try broker.pickUpAbandoned() {
            if let failure {
                try err.line("\("warning:", .yellow, bold: true) cannot pick up \(run): \(failure)")
                continue
            }
            try err.line("\("picked up", .yellow) \(run), whose broker had died")
        }
    }
}
