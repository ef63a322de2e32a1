import SkyCatalog
import SkyCore
import SkyMarket

/// What became of each provider's prices, and what is to be known about them.
struct RefreshScreen {
    private let reports: [PriceRefresh.Report]
    /// Findings of one kind that are shown; JSON has all.
    private static let most = 5

    init(_ reports: [PriceRefresh.Report]) { self.reports = reports }

    func lines(width: Int?) -> [StyledText] {
        var table = Table([
            .init("PROVIDER"), .init("PRICES"), .init("ROWS", .right), .init("MACHINES", .right),
            .init("REGIONS", .right), .init("CHANGED", .right), .init("NEW", .right), .init("GONE", .right),
            .init("FLAGGED", .right, isOptional: true),
        ])
        table.addHeader()
        for report in reports {
            let name = StyledText(report.provider, .cyan)
            guard report.outcome != .failed else {
                table.addRow([Table.Cell(name), Table.Cell(StyledText("as they were", .yellow), span: 8)])
                continue
            }
            let flagged = report.findings.count { $0.kind == .jump }
            table.addRow([
                name, report.outcome == .unchanged ? StyledText("unchanged", .dim) : StyledText("refreshed", .green),
                "\(Figures.grouped(report.rows))", "\(Figures.grouped(report.types))", "\(report.regions)",
                "\(Figures.grouped(report.changed))", "\(Figures.grouped(report.added))",
                "\(Figures.grouped(report.removed))",
                flagged == 0 ? "" : StyledText(Figures.grouped(flagged), .yellow),
            ])
        }
        return table.lines(width: width)
    }

    /// A few findings of each kind, and why something stayed as it was.
    var remarks: [StyledText] {
        var lines: [StyledText] = []
        for report in reports {
            if let failure = report.failure { lines.append("\(report.provider, .yellow): \(failure.message)") }
            let kinds = PriceReview.Finding.Kind.allCases
            for kind in kinds {
                let found = report.findings.filter { $0.kind == kind }
                for finding in found.prefix(Self.most) {
                    lines.append(
                        "\(report.provider, .cyan): \(finding.kind.rawValue, .yellow): \(finding.subject) \(finding.detail)"
                    )
                }
                guard found.count > Self.most else { continue }
                lines.append(
                    StyledText(
                        "\(report.provider): \(Figures.grouped(found.count - Self.most)) more of \(kind.rawValue); "
                            + "--output json has all", .dim))
            }
        }
        if reports.contains(where: { $0.findings.contains { $0.kind == .jump } }) {
            lines.append("  \("→", .green) sky catalog list --flagged, and then sky catalog refresh --accept-jumps")
        }
        return lines
    }

    struct JSON: Encodable {
        struct Finding: Encodable {
            let kind: String
            let subject: String
            let detail: String
        }

        struct Provider: Encodable {
            let provider: String
            let outcome: String
            @Nullable var failure: String?
            @Nullable var failureKind: String?
            let rows: Int
            let machineTypes: Int
            let regions: Int
            let changed: Int
            let added: Int
            let removed: Int
            let sources: [ProviderScreen.JSON.Source]
            let findings: [Finding]
        }

        let version = 1
        let providers: [Provider]
    }

    var json: JSON {
        JSON(
            providers: reports.map { report in
                JSON.Provider(
                    provider: report.provider, outcome: report.outcome.rawValue, failure: report.failure?.message,
                    failureKind: report.failure?.kind.rawValue, rows: report.rows, machineTypes: report.types,
                    regions: report.regions, changed: report.changed, added: report.added, removed: report.removed,
                    sources: report.sources.map {
                        ProviderScreen.JSON.Source(
                            key: $0.key, kind: $0.kind.rawValue, date: $0.date?.description, what: $0.what,
                            licence: $0.licence)
                    },
                    findings: report.findings.map {
                        JSON.Finding(kind: $0.kind.rawValue, subject: $0.subject, detail: $0.detail)
                    })
            })
    }
}
