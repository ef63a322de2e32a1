import ArgumentParser
import SkyCatalog
import SkyCore

struct CatalogShowCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show what the catalog knows: all providers, one of them, or one machine type.",
        usage: "sky catalog show [<provider> | <machine type>] [--output <format>]",
        discussion: """
            Without a name: how much there is of each provider, and how old the figures are. With a provider: its \
            regions, terms and sources. With a machine type: its price in every region, where the figure comes from, \
            and what is flagged about it.

            EXAMPLES
              sky catalog show
              sky catalog show gcp
              sky catalog show p4d.24xlarge --output csv
            """)

    @Argument(help: ArgumentHelp("A provider or a machine type.", valueName: "name"))
    var name: String?

    @OptionGroup var options: TableOptions

    func execute(in context: CommandContext) throws -> ExitStatus {
        let catalog = try CatalogAccess(context).load()
        guard let name else {
            let moments = CatalogAccess(context).refreshMoments()
            try show(CatalogSummaryScreen(catalog, refreshed: moments, now: context.now()), in: context)
            return .done
        }
        if let profile = catalog.provider(named: name) {
            try show(ProviderScreen(profile), in: context)
            return .done
        }
        var filter = CatalogFilter()
        filter.instanceType = name
        filter.flagged = .shown
        let offers = catalog.list(filter, limit: nil)
        guard !offers.offers.isEmpty else {
            var request = ResourceRequest()
            request.instanceType = name
            let problem = catalog.problems(with: request).first
            let providers = Figures.list(catalog.providers.map(\.name))
            throw CommandFailure(
                .wrongRequest, "there is neither a provider nor a machine type '\(name)'",
                hints: [problem?.help, "providers are \(providers)"].compactMap { $0 })
        }
        switch options.output {
        case .json:
            try context.console.out.write(
                try JSONText.encode(CatalogJSON(offers: offers.offers, total: offers.total)))
        case .csv:
            try context.console.out.write(
                CatalogScreen(offers: offers.offers, total: offers.total, showsFlags: true).csv)
        case .text:
            let out = context.console.out
            try out.lines(MachineScreen(offers.offers).lines(width: out.terminal.width))
        }
        return .done
    }

    private func show(_ screen: some TableScreen, in context: CommandContext) throws {
        let out = context.console.out
        switch options.output {
        case .json: try out.write(try JSONText.encode(screen.json))
        case .csv: try out.write(CSVText.table(screen.csvRows))
        case .text: try out.lines(screen.lines(width: out.terminal.width))
        }
    }
}

/// A result that can be written in all the ways that `TableOptions` knows.
protocol TableScreen {
    associatedtype JSON: Encodable
    func lines(width: Int?) -> [StyledText]
    var json: JSON { get }
    /// The names of the columns first.
    var csvRows: [[String]] { get }
}
