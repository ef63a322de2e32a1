import SkyBroker
import SkyCore
import SkySpec

/// `sky cost`: planned, metered, billed, and what was no use.
struct CostTable: Sendable {
    let reports: [CostReport]

    /// A line for each run.
    func runs(width: Int?) -> [StyledText] {
        var table = Table(
            [.init("RUN", shrinksTo: 12), .init("PIPELINE", shrinksTo: 8, isOptional: true)] + Self.amounts)
        table.addHeader()
        for report in reports {
            table.addRow(
                [StyledText(report.run.text, .cyan), "\(report.pipeline)"]
                    + Self.cells(
                        report.planned, report.metered, report.billed, report.idle, report.lost, report.transfers))
        }
        return table.lines(width: width)
    }

    /// A line for each stage, and their sum.
    func stages(width: Int?) -> [StyledText] {
        var table = Table([.init("STAGE", shrinksTo: 8)] + Self.amounts)
        table.addHeader()
        for report in reports {
            for stage in report.stages {
                table.addRow(
                    [StyledText(stage.stage, .cyan)]
                        + Self.cells(
                            stage.planned, stage.metered, stage.billed, stage.idle, stage.lost, stage.transfers))
                if let budget = stage.budget {
                    let limit = budget.limit.formatted(decimals: 2)
                    table.addNote(StyledText("of \(limit), then \(budget.atLimit.rawValue)", .dim), under: 1)
                }
            }
            table.addRow(
                [StyledText("all", .none, bold: true)]
                    + Self.cells(
                        report.planned, report.metered, report.billed, report.idle, report.lost, report.transfers))
        }
        return table.lines(width: width)
    }

    var csv: String {
        let header = [
            "run", "stage", "planned_usd", "metered_usd", "billed_usd", "idle_usd", "lost_usd", "transfers_usd",
        ]
        let rows = reports.flatMap { report in
            report.stages.map { stage in
                [
                    report.run.text, stage.stage, stage.planned.exactDecimal, stage.metered.exactDecimal,
                    stage.billed?.exactDecimal ?? "", stage.idle.exactDecimal, stage.lost.exactDecimal,
                    stage.transfers.exactDecimal,
                ]
            }
        }
        return CSVText.table([header] + rows)
    }

    private static let amounts: [Table.Column] = [
        .init("PLANNED", .right), .init("METERED", .right), .init("BILLED", .right, isOptional: true),
        .init("IDLE", .right), .init("LOST", .right), .init("TRANSFERS", .right),
    ]

    private static func cells(
        _ planned: Money, _ metered: Money, _ billed: Money?, _ idle: Money, _ lost: Money, _ transfers: Money
    ) -> [StyledText] {
        [
            "\(Figures.amount(planned))", "\(Figures.amount(metered))", "\(billed.map(Figures.amount) ?? "–")",
            "\(Figures.amount(idle))", "\(Figures.amount(lost))", "\(Figures.amount(transfers))",
        ]
    }
}
