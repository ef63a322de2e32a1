import ArgumentParser
import SkyCatalog
import SkyCore

struct CatalogImportCommand: SkySubcommand {
    /// The forms of price tables that can be read.
    enum Format: String, ExpressibleByArgument, CaseIterable, Sendable {
        case skypilotV8 = "skypilot-v8"
    }

    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Make a catalog from price tables of another format.",
        usage: "sky catalog import --format skypilot-v8 <folder> [--into <providers>]",
        discussion: """
            Reads <folder>/skypilot-v8/*/vms.csv and, where they are there, capabilities.csv, egress.csv, \
            throughput.csv, aws_spot_advisor.csv, provenance/ and sources/. Writes offers, tariffs and throughput of \
            every cloud among them; its provider.yaml has to be there before. Prices that are ten times those of the \
            snapshot that is replaced, or a tenth, are marked, and not used until an import with --accept-jumps.

            EXAMPLES
              sky catalog import --format skypilot-v8 ../catalog --into providers
              sky catalog diff providers-before providers
            """)

    @Option(help: "What the tables are: skypilot-v8.")
    var format: Format

    @Argument(help: ArgumentHelp("The folder of tables.", valueName: "folder"), completion: .directory)
    var folder: String

    @Option(
        help: ArgumentHelp(
            "The folder of providers to write to; without it the installed one.", valueName: "providers"),
        completion: .directory)
    var into: String?

    @Flag(help: "Do not mark prices that jumped tenfold: they were looked at.")
    var acceptJumps = false

    func execute(in context: CommandContext) throws -> ExitStatus {
        let target = try into.map(absolutePath) ?? context.installation().providers
        let report = try SkyPilotImport.run(
            from: absolutePath(folder), into: target, acceptsJumps: acceptJumps)
        let out = context.console.out
        var table = Table([
            .init("PROVIDER"), .init("ROWS READ", .right), .init("ROWS WRITTEN", .right), .init("REGIONS", .right),
            .init("TENFOLD JUMPS", .right),
        ])
        table.addHeader()
        for cloud in report.clouds {
            table.addRow([
                StyledText(cloud.name, .cyan), "\(Figures.grouped(cloud.rowsRead))",
                "\(Figures.grouped(cloud.rowsWritten))", "\(cloud.regions)",
                cloud.jumps == 0 ? "" : StyledText(Figures.grouped(cloud.jumps), .yellow),
            ])
        }
        try out.lines(table.lines(width: out.terminal.width))
        let read = report.clouds.reduce(0) { $0 + $1.rowsRead }
        let written = report.clouds.reduce(0) { $0 + $1.rowsWritten }
        try context.console.err.line(
            StyledText(
                "\(Figures.count(read, "row")) as \(Figures.grouped(written)), \(Figures.count(report.tariffs, "tariff")), "
                    + "\(Figures.count(report.throughputs, "measured pair")), \(Figures.count(report.bytes, "byte"))",
                .dim))
        return .done
    }
}
