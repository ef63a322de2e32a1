import ArgumentParser
import SkyCatalog
import SkyCore
import SkyProviders

struct ProviderCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "provider",
        abstract: "Rent from clouds for real, and try providers out.",
        discussion: """
            EXAMPLES
              sky provider use aws --set profile=work
              sky provider stand-in aws
              sky provider test local
            """,
        subcommands: [ProviderUseCommand.self, ProviderStandInCommand.self, ProviderTestCommand.self])
}

struct ProviderTestCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Prove that a provider does what is relied upon, on a real account or a stand-in.",
        discussion: """
            Rents its cheapest machine a few times, one without accelerators if there is one, and says before what each check may cost. All \
            of it carries the tag 'sky-conformance' and is given back after each check; what a test that was killed has \
            left is given back first. Ends with 0 if all is kept, 3 if something is not.

            EXAMPLES
              sky provider test local
              sky provider test aws --yes
              sky provider test mock --yes --output json | jq -r '.checks[] | select(.kept | not) | .id'
            """)

    @Argument(help: "The provider; sky check lists them.")
    var provider: String

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    @OptionGroup var options: OutputOptions

    func execute(in context: CommandContext) throws -> ExitStatus {
        let access = CatalogAccess(context)
        let catalog = try access.load()
        let adapter = try access.adapters(for: catalog.providers).adapter(for: provider)
        let trial = try ProviderTrial(adapter, in: catalog)
        let console = context.console
        if options.output == .text { try console.out.lines(trial.announcement(width: console.out.terminal.width)) }
        guard try yes || agrees(to: trial, console) else {
            try console.err.line("nothing was rented")
            return .interrupted
        }
        let kit = trial.kit
        let old = try AsyncWork.run { try await kit.cleanUp() }
        if old > 0 { try console.err.line("\(Figures.count(old, "group")) of an earlier test given back") }
        var results: [ProviderTestJSON.Check] = []
        for check in ConformanceKit.checks {
            let outcome = try AsyncWork.run { await kit.perform(check) }
            results.append(ProviderTestJSON.Check(check, outcome, cost: trial.cost(of: check)))
            guard options.output == .text else { continue }
            switch outcome {
            case .kept: try console.out.line("\("kept", .green)    \(check.title)")
            case .leftOut(let reason): try console.out.line("left out  \(check.title): \(reason)")
            case .broken(let reason):
                try console.out.line("\("BROKEN", .red, bold: true)  \(check.title)")
                try console.out.line("        \(reason)")
            }
        }
        if options.output == .json {
            try console.out.write(try JSONText.encode(ProviderTestJSON(provider: provider, checks: results)))
        }
        return results.allSatisfy(\.kept) ? .done : .providerRefused
    }

    private func agrees(to trial: ProviderTrial, _ console: Console) throws -> Bool {
        if trial.total == .zero { return true }
        guard console.isAnswered else {
            throw CommandFailure(
                .wrongRequest, "nobody is here to agree to \(Figures.amount(trial.total))",
                hints: ["sky provider test \(provider) --yes"])
        }
        return try console.agrees(to: "Rent for up to \(Figures.amount(trial.total))?", byDefault: false)
    }
}

/// What a test of a provider rents, and what that costs at most.
struct ProviderTrial {
    let kit: ConformanceKit
    let offer: Offer
    private let isStandIn: Bool

    /// - Throws: `CommandFailure` when the catalog has no machine of the provider.
    init(_ adapter: any ProviderAdapter, in catalog: Catalog) throws {
        var filter = CatalogFilter()
        filter.provider = adapter.provider
        filter.market = .onDemand
        let offers = catalog.list(filter)
        // Some rent out nothing without accelerators.
        guard let offer = offers.first(where: { $0.accelerator == nil }) ?? offers.first else {
            throw CommandFailure(
                .wrongRequest, "the catalog has no machine of \(adapter.provider)",
                hints: ["sky catalog show \(adapter.provider)"])
        }
        let nonce = String(UInt64.random(in: 0 ... .max), radix: 36)
        guard
            let kit = ConformanceKit(
                adapter, region: offer.region, zone: catalog.zones(of: offer).first, instanceType: offer.instanceType,
                nonce: nonce)
        else { throw CommandFailure(.wrongRequest, "'\(nonce)' cannot be a test's name") }
        self.kit = kit
        self.offer = offer
        isStandIn = adapter.isStandIn
    }

    func cost(of check: ConformanceCheck) -> Money {
        guard !isStandIn else { return .zero }
        return offer.pricePerHour.perHour(for: .seconds(Int64(check.nodes * check.minutes * 60)))
    }

    var total: Money { ConformanceKit.checks.reduce(.zero) { $0 + cost(of: $1) } }

    func announcement(width: Int?) -> [StyledText] {
        var table = Table([
            .init("CHECK"), .init("NODES", .right), .init("UP TO", .right), .init("WHAT", shrinksTo: 20),
        ])
        table.addHeader()
        for check in ConformanceKit.checks {
            table.addRow(["\(check.id)", "\(check.nodes)", "\(Figures.amount(cost(of: check)))", "\(check.title)"])
        }
        let machine = "\(offer.provider)/\(offer.region) \(offer.instanceType)"
        let price =
            isStandIn ? "processes of this machine stand in for it, at no cost" : "at most \(Figures.amount(total))"
        return table.lines(width: width) + [.empty, "\(machine): \(price)", .empty]
    }
}

/// `sky provider test NAME --output json`
struct ProviderTestJSON: Encodable {
    let version = 1
    let provider: String
    let checks: [Check]

    struct Check: Encodable {
        let id: String
        let title: String
        let nodes: Int
        let maxCostUsd: Dollars
        let kept: Bool
        @Nullable var message: String?

        init(_ check: ConformanceCheck, _ outcome: ConformanceOutcome, cost: Money) {
            id = check.id
            title = check.title
            nodes = check.nodes
            maxCostUsd = Dollars(cost)
            switch outcome {
            case .kept: break
            case .leftOut(let reason), .broken(let reason): message = reason
            }
            kept = outcome.complaint == nil
        }
    }
}
