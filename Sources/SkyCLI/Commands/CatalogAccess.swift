import FoundationEssentials
import SkyCatalog
import SkyCore
import SkyPlacement
import SkyProviders

/// The catalog of this installation, and what can be done with its providers from here.
struct CatalogAccess {
    private let context: CommandContext

    init(_ context: CommandContext) { self.context = context }

    /// All of it, or the part of some providers, for which the others need not even be read.
    func load(only providers: Set<String>? = nil) throws -> Catalog {
        try Catalog.load(root: try context.installation().providers, host: ThisMachine.shape, only: providers)
    }

    func speeds() throws -> AcceleratorSpeeds { try AcceleratorSpeeds.load(root: try context.installation().providers) }

    /// The adapters of these providers. Nothing is asked of any of them yet. `SKY_MOCK` names a script of failures.
    func adapters(for providers: [ProviderProfile]) throws -> AdapterRegistry {
        let home = context.environment["HOME"] ?? ""
        let profiles = providers.map { profile in
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
            script: try script(for: providers), profiles: profiles)
    }

    /// How providers are to misbehave, for tests and for trying things out.
    private func script(for providers: [ProviderProfile]) throws -> MockScript? {
        guard let path = context.environment["SKY_MOCK"], !path.isEmpty else { return nil }
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw CommandFailure(.wrongRequest, "SKY_MOCK: cannot read \(path)", hints: ["unset SKY_MOCK"])
        }
        return try MockScript(SourceFile(path: path, text: text), providers: providers.map(\.name))
    }
}
