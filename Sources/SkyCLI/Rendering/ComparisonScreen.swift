import SkyCore
import SkyPlacement

/// Two plans side by side: what changes, old → new, in places, dollars and time.
struct ComparisonScreen: Sendable {
    let comparison: PlanComparison

    func lines(width: Int?) -> [StyledText] {
        guard comparison.isDifferent else { return ["\("=", .green) nothing is different"] }
        var table = Table(
            [
                .init("", shrinksTo: 1), .init("CHANGE", shrinksTo: 8), .init("WHERE", shrinksTo: 12),
                .init("COST", .right), .init("TIME", .right),
            ], indent: 2)
        table.addHeader()
        for line in comparison.lines where line.isChanged { table.addRow(row(of: line)) }
        let same = comparison.lines.count { !$0.isChanged }
        if same > 0 { table.addRow(["", StyledText("\(Figures.count(same, "other")) unchanged", .dim)]) }
        table.addBlank()
        table.addRow(row(of: comparison.total))
        return table.lines(width: width)
    }

    private func row(of line: PlanComparison.Line) -> [StyledText] {
        let mark: StyledText =
            switch (line.old, line.new) {
            case (nil, _): "\("+", .green)"
            case (_, nil): "\("-", .red)"
            default: "\("~", .yellow)"
            }
        return [
            mark, StyledText(line.name, .cyan), change(line.old?.place, line.new?.place),
            change(line.old.map { Figures.amount($0.cost) }, line.new.map { Figures.amount($0.cost) }),
            change(line.old.map { $0.time.description }, line.new.map { $0.time.description }),
        ]
    }

    private func change(_ old: String?, _ new: String?) -> StyledText {
        guard let old else { return StyledText(new ?? "") }
        guard let new else { return StyledText(old, .dim) }
        return old == new ? StyledText(new) : "\(old, .dim) \("→", .dim) \(new)"
    }
}
