import ArgumentParser
import SkyBroker
import SkyCatalog
import SkyCore
import SkyProcess
import SkyProviders

struct CheckCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Say which providers can be used from here, and why the others cannot.",
        discussion: """
            Each host of your own (ssh.yaml) is asked whether it answers, and each cluster (slurm.yaml) what it has. Places that have refused lately are listed below: all runs stay away from them for a while, longer with each \
            refusal in a row.

            EXAMPLES
              sky check
              sky check --output json
            """)

    @OptionGroup var options: OutputOptions

    func execute(in context: CommandContext) throws -> ExitStatus {
        let access = CatalogAccess(context)
        try access.askClusters()
        let catalog = try access.load()
        let registry = try access.adapters(for: catalog.providers)
        let rows = try registry.availability.map { availability in
            var row = CheckRow(availability, in: catalog)
            guard availability.status == .usable,
                let adapter = try registry.adapter(for: availability.provider) as? any ProbingAdapter
            else { return row }
            row.hosts = try AsyncWork.run { await adapter.probe() }.map {
                CheckRow.Host(pool: $0.region, name: $0.name, answers: $0.answers, message: $0.message)
            }
            return row
        }
        let out = context.console.out
        switch options.output {
        case .json: try out.write(try JSONText.encode(CheckJSON(rows, avoided: Refusals(in: context).places)))
        case .text:
            let screen = CheckScreen(providers: rows, avoided: try Refusals(in: context).places)
            try out.lines(screen.lines(width: out.terminal.width))
        }
        return .done
    }
}

extension CheckRow {
    init(_ availability: ProviderAvailability, in catalog: Catalog) {
        let standing: Standing =
            switch availability.status {
            case .usable: .ready
            case .standIn: .standIn
            case .unusable: .unusable
            }
        self.init(
            provider: availability.provider, displayName: availability.displayName, standing: standing,
            offers: catalog.offerCount(of: availability.provider),
            regions: catalog.provider(named: availability.provider)?.regions.count ?? 0, reason: availability.reason,
            credentials: availability.credentials.map { .init(place: $0.place, isPresent: $0.isPresent) })
    }
}
