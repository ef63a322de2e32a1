import FoundationEssentials
import SkyCatalog
import SkyCore
import SkyPlacement
import SkyProviders
import SkyStorage

/// The catalog of this installation, and what can be done with its providers from here.
struct CatalogAccess {
    private let context: CommandContext

    init(_ context: CommandContext) { self.context = context }

    /// All of it, or the part of some providers. A person's own prices are in it; what was read before is not read again.
    func load(only providers: Set<String>? = nil) throws -> Catalog {
        // Without a home there are neither settings nor a cache; the catalog is there all the same.
        let paths = try? context.paths()
        let user = paths.map { "\($0.config)/providers" }
        var settings = CatalogSettings(today: today)
        if let user { settings = try CatalogSettings.read(from: user, today: today) }
        return try Catalog.load(
            root: try context.installation().providers, refreshed: paths?.prices, user: user, cache: paths?.cache,
            host: ThisMachine.shape,
            own: try pools().machines + clusters(asksAnyway: providers?.contains("slurm") ?? true).machines
                + kubernetes(asksAnyway: providers?.contains("kubernetes") ?? true).machines,
            only: providers, settings: settings)
    }

    /// As it is planned with: what has to stay in some areas is not kept outside of them either.
    ///
    /// - Parameters:
    ///   - stores: where artifacts are kept.
    ///   - transfers: what planned transfers may use; nil: they go as runs carry them.
    func offers(
        of catalog: Catalog, keptIn stores: StoreSettings, transfers: TransferLimits? = nil
    ) throws -> CatalogOffers {
        let objects = ObjectStores(context)
        let place: @Sendable (Location) -> ArtifactPlace = { location in
            stores.artifactPlace(of: location) { bucket in
                (try? objects.store(of: bucket.url, bucket.choice))?.tellsPlaces ?? false
            }
        }
        return CatalogOffers(
            catalog: catalog, speeds: try speeds(), transfers: transfers,
            artifactPlace: stores.hasPlaces ? place : nil)
    }

    /// When the prices of each provider were read anew; those that are not named have the prices that came with sky.
    func refreshMoments() -> [String: Instant] {
        guard let folder = (try? context.paths())?.prices else { return [:] }
        let moments = RefreshedOffers.providers(in: folder).compactMap { provider in
            RefreshedOffers.moment(of: provider, in: folder).map { (provider, $0) }
        }
        return Dictionary(moments, uniquingKeysWith: { first, _ in first })
    }

    /// The hosts of one's own that `ssh.yaml` among the settings names.
    func pools() throws -> SSHPools {
        guard let paths = try? context.paths() else { return SSHPools() }
        return try SSHPools.read("\(paths.config)/ssh.yaml", home: context.environment["HOME"] ?? "")
    }

    /// The clusters that `slurm.yaml` among the settings names, with what they are known to have.
    ///
    /// - Parameter asksAnyway: those that have not been asked for half a day are asked.
    private func clusters(asksAnyway: Bool) throws -> SlurmClusters {
        guard let (clusters, cache, adapter) = try slurm() else { return SlurmClusters() }
        guard asksAnyway else { return cache.known(clusters) }
        let now = context.now()
        return try AsyncWork.run { await cache.filled(clusters, now: now) { try? await adapter.facts(of: $0) } }
    }

    /// Asks clusters now what they have.
    ///
    /// - Parameter isMeant: whether those of this provider, `kubernetes` or `slurm`, are asked.
    func askClusters(_ isMeant: (_ provider: String) -> Bool) throws {
        let now = context.now()
        if isMeant("kubernetes"), let (clusters, cache, adapter) = try kubernetesAccess() {
            _ = try AsyncWork.run {
                await cache.filled(clusters, now: now, asksAnyway: true) { try? await adapter.facts(of: $0) }
            }
        }
        guard isMeant("slurm"), let (clusters, cache, adapter) = try slurm() else { return }
        try AsyncWork.run { await cache.refresh(clusters, now: now) { try? await adapter.facts(of: $0) } }
    }

    /// The clusters that `kubernetes.yaml` among the settings names, with what they are known to have.
    ///
    /// - Parameter asksAnyway: those that have not been asked for half an hour are asked.
    private func kubernetes(asksAnyway: Bool) throws -> KubernetesClusters {
        guard let (clusters, cache, adapter) = try kubernetesAccess() else { return KubernetesClusters() }
        guard asksAnyway else { return cache.known(clusters) }
        let now = context.now()
        return try AsyncWork.run { await cache.filled(clusters, now: now) { try? await adapter.facts(of: $0) } }
    }

    /// Nil where there are none.
    private func kubernetesAccess() throws -> (KubernetesClusters, KubernetesFactsCache, KubernetesAdapter)? {
        guard let paths = try? context.paths() else { return nil }
        let clusters = try KubernetesClusters.read(
            "\(paths.config)/kubernetes.yaml", home: context.environment["HOME"] ?? "")
        guard !clusters.clusters.isEmpty else { return nil }
        let installation = try context.installation()
        let adapter = KubernetesAdapter(
            clusters: clusters, stateDirectory: paths.state, agentExecutable: installation.agentPath,
            cacheFolder: "\(paths.cache)/kubernetes",
            errors: try ErrorTable.read("kubernetes", in: installation.providers), environment: context.environment)
        return (clusters, KubernetesFactsCache(folder: "\(paths.cache)/kubernetes/facts"), adapter)
    }

    /// Nil where there are none.
    private func slurm() throws -> (SlurmClusters, SlurmFactsCache, SlurmAdapter)? {
        guard let paths = try? context.paths() else { return nil }
        let clusters = try SlurmClusters.read(
            "\(paths.config)/slurm.yaml", home: context.environment["HOME"] ?? "")
        guard !clusters.clusters.isEmpty else { return nil }
        let adapter = SlurmAdapter(
            clusters: clusters, stateDirectory: paths.state, agentExecutable: try context.installation().agentPath,
            environment: context.environment)
        return (clusters, SlurmFactsCache(folder: "\(paths.cache)/slurm"), adapter)
    }

    /// The catalog in some folder, such as another snapshot; nobody's own prices are in it.
    func load(folder: String) throws -> Catalog {
        try Catalog.load(
            root: folder, cache: (try? context.paths())?.cache, host: ThisMachine.shape,
            settings: CatalogSettings(today: today))
    }

    private var today: CalendarDay {
        CalendarDay(number: Int(context.now().millisecondsSince1970 / 86_400_000))
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
            script: try script(for: providers), pools: try pools(),
            clusters: try clusters(asksAnyway: providers.contains { $0.name == "slurm" }),
            kubernetes: try kubernetes(asksAnyway: providers.contains { $0.name == "kubernetes" }),
            clouds: try clouds(), environment: context.environment, profiles: profiles)
    }

    /// The clouds that `clouds.yaml` among the settings names; without a home there are none.
    func clouds() throws -> CloudAccess? {
        guard let paths = try? context.paths() else { return nil }
        let settings = try CloudSettings.read(
            "\(paths.config)/clouds.yaml", home: context.environment["HOME"] ?? "")
        return CloudAccess(
            settings: settings, providers: try context.installation().providers,
            ownProviders: "\(paths.config)/providers", cache: paths.cache,
            environment: context.environment, caller: try context.caller(), now: context.now)
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
