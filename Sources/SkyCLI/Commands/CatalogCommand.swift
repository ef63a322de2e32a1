import ArgumentParser
import SkyCatalog
import SkyCore

struct CatalogCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "catalog",
        abstract: "Look into the catalog of offers.",
        subcommands: [CatalogListCommand.self])
}

struct CatalogListCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List offers, the cheapest first.",
        usage: "sky catalog list [<filters>] [--limit <count>] [--output <format>]",
        discussion: """
            Prices are per machine and hour, in US dollars, without surcharges for capabilities. A table shows the \
            first 20 offers, JSON all of them, unless --limit says otherwise.

            EXAMPLES
              sky catalog list --accelerator A100:8
              sky catalog list --accelerator tpu-v5e --spot
              sky catalog list --provider aws --region us-east-1 --cpus 8+ --max-price 0.50
              sky catalog list --capability confidential --output json
            """)

    @Option(name: .shortAndLong, help: "Only this provider's.")
    var provider: String?

    @Option(name: .shortAndLong, help: "Only in this region.")
    var region: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Only with this accelerator, and if given this many of it.", valueName: "name[:count]"))
    var accelerator: String?

    @Option(name: .shortAndLong, help: "Only this machine type.")
    var instance: String?

    @Option(name: .shortAndLong, help: "Only with this capability; may be given several times.")
    var capability: [String] = []

    @Option(help: ArgumentHelp("Only with so many CPUs: 8, or 8+ for at least 8.", valueName: "count"))
    var cpus: String?

    @Option(help: ArgumentHelp("Only with so much memory in GiB: 32, or 32+ for at least 32.", valueName: "gib"))
    var memory: String?

    @Flag(inversion: .prefixedNo, help: "Only spot offers, or only on-demand ones.")
    var spot: Bool?

    @Option(help: ArgumentHelp("Only up to this price per hour.", valueName: "dollars"))
    var maxPrice: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("Show so many; 0 shows all.", valueName: "count"))
    var limit: Int?

    @OptionGroup var options: OutputOptions

    func execute(in context: CommandContext) throws -> ExitStatus {
        let filter = try self.filter()
        let catalog = try CatalogAccess(context).load(only: provider.map { [$0] })
        try refuseUnknownNames(in: catalog)
        let offers = catalog.list(filter)
        let limit = limit ?? (options.output == .json ? 0 : 20)
        guard limit >= 0 else { throw CommandFailure(.wrongRequest, "--limit \(limit): expected 0 or more") }
        let shown = limit == 0 ? offers : Array(offers.prefix(limit))
        switch options.output {
        case .json:
            try context.console.out.write(try JSONText.encode(CatalogJSON(offers: shown, total: offers.count)))
        case .text:
            let screen = CatalogScreen(offers: shown, total: offers.count)
            guard !offers.isEmpty else {
                try context.console.err.line("no offer is like that")
                return .done
            }
            let out = context.console.out
            try out.lines(screen.lines(width: out.terminal.width))
            try context.console.err.line(screen.summary)
        }
        return .done
    }

    func filter() throws -> CatalogFilter {
        var filter = CatalogFilter()
        filter.provider = provider
        filter.region = region
        filter.instanceType = instance
        filter.capabilities = capability
        filter.market = spot.map { $0 ? .spot : .onDemand }
        filter.cpus = try cpus.map { try quantity($0, "--cpus") }
        filter.memory = try memory.map { try quantity($0, "--memory") }
        if let maxPrice {
            guard let price = Money(maxPrice) else { throw unreadable("--max-price", maxPrice, "0.50") }
            filter.maxPricePerHour = price
        }
        if let accelerator {
            let parts = accelerator.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            filter.accelerator = parts.first.map(String.init)
            if parts.count == 2 {
                guard let count = Double(parts[1]), count > 0 else {
                    throw unreadable("--accelerator", accelerator, "A100:8")
                }
                filter.acceleratorCount = count
            }
        }
        return filter
    }

    private func quantity(_ text: String, _ option: String) throws -> Quantity {
        let number = text.hasSuffix("+") ? text.dropLast() : text[...]
        guard let amount = Double(number), amount > 0, amount.isFinite else { throw unreadable(option, text, "8+") }
        return text.hasSuffix("+") ? .atLeast(amount) : .exactly(amount)
    }

    private func unreadable(_ option: String, _ text: String, _ example: String) -> CommandFailure {
        CommandFailure(.wrongRequest, "\(option) \(text): not understood", hints: ["such as \(option) \(example)"])
    }

    /// A misspelt name would only find nothing.
    private func refuseUnknownNames(in catalog: Catalog) throws {
        if let name = accelerator?.split(separator: ":").first.map(String.init) {
            try refuse(name, "accelerator", unless: catalog.acceleratorNames)
        }
        for name in capability { try refuse(name, "capability", unless: catalog.capabilityNames) }
        if let region { try refuse(region, "region", unless: catalog.providers.flatMap { $0.regions.map(\.name) }) }
    }

    private func refuse(_ name: String, _ kind: String, unless known: [String]) throws {
        guard !known.contains(where: { $0.lowercased() == name.lowercased() }) else { return }
        let nearest = nearestName(to: name, among: known)
        throw CommandFailure(
            .wrongRequest, "no \(kind) '\(name)' in the catalog",
            hints: [nearest.map { "did you mean '\($0)'?" } ?? "known are \(known.joined(separator: ", "))"])
    }
}
