import SkyCore
import SkyPlacement

/// Jobs, each to be run under each policy on each trace.
struct Simulation: Sendable {
    /// How the row of the optimum is called.
    static let optimum = "offline-optimum"

    let jobs: [DeadlineJob]
    let policies: [any DeadlinePolicy]
    let starts: Int
    let withOptimum: Bool

    var longestDeadline: TimeSpan { jobs.map(\.deadline).max() ?? .zero }

    /// The names of a job's rows, in order.
    var columns: [String] { policies.map(\.name) + (withOptimum ? [Self.optimum] : []) }

    /// What a policy, or the optimum, comes to for one job on one trace.
    struct Row: Sendable {
        let found: FoundTrace
        let job: DeadlineJob
        let policy: String
        let looksAhead: Bool
        let figures: SpotFigures
    }

    struct Results: Sendable {
        var rows: [Row] = []
        /// Traces that are too short, and why.
        var skipped: [String] = []
    }

    func run(_ traces: [FoundTrace], _ progress: SimulationProgress) throws -> Results {
        var results = Results()
        var usable: [(FoundTrace, SpotEvaluation)] = []
        for found in traces {
            let evaluation = SpotEvaluation(found.trace, starts: starts, longestDeadline: longestDeadline)
            if let evaluation {
                usable.append((found, evaluation))
            } else {
                let length = TimeSpan(milliseconds: found.trace.tick.milliseconds * Int64(found.trace.count))
                results.skipped.append("\(found.path) is only \(Figures.hours(length)) long")
            }
        }
        for (index, (found, evaluation)) in usable.enumerated() {
            for (number, job) in jobs.enumerated() {
                try progress.show(
                    "\(found.folder)/\(found.trace.name)", done: index * jobs.count + number,
                    of: usable.count * jobs.count)
                results.rows += rows(found, evaluation, job)
            }
        }
        return results
    }

    private func rows(_ found: FoundTrace, _ evaluation: SpotEvaluation, _ job: DeadlineJob) -> [Row] {
        var rows: [Row] = []
        for policy in policies {
            guard let figures = evaluation.figures(of: policy, job) else { continue }
            rows.append(
                Row(
                    found: found, job: job, policy: policy.name, looksAhead: policy.looksAhead, figures: figures))
        }
        if withOptimum, let figures = evaluation.optimum(job) {
            rows.append(Row(found: found, job: job, policy: Self.optimum, looksAhead: true, figures: figures))
        }
        return rows
    }
}

extension Simulation.Results {
    /// What a policy comes to over several cells: a cell is a trace and a job.
    struct Summary: Sendable {
        let policy: String
        /// The traces' folder; nil for all.
        let folder: String?
        let cells: Int
        let mean: Double
        /// The mean against the optimum's in the same cells; nil without it.
        let overOptimum: Double?
        /// The mean of the cells' 90th percentiles.
        let ninetiethPercentile: Double
        let highest: Double
        let lateRuns: Int
    }

    /// In the order in which they were given.
    var folders: [String] {
        var seen: Set<String> = []
        return rows.map(\.found.folder).filter { seen.insert($0).inserted }
    }

    func summary(of policy: String, in folder: String?) -> Summary? {
        let cells = rows.filter { $0.policy == policy && (folder == nil || $0.found.folder == folder) }
        guard !cells.isEmpty else { return nil }
        func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
        let own = mean(cells.map(\.figures.mean))
        var best: [Cell: Double] = [:]
        for row in rows where row.policy == Simulation.optimum { best[Cell(row)] = row.figures.mean }
        let optima = cells.compactMap { best[Cell($0)] }
        return Summary(
            policy: policy, folder: folder, cells: cells.count, mean: own,
            overOptimum: optima.count == cells.count ? own / mean(optima) : nil,
            ninetiethPercentile: mean(cells.map(\.figures.ninetiethPercentile)),
            highest: cells.map(\.figures.highest).max() ?? 0,
            lateRuns: cells.reduce(0) { $0 + $1.figures.lateRuns })
    }

    private struct Cell: Hashable {
        let path: String
        let job: DeadlineJob

        init(_ row: Simulation.Row) {
            path = row.found.path
            job = row.job
        }
    }
}
