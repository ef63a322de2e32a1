import SkyCore
import SkyPlacement

/// What simulations came to, as tables of per cents of the cost on demand.
struct SimulationScreen: Sendable {
    private let simulation: Simulation
    private let results: Simulation.Results

    init(_ simulation: Simulation, _ results: Simulation.Results) {
        self.simulation = simulation
        self.results = results
    }

    /// One line per trace and job.
    func comparison(width: Int?) -> [StyledText] {
        var table = Table(
            [
                .init("TRACE", shrinksTo: 12), .init("SPOT", .right), .init("DEADLINE", .right),
                .init("CHANGEOVER", .right),
            ]
                + simulation.columns.map { .init(title($0), .right) })
        table.addHeader()
        var rows = results.rows[...]
        var last: String?
        while let first = rows.first {
            let cell = rows.prefix { $0.found.path == first.found.path && $0.job == first.job }
            rows = rows.dropFirst(cell.count)
            let isNew = first.found.path != last
            last = first.found.path
            let best = cell.filter { !$0.looksAhead }.map(\.figures.mean).min()
            table.addRow(
                [
                    isNew ? StyledText(first.found.trace.name, .cyan) : .empty,
                    isNew ? StyledText(percent(first.found.trace.availability), .dim) : .empty,
                    StyledText(Figures.hours(first.job.deadline)), StyledText(first.job.changeover.description),
                ]
                    + simulation.columns.map { name in
                        cell.first { $0.policy == name }.map { self.cell($0, best: best) } ?? "–"
                    })
        }
        table.addBlank()
        table.addRow(
            ["mean", .empty, .empty, .empty]
                + simulation.columns.map { name in
                    results.summary(of: name, in: nil).map { StyledText(percent($0.mean), bold: true) } ?? "–"
                })
        return table.lines(width: width) + [.empty] + notes
    }

    private func cell(_ row: Simulation.Row, best: Double?) -> StyledText {
        let late = row.figures.lateRuns
        if late > 0 { return StyledText("\(percent(row.figures.mean)), \(late) late", .red) }
        if row.policy == OnDemandPolicy().name { return StyledText(Figures.amount(row.figures.meanCost)) }
        if row.looksAhead { return StyledText(percent(row.figures.mean), .dim) }
        return StyledText(percent(row.figures.mean), row.figures.mean == best ? .green : .none)
    }

    /// One line per policy, one column per folder.
    func evaluation(width: Int?) -> [StyledText] {
        let folders = results.folders
        var table = Table(
            [.init("POLICY")] + folders.map { .init($0, .right, shrinksTo: 8) } + [
                .init("ALL", .right), .init("/OPTIMUM", .right, isOptional: true), .init("P90", .right),
                .init("HIGHEST", .right), .init("LATE", .right),
            ])
        table.addHeader()
        for name in simulation.columns {
            guard let all = results.summary(of: name, in: nil) else { continue }
            let looksAhead = results.rows.contains { $0.policy == name && $0.looksAhead }
            let most = results.rows.count { $0.policy == simulation.columns.last }
            table.addRow(
                [StyledText(name, looksAhead ? .dim : .cyan)]
                    + folders.map { folder in
                        StyledText(results.summary(of: name, in: folder).map { ratio($0.mean) } ?? "–")
                    } + [
                        StyledText(all.cells == most ? ratio(all.mean) : "–", bold: true),
                        StyledText(all.overOptimum.map(ratio) ?? ""), StyledText(ratio(all.ninetiethPercentile)),
                        StyledText(ratio(all.highest)),
                        StyledText("\(all.lateRuns)", all.lateRuns > 0 ? .red : .none),
                    ])
        }
        return table.lines(width: width) + [.empty] + notes
    }

    private var notes: [StyledText] {
        guard let job = simulation.jobs.first else { return [] }
        let prices = "\(Figures.hourly(job.onDemandPrice)) on demand, \(Figures.hourly(job.spotPrice)) spot"
        return [
            StyledText(
                "\(Figures.hours(job.work)) of work at \(prices) an hour; means over \(Figures.count(simulation.starts, "start")) a trace,",
                .dim),
            StyledText("against on demand; what knows the future is no rival of what does not", .dim),
        ]
    }

    private func title(_ name: String) -> String { name == Simulation.optimum ? "OPTIMUM" : name.uppercased() }

    private func percent(_ share: Double) -> String { decimal(share * 1000, decimals: 1) + "%" }
    private func ratio(_ value: Double) -> String { decimal(value * 10_000, decimals: 4) }

    /// `scaled` ÷ 10^decimals, with so many decimals.
    private func decimal(_ scaled: Double, decimals: Int) -> String {
        let digits = String(Int(min(max(scaled, 0), 1e12).rounded()))
        let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
        return "\(padded.dropLast(decimals)).\(padded.suffix(decimals))"
    }
}
