import SkyCatalog
import SkyCore
import SkyPlacement
import SkyProviders

/// The catalog of this installation, and what can be done with its providers from here.
struct CatalogAccess {
    private let context: CommandContext

    init(_ context: CommandContext) { self.context = context }

    /// All of it, or one provider's part, for which the others need not even be read.
    func load(only provider: String? = nil) throws -> Catalog {
        let root = try context.installation().providers
        return try Catalog.load(root: root, host: ThisMachine.shape, only: provider.map { [$0] })
    }

    /// The adapters of the catalog's providers. Nothing is asked of any of them yet.
    func adapters(for catalog: Catalog) throws -> AdapterRegistry {
        let home = context.environment["HOME"] ?? ""
        let profiles = catalog.providers.map { profile in
            AdapterProfile(
                name: profile.name, displayName: profile.displayName, adapter: profile.adapter,
                credentials: profile.credentials.map { source in
                    switch source {
                    case .environment(let names):
                        CredentialFinding(variables: names, environment: context.environment)
                    case .file(let path): CredentialFinding(file: path, home: home)
                    }
                })
        }
        return AdapterRegistry(
            stateDirectory: try context.paths().state, agentExecutable: try context.installation().agentPath,
            profiles: profiles)
    }
}

/// The catalog as planning asks for it.
struct CatalogOffers: OfferSource {
    let catalog: Catalog

    func offers(for request: ResourceRequest) -> [Offer] { catalog.offers(for: request) }

    func explainNoOffer(for request: ResourceRequest) -> String {
        let reason = catalog.explainNoOffer(for: request)
        return reason.message + (reason.help.map { " (\($0))" } ?? "")
    }

    func pricePerGigabyte(from: Location, to: Location) -> Money { catalog.pricePerGigabyte(from: from, to: to) }
    func gigabitsPerSecond(from: Location, to: Location) -> Double { catalog.gigabitsPerSecond(from: from, to: to) }
}
