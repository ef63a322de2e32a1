import SkyBroker
import SkyCore

/// Whether the journal is whole, and what can be read of it.
struct JournalReportScreen {
    let report: JournalReport

    var lines: [StyledText] {
        let readable = "\(Figures.count(report.runs, "run")) and \(Figures.count(report.events, "event")) can be read"
        guard !report.isSound else { return ["\("✓", .green) \(report.path) is whole: \(readable)"] }
        var lines: [StyledText] = ["\("✗", .red) \(report.path) is not as it was written: \(readable)"]
        lines += report.problems.map { "  \($0)" }
        for damage in report.damaged {
            lines.append(
                "  \("\(damage.run)", .cyan): \(Figures.count(damage.readable, "event")) can be read, then "
                    + "\(damage.reason)")
        }
        if !report.unfinished.isEmpty {
            lines.append("  not ended: \(report.unfinished.map(\.text).joined(separator: ", "))")
        }
        return lines + [
            .empty,
            "  Nothing was changed. Make a copy of the folder before anything else; then put back a copy of the",
            "  journal from before, or make it again from what the providers list.",
        ]
    }
}
