import ArgumentParser
import SkyCatalog

struct CatalogDiffCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Compare two catalogs: what came, what went, and which prices changed.",
        usage: "sky catalog diff <old folder> [<new folder>] [--limit <count>] [--output <format>]",
        discussion: """
            A catalog is a folder with a folder per provider. Without a second one, the installed catalog is the new \
            one. The largest changes of price come first.

            EXAMPLES
              sky catalog diff ../older/providers
              sky catalog diff snapshot-july/providers snapshot-august/providers --limit 0
              sky catalog diff ../older/providers --output csv > changes.csv
            """)

    @Argument(help: ArgumentHelp("The older catalog.", valueName: "old folder"), completion: .directory)
    var old: String

    @Argument(help: ArgumentHelp("The newer catalog.", valueName: "new folder"), completion: .directory)
    var new: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("Show so many changes; 0 shows all.", valueName: "count"))
    var limit: Int?

    @OptionGroup var options: TableOptions

    func execute(in context: CommandContext) throws -> ExitStatus {
        let limit = limit ?? (options.output == .text ? 20 : 0)
        guard limit >= 0 else { throw CommandFailure(.wrongRequest, "--limit \(limit): expected 0 or more") }
        let access = CatalogAccess(context)
        let older = try access.load(folder: absolutePath(old))
        let newer = try access.load(folder: try new.map(absolutePath) ?? context.installation().providers)
        let screen = DifferenceScreen(older.difference(to: newer), limit: limit == 0 ? .max : limit)
        let out = context.console.out
        switch options.output {
        case .json: try out.write(try JSONText.encode(screen.json))
        case .csv: try out.write(CSVText.table(screen.csvRows))
        case .text: try out.lines(screen.lines(width: out.terminal.width))
        }
        return .done
    }
}
