import ArgumentParser

struct CatalogCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "catalog",
        abstract: "Look into the catalog of offers, bring its prices up to date, compare catalogs, and make one.",
        subcommands: [
            CatalogListCommand.self, CatalogShowCommand.self, CatalogDiffCommand.self, CatalogRefreshCommand.self,
            CatalogImportCommand.self,
        ])
}

/// How tables are written.
enum TableFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
    case text, json, csv
}

struct TableOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: ArgumentHelp("Write the table as text, json or csv.", valueName: "format"))
    var output: TableFormat = .text
}
