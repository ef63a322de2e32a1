import ArgumentParser
import SkyCatalog
import SkyCore
import SkyPlacement

struct TransferCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "transfer",
        abstract: "See what moving data between two places can cost, and how fast it can go.",
        discussion: """
            EXAMPLES
              sky transfer plan aws/us-east-1 gcp/europe-west4 2TB
              sky transfer plan aws/us-east-1 azure/japaneast 500GB --deadline 30m
            """,
        subcommands: [TransferPlanCommand.self])
}

struct TransferPlanCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Ways to move an amount of data, the cheapest first.",
        usage: "sky transfer plan <from> <to> <size> [--no-relay] [--machines <count>] [--area <area>]",
        discussion: """
            Directly, or by way of a region that both are better connected with; by one pair of machines, or by several \
            side by side, which are rented for it. Rates are those that were measured between regions of AWS, Google \
            and Azure; between others there is only the plain way. Nothing is moved and nothing is rented.

            EXAMPLES
              sky transfer plan aws/us-east-1 gcp/europe-west4 2TB
              sky transfer plan aws/us-east-1 azure/japaneast 500GB --deadline 30m
              sky transfer plan aws/eu-west-1 gcp/europe-west4 10TB --area eu --budget 700
            """)

    @Argument(help: ArgumentHelp("Where the data is: provider/region.", valueName: "from"))
    var source: String

    @Argument(help: ArgumentHelp("Where it is to be: provider/region.", valueName: "to"))
    var target: String

    @Argument(help: "How much it is: 500GB, 2TB.")
    var size: String

    @Option(help: ArgumentHelp("At most so many machines in one place, 1 to 64.", valueName: "count"))
    var machines = 8

    @Flag(inversion: .prefixedNo, help: "Let data be passed on in a third region.")
    var relay = true

    @Option(help: "Only by way of regions in this part of the world; may be given several times, and all hold.")
    var area: [String] = []

    @Option(help: ArgumentHelp("Mark the cheapest way that takes no longer.", valueName: "time"))
    var deadline: String?

    @Option(help: ArgumentHelp("Mark the fastest way that costs no more.", valueName: "dollars"))
    var budget: String?

    @OptionGroup var options: OutputOptions

    func execute(in context: CommandContext) throws -> ExitStatus {
        guard (1...64).contains(machines) else {
            throw CommandFailure(.wrongRequest, "--machines \(machines): expected 1 to 64")
        }
        guard let size = DataSize(size), size > .zero else {
            throw CommandFailure(.wrongRequest, "'\(size)' is no size", hints: ["such as 500GB or 2TB"])
        }
        let catalog = try CatalogAccess(context).load()
        let (from, to) = (try Self.location(source, catalog), try Self.location(target, catalog))
        if let unknown = area.first(where: { !catalog.areaNames.contains($0.lowercased()) }) {
            throw CommandFailure(
                .wrongRequest, "no region is in an area '\(unknown)'",
                hints: [
                    nearestName(to: unknown, among: catalog.areaNames).map { "did you mean '\($0)'?" }
                        ?? "such as eu or us"
                ])
        }
        let limits = TransferLimits(
            mostMachines: machines, allowsRelays: relay, areas: area.map { [$0.lowercased()] })
        let curve = TransferPlanner(CatalogTransfers(catalog: catalog), limits: limits)
            .curve(of: size, from: from, to: to)
        let chosen = try choice(of: curve)
        let screen = TransferScreen(curve: curve, chosen: chosen, size: size)
        switch options.output {
        case .json: try context.console.out.write(try JSONText.encode(screen.json))
        case .text:
            try context.console.out.lines(screen.lines(width: context.console.out.terminal.width))
        }
        guard chosen == nil, deadline != nil || budget != nil else { return .done }
        throw CommandFailure(
            .providerRefused, deadline != nil ? "no way is as fast as that" : "no way is as cheap as that",
            hints: ["--machines \(min(machines * 2, 64))"])
    }

    /// Nil where nothing was asked for, or nothing keeps what was.
    private func choice(of curve: [TransferPlan]) throws -> TransferPlan? {
        var left = curve
        if let budget {
            guard let ceiling = Money(budget) else {
                throw CommandFailure(.wrongRequest, "--budget \(budget): not understood", hints: ["--budget 100"])
            }
            left = left.filter { $0.cost <= ceiling }
        }
        guard let deadline else { return budget == nil ? nil : left.last }
        guard let limit = TimeSpan(deadline) else {
            throw CommandFailure(.wrongRequest, "--deadline \(deadline): not understood", hints: ["--deadline 30m"])
        }
        return left.cheapest(within: limit)
    }

    private static func location(_ text: String, _ catalog: Catalog) throws -> Location {
        let parts = text.split(separator: "/", maxSplits: 1).map(String.init)
        guard parts.count == 2 else {
            throw CommandFailure(
                .wrongRequest, "'\(text)' is no place: it is written provider/region", hints: ["such as aws/us-east-1"])
        }
        guard let profile = catalog.provider(named: parts[0]) else {
            throw CommandFailure(
                .wrongRequest, "there is no provider '\(parts[0])'",
                hints: ["providers are \(Figures.list(catalog.providers.map(\.name)))"])
        }
        let regions = profile.regions.map(\.name)
        guard regions.contains(parts[1]) else {
            let near = nearestName(to: parts[1], among: regions).map { "did you mean '\(parts[0])/\($0)'?" }
            throw CommandFailure(
                .wrongRequest, "\(parts[0]) has no region '\(parts[1])'",
                hints: [near ?? "sky catalog show \(parts[0])"])
        }
        return Location(provider: parts[0], region: parts[1])
    }
}
