import SkyCatalog
import SkyCore

/// The catalog of this installation.
struct CatalogAccess {
    private let context: CommandContext

    init(_ context: CommandContext) { self.context = context }

    /// All of it, or one provider's part, for which the others need not even be read.
    func load(only provider: String? = nil) throws -> Catalog {
        let root = try context.installation().providers
        return try Catalog.load(root: root, host: ThisMachine.shape, only: provider.map { [$0] })
    }
}
