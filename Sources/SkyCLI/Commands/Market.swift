import SkyCatalog
import SkyCore
import SkyPlacement
import SkyProviders

/// What can be rented from here, and how.
struct Market {
    let offers: CatalogOffers
    let adapters: AdapterRegistry
    /// Where artifacts are kept.
    let stores: StoreSettings
    /// As it is without other tariffs; nil when it is not compared with any.
    private let usual: Catalog?

    /// - Parameters:
    ///   - tariffs: a file whose tariffs are taken instead of the catalog's, for a comparison.
    ///   - transfers: what planned transfers may use; nil: they go as runs carry them.
    init(in context: CommandContext, tariffs: String? = nil, transfers: TransferLimits? = nil) throws {
        let access = CatalogAccess(context)
        var catalog = try access.load()
        usual = tariffs == nil ? nil : catalog
        if let tariffs { catalog = try catalog.replacingTariffs(with: tariffs) }
        stores = try StoreSettings.read(in: context)
        offers = try access.offers(of: catalog, keptIn: stores, transfers: transfers)
        adapters = try access.adapters(for: catalog.providers)
    }

    /// Tariffs for a comparison may say anything, but not unnoticed: each way of a plan that they make free, or ten times
    /// dearer or cheaper than the catalog has it.
    func doubtfulTariffs(of plan: Plan) -> [String] {
        guard let usual else { return [] }
        var doubts: [String] = []
        for transfer in plan.transfers where transfer.from != transfer.to && transfer.size > .zero {
            let (from, to) = (transfer.from, transfer.to)
            let (new, old) = (
                offers.pricePerGigabyte(from: from, to: to), usual.pricePerGigabyte(from: from, to: to)
            )
            let isJump = new > old * 10 || old > new * 10 || (new == old * 10 && new > .zero) || (old == new * 10)
            guard new != old, new == .zero || old == .zero || isJump else { continue }
            let price = { (price: Money) in price == .zero ? "nothing" : "\(price.formatted(decimals: 4)) per GB" }
            let doubt = "these tariffs ask \(price(new)) from \(from) to \(to), the catalog's \(price(old))"
            if !doubts.contains(doubt) { doubts.append(doubt) }
        }
        return doubts
    }
}
