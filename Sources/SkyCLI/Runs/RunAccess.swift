import SkyBroker
import SkyCatalog
import SkyCore
import SkyProviders

/// The runs of this user.
struct RunAccess {
    let broker: Broker
    private let context: CommandContext

    /// - Parameter secrets: variables that drivers started from here get beside this process's own.
    init(_ context: CommandContext, secrets: [String: String] = [:]) throws {
        self.context = context
        let paths = try context.paths()
        try paths.create()
        let folder = StateFolder(path: paths.state)
        let environment = context.environment.merging(secrets) { _, secret in secret }
        let executable = context.executable
        broker = try Broker(folder: folder) { (run) throws(JournalError) in
            try DriverProcess.start(run: run, folder: folder, executable: executable, environment: environment)
        }
    }

    /// The run that `name` means: its id, or the beginning of just one.
    ///
    /// - Throws: `CommandFailure` that lists what there is.
    func find(_ name: String) throws -> RunID {
        let all = try broker.journal.runs()
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

    /// - Throws: `CommandFailure` for a run that the journal does not know.
    func row(of run: RunID, standIns: Set<String>) throws -> RunRow {
        guard let view = try broker.view(of: run, at: context.now()) else {
            throw CommandFailure(.wrongRequest, "no run '\(run)'", hints: ["sky status"])
        }
        return RunRow(view, standIns: standIns)
    }

    /// All runs, latest first.
    func rows(standIns: Set<String>) throws -> [RunRow] {
        try broker.views(at: context.now()).map { RunRow($0, standIns: standIns) }
    }

    /// Providers that local processes stand in for. An installation whose catalog is gone can still show its runs.
    func standIns() -> Set<String> {
        let access = CatalogAccess(context)
        guard let profiles = try? access.profiles(), let adapters = try? access.adapters(for: profiles) else { return [] }
        return Set(adapters.availability.filter { $0.status == .standIn }.map(\.provider))
    }

    /// Sees to it that every unfinished run has a driver, and says which had none.
    func pickUpAbandoned() throws {
        for run in try broker.pickUpAbandoned() {
            try context.console.err.line("\("picked up", .yellow) \(run), whose broker had died")
        }
    }
}
