import ArgumentParser
import SkyCatalog
import SkyCore
import SkyGoogle
import SkyHTTP
import SkyMarket

struct CatalogRefreshCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "refresh",
        abstract: "Read prices anew from where providers publish them.",
        usage: "sky catalog refresh [<provider> …] [--region <region>] [--accept-jumps] [--revert]",
        discussion: """
            The prices take the place of those that came with sky, for you alone; these stay and are what --revert goes \
            back to. Without a provider: all that publish prices for everybody, or for which there is a key. AWS's spot \
            prices need an account, Google's prices one too or GOOGLE_API_KEY, Lambda's LAMBDA_API_KEY and RunPod's \
            RUNPOD_API_KEY. A price that is nothing is left out, and one that jumped tenfold is flagged, and both are named.

            EXAMPLES
              sky catalog refresh
              sky catalog refresh aws --region us-east-1 --region eu-west-1
              sky catalog refresh azure --accept-jumps
              sky catalog refresh --revert aws
            """)

    @Argument(help: ArgumentHelp("Providers; without one, all that can be read.", valueName: "provider"))
    var providers: [String] = []

    @Option(name: .shortAndLong, help: "Only this region; may be given several times. The others stay as they are.")
    var region: [String] = []

    @Flag(help: "Take prices that jumped tenfold, and lists that lack half of what was known: they were looked at.")
    var acceptJumps = false

    @Flag(help: "Go back to the prices that came with sky.")
    var revert = false

    @OptionGroup var options: OutputOptions

    func execute(in context: CommandContext) throws -> ExitStatus {
        let root = try context.installation().providers
        let folder = try context.paths().prices
        // What came with sky alone: going back has to work when refreshed prices cannot be read.
        let shipped = try CatalogAccess(context).load(folder: root).providers.map(\.name)
        if let unknown = providers.first(where: { !shipped.contains($0) }) {
            let near = nearestName(to: unknown, among: shipped)
            throw CommandFailure(
                .wrongRequest, "there is no provider '\(unknown)'",
                hints: [near.map { "did you mean '\($0)'?" } ?? "providers are \(Figures.list(shipped))"])
        }
        if revert { return try goBack(folder, context) }
        let known = PriceRefresh.refreshable(shipped)
        if let deaf = providers.first(where: { !known.contains($0) }) {
            throw CommandFailure(
                .wrongRequest, "nobody publishes prices of \(deaf) that could be read",
                hints: ["sky catalog refresh can read \(Figures.list(known))"])
        }
        let names = providers.isEmpty ? known : providers
        let reports: [PriceRefresh.Report]
        do {
            reports = try refreshed(names, root, folder, context)
        } catch is AsyncWork.Interrupted {
            try context.console.err.line("stopped; what was not done stays as it was")
            return .interrupted
        }
        let screen = RefreshScreen(reports)
        let out = context.console.out
        switch options.output {
        case .json: try out.write(try JSONText.encode(screen.json))
        case .text:
            try out.lines(screen.lines(width: out.terminal.width))
            for line in screen.remarks { try context.console.err.line(line) }
        }
        // Of all providers, those without a key are passed over; one that was asked for by name is not.
        let isFailed = reports.contains { report in
            report.outcome == .failed && !(providers.isEmpty && report.failure?.kind == .credentials)
        }
        return isFailed ? .providerRefused : .done
    }

    private func refreshed(
        _ names: [String], _ root: String, _ folder: String, _ context: CommandContext
    ) throws -> [PriceRefresh.Report] {
        let meter = RefreshMeter(on: context.console.err)
        let tokens = context.googleTokens(try context.caller(most: 1))
        let google: PriceDesk.GoogleAccess = { () async throws(CredentialFailure) -> HTTPHeaders in
            var headers: HTTPHeaders = ["Authorization": "Bearer \(try await tokens.token().reveal())"]
            if let project = try await tokens.quotaProject() { headers["x-goog-user-project"] = project }
            return headers
        }
        let desk = PriceDesk(folder: folder, environment: context.environment, google: google, now: context.now) {
            meter.see(provider: $0, bytes: $1, step: $2)
        }
        let refresh = PriceRefresh(root: root, desk: desk, acceptsJumps: acceptJumps)
        let regions = region.isEmpty ? nil : Set(region)
        defer { meter.end() }
        return try AsyncWork.run(interruptions: context.interruptions()) {
            var reports: [PriceRefresh.Report] = []
            for name in names { reports.append(await refresh.refresh(name, regions: regions)) }
            return reports
        }
    }

    private func goBack(_ folder: String, _ context: CommandContext) throws -> ExitStatus {
        let names = providers.isEmpty ? RefreshedOffers.providers(in: folder) : providers
        let store = PriceStore(folder: folder)
        var reverted: [String] = []
        for name in names {
            if try store.revert(name) { reverted.append(name) }
        }
        switch options.output {
        case .json: try context.console.out.write(try JSONText.encode(Reverted(reverted: reverted)))
        case .text:
            let words =
                reverted.isEmpty
                ? "no prices were refreshed" : "\(Figures.list(reverted)): the prices that came with sky count"
            try context.console.err.line("\(words)")
        }
        return .done
    }

    private struct Reverted: Encodable {
        let version = 1
        let reverted: [String]
    }
}
