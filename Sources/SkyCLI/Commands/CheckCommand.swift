import ArgumentParser
import SkyCatalog
import SkyCore
import SkyProviders

struct CheckCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Say which providers can be used from here, and why the others cannot.",
        discussion: """
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
        case .json: try out.write(try JSONText.encode(CheckJSON(rows)))
        case .text: try out.lines(CheckScreen(providers: rows).lines(width: out.terminal.width))
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
