import ArgumentParser
import SkyCatalog
import SkyCore

struct CatalogListCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List offers, the cheapest first.",
        usage: "sky catalog list [<filters>] [--limit <count>] [--output <format>]",
        discussion: """
            Prices are per machine and hour, in US dollars, without surcharges for capabilities. A table shows the \
            first 20 offers, JSON and CSV all of them, unless --limit says otherwise. Offers whose price is flagged \
            (docs/catalog.md) are not listed.

            EXAMPLES
              sky catalog list --accelerator A100:8
              sky catalog list --accelerator tpu-v5e --spot
              sky catalog list --provider aws --region us-east-1 --cpus 8+ --max-price 0.50
              sky catalog list --area eu --capability confidential --output json
              sky catalog list --flagged
            """)

    @OptionGroup var filters: OfferFilters

    @Option(name: .shortAndLong, help: "Only this machine type.")
    var instance: String?

    @Flag(help: "Only offers whose price is flagged, with the reason.")
    var flagged = false

    @Option(name: .shortAndLong, help: ArgumentHelp("Show so many; 0 shows all.", valueName: "count"))
    var limit: Int?

    @OptionGroup var options: TableOptions

    func execute(in context: CommandContext) throws -> ExitStatus {
        let filter = try self.filter()
        let limit = limit ?? (options.output == .text ? 20 : 0)
        guard limit >= 0 else { throw CommandFailure(.wrongRequest, "--limit \(limit): expected 0 or more") }
        let catalog = try CatalogAccess(context).load(only: filters.provider.map { [$0] })
        try filters.refuseUnknownNames(in: catalog)
        let (offers, total) = catalog.list(filter, limit: limit == 0 ? nil : limit)
        let screen = CatalogScreen(offers: offers, total: total, showsFlags: flagged)
        let out = context.console.out
        switch options.output {
        case .json: try out.write(try JSONText.encode(CatalogJSON(offers: offers, total: total)))
        case .csv: try out.write(screen.csv)
        case .text:
            guard !offers.isEmpty else {
                try context.console.err.line("no offer is like that")
                return .done
            }
            try out.lines(screen.lines(width: out.terminal.width))
            try context.console.err.line(screen.summary)
        }
        return .done
    }

    func filter() throws -> CatalogFilter {
        var filter = try filters.filter()
        filter.instanceType = instance
        if flagged { filter.flagged = .only }
        return filter
    }
}

/// What offers are asked for; shared by the commands that list them.
struct OfferFilters: ParsableArguments {
    @Option(name: [.short, .long, .customLong("cloud")], help: "Only this provider's.")
    var provider: String?

    @Option(name: .shortAndLong, help: "Only in this region.")
    var region: String?

    @Option(help: "Only in this part of the world: a country (de), a continent (europe), eu or eea.")
    var area: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Only with this accelerator, and if given this many of it.", valueName: "name[:count]"))
    var accelerator: String?

    @Option(name: .shortAndLong, help: "Only with this capability; may be given several times.")
    var capability: [String] = []

    @Option(help: ArgumentHelp("Only with so many CPUs: 8, 8..16, or 8+ for at least 8.", valueName: "count"))
    var cpus: String?

    @Option(
        help: ArgumentHelp("Only with so much memory in GiB: 32, 32..64, or 32+ for at least 32.", valueName: "gib"))
    var memory: String?

    @Flag(inversion: .prefixedNo, help: "Only spot offers, or only on-demand ones.")
    var spot: Bool?

    @Option(help: ArgumentHelp("Only up to this price per hour.", valueName: "dollars"))
    var maxPrice: String?

    func filter() throws -> CatalogFilter {
        var filter = CatalogFilter()
        filter.provider = provider
        filter.region = region
        filter.area = area?.lowercased()
        filter.capabilities = capability
        filter.market = spot.map { $0 ? .spot : .onDemand }
        filter.cpus = try cpus.map { try Self.quantity($0, "--cpus", "8+") }
        filter.memory = try memory.map { try Self.quantity($0, "--memory", "32+") }
        if let maxPrice {
            guard let price = Money(maxPrice) else { throw Self.unreadable("--max-price", maxPrice, "0.50") }
            filter.maxPricePerHour = price
        }
        if let accelerator { try Self.read(accelerator, "--accelerator", into: &filter) }
        return filter
    }

    /// Reads `A100` or `A100:8`.
    static func read(_ text: String, _ option: String, into filter: inout CatalogFilter) throws {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        filter.accelerator = parts.first.map(String.init)
        guard parts.count == 2 else { return }
        guard let count = Double(parts[1]), count > 0 else { throw unreadable(option, text, "A100:8") }
        filter.acceleratorCount = .exactly(count)
    }

    /// Reads `8`, `8..16` and `8+`.
    static func quantity(_ text: String, _ option: String, _ example: String) throws -> Quantity {
        func amount(_ text: some StringProtocol) throws -> Double {
            guard let amount = Double(text), amount > 0, amount.isFinite else {
                throw unreadable(option, String(text), example)
            }
            return amount
        }
        if text.hasSuffix("+") { return .atLeast(try amount(text.dropLast())) }
        let ends = text.split(separator: "..", omittingEmptySubsequences: false)
        guard ends.count == 2 else { return .exactly(try amount(text)) }
        return Quantity(least: try amount(ends[0]), most: try amount(ends[1]))
    }

    static func unreadable(_ option: String, _ text: String, _ example: String) -> CommandFailure {
        CommandFailure(.wrongRequest, "\(option) \(text): not understood", hints: ["such as \(option) \(example)"])
    }

    /// A misspelt name would only find nothing.
    func refuseUnknownNames(in catalog: Catalog) throws {
        var request = ResourceRequest()
        request.capabilities = capability
        request.areas = area.map { [$0.lowercased()] } ?? []
        if region != nil { request.places = [PlaceConstraint(provider: provider, region: region)] }
        if let name = accelerator?.split(separator: ":").first.map(String.init) {
            request.accelerators = [AcceleratorCount(name: name, count: 1)]
        }
        guard let problem = catalog.problems(with: request).first else { return }
        throw CommandFailure(.wrongRequest, problem.message, hints: problem.help.map { [$0] } ?? [])
    }
}
