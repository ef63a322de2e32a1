import SkyCore
import SkyPlacement

/// `sky simulate --output json`
struct SimulationJSON: Encodable {
    let version = 1
    let onDemandPriceUsd: Dollars
    let spotPriceUsd: Dollars
    let workSeconds: Double
    let starts: Int
    let rows: [SimulationRowJSON]
    /// Per policy and folder, `folder` null for all; only with `--evaluate`.
    @Nullable var summaries: [Summary]?
    /// Traces that were too short.
    let skipped: [String]

    struct Summary: Encodable {
        let policy: String
        @Nullable var folder: String?
        let cells: Int
        let mean: Double
        @Nullable var overOptimum: Double?
        let p90: Double
        let highest: Double
        let lateRuns: Int
    }

    init(_ simulation: Simulation, _ results: Simulation.Results, evaluates: Bool) {
        onDemandPriceUsd = Dollars(simulation.jobs.first?.onDemandPrice ?? .zero)
        spotPriceUsd = Dollars(simulation.jobs.first?.spotPrice ?? .zero)
        workSeconds = simulation.jobs.first.map { Double($0.work.milliseconds) / 1000 } ?? 0
        starts = simulation.starts
        rows = results.rows.map(SimulationRowJSON.init)
        skipped = results.skipped
        summaries = evaluates ? Self.summaries(simulation, results) : nil
    }

    private static func summaries(_ simulation: Simulation, _ results: Simulation.Results) -> [Summary] {
        let folders: [String?] = results.folders + [nil]
        return simulation.columns.flatMap { policy in
            folders.compactMap { folder in results.summary(of: policy, in: folder).map(Summary.init) }
        }
    }
}

extension SimulationJSON.Summary {
    init(_ summary: Simulation.Results.Summary) {
        policy = summary.policy
        folder = summary.folder
        cells = summary.cells
        mean = summary.mean
        overOptimum = summary.overOptimum
        p90 = summary.ninetiethPercentile
        highest = summary.highest
        lateRuns = summary.lateRuns
    }
}

/// One policy, or the optimum, for one job on one trace.
struct SimulationRowJSON: Encodable {
    let folder: String
    let trace: String
    let nodes: Int
    let availability: Double
    let deadlineSeconds: Double
    let changeoverSeconds: Double
    let policy: String
    let looksAhead: Bool
    let runs: Int
    let lateRuns: Int
    let meanCostUsd: Dollars
    let mean: Double
    let p90: Double
    let highest: Double

    init(_ row: Simulation.Row) {
        folder = row.found.folder
        trace = row.found.trace.name
        nodes = row.found.nodes
        availability = row.found.trace.availability
        deadlineSeconds = Double(row.job.deadline.milliseconds) / 1000
        changeoverSeconds = Double(row.job.changeover.milliseconds) / 1000
        policy = row.policy
        looksAhead = row.looksAhead
        runs = row.figures.runs
        lateRuns = row.figures.lateRuns
        meanCostUsd = Dollars(row.figures.meanCost)
        mean = row.figures.mean
        p90 = row.figures.ninetiethPercentile
        highest = row.figures.highest
    }
}

/// `sky simulate --output csv`: the rows of the JSON, one line each, under their names.
enum SimulationCSV {
    private static let header = """
        folder,trace,nodes,availability,deadline_seconds,changeover_seconds,policy,looks_ahead,runs,late_runs,\
        mean_cost_usd,mean,p90,highest
        """

    static func text(_ rows: [Simulation.Row]) -> String {
        let lines = rows.map(SimulationRowJSON.init).map { row in
            [
                quoted(row.folder), quoted(row.trace), "\(row.nodes)", "\(row.availability)", "\(row.deadlineSeconds)",
                "\(row.changeoverSeconds)", row.policy, "\(row.looksAhead)", "\(row.runs)", "\(row.lateRuns)",
                row.meanCostUsd.money.exactDecimal, "\(row.mean)", "\(row.p90)", "\(row.highest)",
            ].joined(separator: ",")
        }
        return ([header] + lines).map { $0 + "\n" }.joined()
    }

    private static func quoted(_ text: String) -> String {
        text.contains { $0 == "," || $0 == "\"" || $0.isNewline }
            ? "\"\(text.replacing("\"", with: "\"\""))\"" : text
    }
}
