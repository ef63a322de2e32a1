import SkyBroker
import SkyCatalog
import SkyCore
import SkyProviders

/// What all providers that can be used from here hold under our tag.
struct ProviderSurvey {
    let registry: AdapterRegistry
    let survey: Survey

    /// - Parameter wanted: nil for all.
    init(_ context: CommandContext, of wanted: Set<String>? = nil) throws {
        let access = CatalogAccess(context)
        let catalog = try wanted.map { try access.load(only: $0) } ?? access.load()
        let registry = try access.adapters(for: catalog.providers)
        let usable = registry.availability.filter { $0.status != .unusable }.map(\.provider)
            .filter { wanted?.contains($0) ?? true }
        let adapters = try usable.map { try registry.adapter(for: $0) }
        self.registry = registry
        survey = try AsyncWork.run { await Survey.of(adapters) }
    }

    /// Says on the error stream which providers did not answer.
    func complain(on console: Console) throws {
        for failure in survey.failures {
            try console.err.line("\("warning:", .yellow, bold: true) \(failure); what it holds is not known")
        }
    }
}

/// Gives groups back one after the other, and says what is left.
struct GroupReturn {
    let context: CommandContext

    /// - Parameter isAllowed: asked of each group just before it goes.
    /// - Returns: by token, why a group is still there; none for those that are gone.
    func giveBack(
        _ groups: [NodeGroup], through registry: AdapterRegistry, isAllowed: (NodeGroup) throws -> Bool = { _ in true }
    ) throws -> [String: String] {
        var left: [String: String] = [:]
        for group in groups {
            guard try isAllowed(group) else {
                left[group.token] = "its run is live again"
                continue
            }
            do {
                let adapter = try registry.adapter(for: group.provider)
                try AsyncWork.run { try await GivingBack(adapter).giveBack(group.token, of: group.run) }
            } catch let error as ProviderError {
                left[group.token] = error.message
            }
        }
        return left
    }
}
