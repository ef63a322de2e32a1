import ArgumentParser
import SkyCatalog
import SkyCore

struct GpusCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "gpus",
        abstract: "Show which accelerators there are, who has them, and what they cost at least.",
        usage: "sky gpus [<name>[:<count>]] [<filters>] [--all] [--output <format>]",
        discussion: """
            One line per accelerator and number of them in one machine; TPUs by the size of the slice. Prices are of the \
            whole machine per hour, at the cheapest place. Without --all, only the smallest number of each accelerator \
            is shown; a name shows all its numbers.

            EXAMPLES
              sky gpus
              sky gpus H100
              sky gpus A100-80GB:8 --area eu
              sky gpus --memory 80+ --count 8 --spot
              sky gpus --cloud gcp --all --output csv
            """)

    @Argument(help: ArgumentHelp("Only this accelerator, and if given this many of it.", valueName: "name[:count]"))
    var name: String?

    @Option(help: ArgumentHelp("Only with so much memory each, in GB: 80, 40..80, or 80+.", valueName: "gb"))
    var memory: String?

    @Option(help: ArgumentHelp("Only so many in one machine: 8, 2..4, or 4+.", valueName: "count"))
    var count: String?

    @Option(name: [.short, .long, .customLong("cloud")], help: "Only this provider's.")
    var provider: String?

    @Option(name: .shortAndLong, help: "Only in this region.")
    var region: String?

    @Option(help: "Only in this part of the world: a country (de), a continent (europe), eu or eea.")
    var area: String?

    @Flag(help: "Only those that are sold as spot; the cheapest spot price decides the order.")
    var spot = false

    @Flag(help: "Every number of every accelerator, and the regions by name.")
    var all = false

    @OptionGroup var options: TableOptions

    func execute(in context: CommandContext) throws -> ExitStatus {
        let filter = try self.filter()
        let catalog = try CatalogAccess(context).load(only: provider.map { [$0] })
        try refuseUnknownNames(in: catalog)
        let found = catalog.accelerators(filter)
        let screen = AcceleratorScreen(
            found, isSpot: spot, showsAll: all || name != nil || count != nil || options.output != .text,
            showsRegions: all)
        let out = context.console.out
        switch options.output {
        case .json: try out.write(try JSONText.encode(screen.json))
        case .csv: try out.write(CSVText.table(screen.csvRows))
        case .text:
            guard !found.isEmpty else {
                try context.console.err.line("no accelerator is like that")
                return .done
            }
            try out.lines(screen.lines(width: out.terminal.width))
            if let hint = screen.hint { try context.console.err.line(hint) }
        }
        return .done
    }

    private func filter() throws -> CatalogFilter {
        var filter = CatalogFilter()
        filter.provider = provider
        filter.region = region
        filter.area = area?.lowercased()
        if let name { try OfferFilters.read(name, "gpus", into: &filter) }
        if let count { filter.acceleratorCount = try OfferFilters.quantity(count, "--count", "4+") }
        filter.acceleratorMemory = try memory.map { try OfferFilters.quantity($0, "--memory", "80+") }
        if spot { filter.market = .spot }
        return filter
    }

    private func refuseUnknownNames(in catalog: Catalog) throws {
        var request = ResourceRequest()
        request.areas = area.map { [$0.lowercased()] } ?? []
        if region != nil { request.places = [PlaceConstraint(provider: provider, region: region)] }
        if let name = name?.split(separator: ":").first.map(String.init) {
            request.accelerators = [AcceleratorCount(name: name, count: 1)]
        }
        guard let problem = catalog.problems(with: request).first else { return }
        throw CommandFailure(.wrongRequest, problem.message, hints: problem.help.map { [$0] } ?? [])
    }
}
