import SkyBroker
import SkyCatalog
import SkyCore
import SkyHTTP
import SkyPlacement
import SkyProcess
import SkyProviders
import SkyStorage

/// Puts together what a driver works with: this installation's catalog, adapters and stores.
struct DriverComposition {
    /// - Parameter log: gets a line for each thing worth knowing afterwards.
    static func world(
        folder: StateFolder, journal: Journal, in context: CommandContext, log: @escaping @Sendable (String) -> Void
    ) throws -> DriverWorld {
        let access = CatalogAccess(context)
        let stores = try ArtifactStores(folder, in: context)
        let catalog = try access.load()
        let offers = try access.offers(of: catalog, keptIn: stores.settings)
        let adapters = try access.adapters(for: catalog.providers)
        let standIns = Set(adapters.availability.filter { $0.status == .standIn }.map(\.provider))
        let relocation = Relocation(offers: offers) { (pipeline) throws(PlacementError) in
            try PolicyAccess.policy(ofRun: pipeline, in: context)
        }
        return DriverWorld(
            folder: folder, journal: journal, adapter: { try? adapters.adapter(for: $0) },
            store: stores.store, inputs: stores,
            pricePerGigabyte: { catalog.pricePerGigabyte(from: $0, to: $1) },
            relocate: { launch, request in
                try relocation.place(of: launch, request, avoiding: journal.unavailablePlaces(at: context.now()))
            },
            isReal: { !standIns.contains($0) },
            http: HTTPClient(), environment: context.environment,
            mountedRemote: stores.remote(at:), now: context.now,
            isWatched: { (try? FileLock.isHeld(folder.watchLock(of: $0))) ?? false }, log: log)
    }
}
