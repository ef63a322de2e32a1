import SkyCatalog
import SkyPlacement
import SkyProviders

/// What can be rented from here, and how.
struct Market {
    let offers: CatalogOffers
    let adapters: AdapterRegistry

    /// - Parameter tariffs: a file whose tariffs are taken instead of the catalog's, for a comparison.
    init(in context: CommandContext, tariffs: String? = nil) throws {
        let access = CatalogAccess(context)
        var catalog = try access.load()
        if let tariffs { catalog = try catalog.replacingTariffs(with: tariffs) }
        offers = CatalogOffers(catalog: catalog, speeds: try access.speeds())
        adapters = try access.adapters(for: catalog.providers)
    }
}
