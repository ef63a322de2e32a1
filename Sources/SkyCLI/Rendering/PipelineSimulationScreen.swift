import SkyBroker
import SkyCore
import SkySimulator

/// What a sweep of seeds came to.
struct PipelineSimulationReport: Sendable {
    let sweep: Sweep
    let firstSeed: UInt64
    let took: TimeSpan
    let seed: UInt64?
    let fall: Fall?
    let shortest: ShrunkHistory?
    /// What stands before the options that play a seed again.
    let command: [String]

    /// Core events a second; nil when there was not enough time to tell.
    var eventsPerSecond: Int? {
        took.milliseconds >= 50 ? Int(Int64(sweep.events) * 1000 / took.milliseconds) : nil
    }

    /// Plays the shortest history again.
    var replay: String? { shortest.map { (command + $0.options).joined(separator: " ") } }
}

/// The same for people.
struct PipelineSimulationScreen: Sendable {
    let report: PipelineSimulationReport
    /// Of a long history its end says most.
    private static let mostLines = 60

    func lines(width: Int?) -> [StyledText] { (summary(width) + fallen) }

    private func summary(_ width: Int?) -> [StyledText] {
        let sweep = report.sweep
        var table = Table([.init(""), .init("")])
        func row(_ name: String, _ text: String) { table.addRow([StyledText(name, .dim), StyledText(text)]) }
        row("seeds", "\(Figures.grouped(sweep.seeds)), from \(report.firstSeed) on")
        row("runs", "\(Figures.grouped(sweep.runs)): \(ends(sweep))")
        let speed = report.eventsPerSecond.map { ", \(Figures.grouped($0)) a second" } ?? ""
        row("events", Figures.grouped(sweep.events) + speed)
        row("broker deaths", "\(Figures.grouped(sweep.crashes)), each survived")
        row(
            "money",
            "\(Figures.amount(sweep.planned)) planned, \(Figures.amount(sweep.metered)) metered, as the providers' books have it"
        )
        let faults = FaultKind.allCases.compactMap { kind in sweep.faults[kind].map { (kind, $0) } }
        for (index, (kind, count)) in faults.sorted(by: { $0.1 > $1.1 }).enumerated() {
            row(index == 0 ? "faults" : "", "\(Figures.grouped(count)) × \(kind.name): \(kind.sentence)")
        }
        if report.fall == nil {
            table.addBlank()
            table.addRow([StyledText("✓", .green), StyledText("all \(Invariants.all.count) invariants held")])
        }
        return table.lines(width: width)
    }

    private func ends(_ sweep: Sweep) -> String {
        sweep.ends.sorted { $0.value > $1.value || ($0.value == $1.value && $0.key.rawValue < $1.key.rawValue) }
            .map { "\(Figures.grouped($0.value)) \($0.key.rawValue)" }.joined(separator: ", ")
    }

    private var fallen: [StyledText] {
        guard let fall = report.fall, let seed = report.seed else { return [] }
        var lines: [StyledText] = [
            .empty, "\("✗", .red) \("seed \(seed): \(fall.invariant)", .red, bold: true)",
            "  it does not hold that \(fall.sentence)", "  \(fall.detail)",
        ]
        guard let shortest = report.shortest else { return lines }
        lines += [
            .empty,
            "the shortest history of it, \(Figures.count(shortest.events, "event")) with \(Figures.count(shortest.faults.count, "fault")) (\(Figures.count(shortest.tries, "history")) tried):"
                .styled,
        ]
        lines += shortest.faults.map { "  \("fault", .yellow) \($0.kind.sentence)" }
        let told = shortest.lines.suffix(Self.mostLines)
        if told.count < shortest.lines.count { lines.append("  … \(shortest.lines.count - told.count) lines before") }
        lines += told.map { "  \($0)" }
        lines.append("  \("✗", .red) \(shortest.fall.detail)")
        if let replay = report.replay { lines += [.empty, "\("→", .green) \(replay)"] }
        return lines
    }
}

extension String {
    fileprivate var styled: StyledText { StyledText(self) }
}
