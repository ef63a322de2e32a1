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
            Places that have refused lately are listed below: all runs stay away from them for a while, longer with each \
            refusal in a row.

            EXAMPLES
              sky check
              sky check --output json
            """)

    @OptionGroup var options: OutputOptions

    func execute(in context: CommandContext) throws -> ExitStatus {
        let access = CatalogAccess(context)
        let catalog = try access.load()
        let rows = try access.adapters(for: catalog.providers).availability.map { CheckRow($0, in: catalog) }
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
