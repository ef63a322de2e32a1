public import SkyCore

extension Catalog {
    /// Reads a folder that holds a folder per provider; docs/catalog.md describes the files.
    ///
    /// - Parameters:
    ///   - root: the folder, such as `providers`.
    ///   - refreshed: a folder of refreshed prices (`RefreshedOffers`), which stand in the place of the shipped ones; it
    ///     need not be there.
    ///   - user: a folder of the same form with a person's own prices and providers; it need not be there.
    ///   - cache: a folder to keep the catalog in as it is searched, so that the files are read only after a change. Made
    ///     if it is not there; done without where it cannot be written. Nil: read the files.
    ///   - host: what `local` offers.
    ///   - own: what a person has themselves, at providers that the folder knows.
    ///   - only: the providers wanted, by name; nil for all. Without a cache others are not read at all.
    ///   - settings: which figures are believed.
    /// - Throws: everything wrong with any of the files, with its place.
    public static func load(
        root: String, refreshed: String? = nil, user: String? = nil, cache: String? = nil, host: HostShape,
        own: [OwnMachines] = [], only: Set<String>? = nil, settings: CatalogSettings = CatalogSettings()
    ) throws(DiagnosticsError) -> Catalog {
        let user = user.flatMap { fileExists($0) ? $0 : nil }
        let folders = CatalogFolders(root: root, refreshed: refreshed, user: user)
        guard let cache else {
            return Catalog(
                try CatalogLoader.load(folders, host: host, own: own, only: only, today: settings.today),
                settings: settings)
        }
        let inputs = CatalogInputs(folders, host: host, own: own, today: settings.today)
        let stamp = inputs.stamp
        let bytes = try CatalogCache(folder: cache, key: folders.key).image(stamp: stamp) {
            () throws(DiagnosticsError) in
            var draft = try CatalogLoader.load(folders, host: host, own: own, only: nil, today: settings.today)
            draft.digest = inputs.digest()
            return draft.image(stamp: stamp)
        }
        do throws(DamagedImage) {
            let catalog = try Catalog(bytes, settings: settings, only: only)
            try catalog.check(only, root: root)
            return catalog
        } catch {
            // The checksum was right, so this is an image that another program of this version wrote differently.
            return Catalog(
                try CatalogLoader.load(folders, host: host, own: own, only: only, today: settings.today),
                settings: settings)
        }
    }

    /// - Throws: `DamagedImage` when a provider that is wanted is not there; reading the files says which.
    private func check(_ only: Set<String>?, root: String) throws(DamagedImage) {
        guard let only, only.count != shelves.count else { return }
        throw DamagedImage()
    }

    /// This catalog with the tariffs of a file for all that it says something about: `from,to,usd_per_gb[,up_to_gb][,gbps]`.
    /// A row that names two regions, or one and `provider/*` or `*`, says something about these ways; all others keep
    /// their tariff.
    ///
    /// - Throws: everything wrong with the file, with its place.
    public func replacingTariffs(with path: String) throws(DiagnosticsError) -> Catalog {
        let bytes = try fileBytes(path)
        let (tariffs, diagnostics) = TariffReader.replacement(bytes, path: path, providers: providers.map(\.name))
        guard diagnostics.isEmpty else {
            throw DiagnosticsError(
                diagnostics, sources: [SourceFile(path: path, text: String(decoding: bytes, as: UTF8.self))])
        }
        return replacingTariffs(with: tariffs)
    }
}

/// Reads a folder of providers: `<root>/<name>/provider.yaml`, `offers.csv` (or `offers.csv.gz`), `egress.csv`, and
/// `<root>/throughput.csv`, `<root>/accelerators.csv`; of providers whose prices were refreshed those offers instead. Then
/// the same from a person's own folder, over it.
struct CatalogLoader {
    private let root: String
    private let user: String?
    /// By provider: the folder of its refreshed prices.
    private let refreshed: [String: String]
    private let host: HostShape
    private let own: [OwnMachines]
    private let today: CalendarDay?
    private var draft = CatalogDraft()
    private var diagnostics: [Diagnostic] = []
    private var sources: [SourceFile] = []

    static func load(
        _ folders: CatalogFolders, host: HostShape, own: [OwnMachines], only: Set<String>?, today: CalendarDay?
    ) throws(DiagnosticsError) -> CatalogDraft {
        var loader = CatalogLoader(folders, host: host, own: own, today: today)
        loader.readAll(only: only)
        guard !loader.diagnostics.contains(where: { $0.severity == .error }) else {
            throw DiagnosticsError(loader.diagnostics, sources: loader.sources)
        }
        return loader.draft
    }

    private init(_ folders: CatalogFolders, host: HostShape, own: [OwnMachines], today: CalendarDay?) {
        root = folders.root
        user = folders.user
        refreshed = folders.refreshed
        self.own = own
        self.today = today
        self.host = host
    }

    private mutating func readAll(only: Set<String>?) {
        let shipped = Self.providers(in: root)
        let own = user.map(Self.providers) ?? []
        let names = Set(shipped + own).sorted()
        if shipped.isEmpty {
            diagnostics.append(
                Diagnostic(
                    code: "catalog.no-providers", path: root, message: "the folder holds no provider",
                    expected: "a folder per provider with a provider.yaml in it"))
        }
        for name in (only ?? []).sorted() where !names.contains(name) {
            diagnostics.append(
                Diagnostic(
                    code: "catalog.unknown-provider", path: root, message: "there is no provider '\(name)'",
                    expected: "one of \(names.joined(separator: ", "))",
                    help: nearestName(to: name, among: names).map { "did you mean '\($0)'?" }))
        }
        readFacts()
        for name in names where only?.contains(name) ?? true {
            if shipped.contains(name) { readProvider(name, in: root, over: nil) }
            if let user, own.contains(name) {
                let place = draft.providers.firstIndex { $0.profile.name == name }
                readProvider(name, in: user, over: place)
            }
        }
        for folder in [root, user].compactMap({ $0 }) {
            readOptional("\(folder)/throughput.csv") { loader, bytes, path in
                let (pairs, problems) = TariffReader.throughput(bytes, path: path)
                loader.draft.tariffs.throughput += pairs
                return problems
            }
        }
    }

    private static func providers(in folder: String) -> [String] {
        folderEntries(folder).filter { fileExists("\(folder)/\($0)/provider.yaml") }
    }

    private mutating func readFacts() {
        var facts: [AcceleratorFacts.Fact] = []
        for folder in [root, user].compactMap({ $0 }) {
            readOptional("\(folder)/accelerators.csv") { _, bytes, path in
                let (read, problems) = AcceleratorFacts.read(bytes, path: path)
                facts += read.facts
                return problems
            }
        }
        draft.facts = AcceleratorFacts(facts)
    }

    /// - Parameter place: of the shipped provider that a person's own files are about; nil for a new one.
    private mutating func readProvider(_ folder: String, in root: String, over place: Int?) {
        var profile: ProviderProfile?
        var rules = UserRules()
        let today = today
        let base = place.map { draft.providers[$0].profile }
        let isOwn = root == user
        readFile("\(root)/\(folder)/provider.yaml") { _, bytes, path in
            var reader = ProfileReader(path: path, base: base, allowsRules: isOwn, today: today)
            profile = reader.read(bytes)
            rules = reader.rules
            return reader.diagnostics
        }
        // Their sources come with refreshed prices; what the provider is stays as it was shipped.
        let fresh = isOwn ? nil : refreshed[folder]
        if let fresh {
            readFile("\(fresh)/provider.yaml") { _, bytes, path in
                var reader = ProfileReader(path: path, base: profile)
                profile = reader.read(bytes) ?? profile
                return reader.diagnostics.map { RefreshedOffers.explained($0, folder) }
            }
        }
        guard var profile else { return }
        let machines = isOwn ? [] : own.filter { $0.provider == profile.name }
        for machine in machines where !profile.regions.contains(where: { $0.name == machine.region.name }) {
            profile.regions.append(machine.region)
        }
        profile.quotas = rules.quotas.map { quota in
            var own = quota
            own.provider = profile.name
            return own
        }
        if profile.name != folder {
            diagnostics.append(
                Diagnostic(
                    code: "catalog.misplaced-provider", path: "\(root)/\(folder)/provider.yaml",
                    message: "provider '\(profile.name)' stands in the folder '\(folder)'",
                    expected: "the folder and the provider to have one name"))
        }
        var rows = place.map { draft.providers[$0].rows } ?? OfferRows()
        let host = host
        let regionNames = Set(profile.regions.map(\.name))
        let isFree = profile.placement == .explicit
        readOffers("\(fresh ?? "\(root)/\(folder)")/offers.csv", isRequired: !isOwn) { _, bytes, path in
            var reader = OfferTableReader(
                bytes: bytes, path: path, regionNames: regionNames, host: host, sources: profile.sources,
                isFree: isFree, usual: isOwn ? PriceSource.plain[3] : PriceSource.plain[0])
            let (read, problems) = reader.read()
            if place == nil {
                rows = read
                if !isOwn { rows.flagOutliers() }
            } else {
                rows.override(with: read)
            }
            return fresh == nil ? problems : problems.map { RefreshedOffers.explained($0, folder) }
        }
        for machine in machines { machine.add(to: &rows) }
        readRules(rules, profile, &rows, path: "\(root)/\(folder)/provider.yaml")
        if let place {
            draft.providers[place] = CatalogDraft.Provider(profile: profile, rows: rows)
        } else {
            draft.providers.append(CatalogDraft.Provider(profile: profile, rows: rows))
        }
        readOptional("\(root)/\(folder)/egress.csv") { loader, bytes, path in
            let (rates, problems) = TariffReader.egress(bytes, path: path, of: profile)
            loader.draft.tariffs.egress += rates
            return problems
        }
        if let rate = rules.egressPerGigabyte {
            draft.tariffs.egress.append(
                EgressRate(provider: profile.name, region: nil, destination: .anywhere, perGigabyte: rate))
        }
        checkTariffs(of: profile, path: "\(root)/\(folder)/egress.csv")
    }

    private mutating func readRules(
        _ rules: UserRules, _ profile: ProviderProfile, _ rows: inout OfferRows, path: String
    ) {
        let problems = rules.apply(to: &rows, of: profile, path: path)
        guard !problems.isEmpty else { return }
        diagnostics += problems
        addSource(path)
    }

    /// A region without a tariff would make every transfer out of it look free.
    private mutating func checkTariffs(of profile: ProviderProfile, path: String) {
        let anywhere = draft.tariffs.egress.filter { $0.provider == profile.name && $0.destination == .anywhere }
        guard !anywhere.contains(where: { $0.region == nil }) else { return }
        let covered = Set(anywhere.compactMap(\.region))
        let missing = profile.regions.map(\.name).filter { !covered.contains($0) }
        guard !missing.isEmpty else { return }
        diagnostics.append(
            Diagnostic(
                code: "catalog.no-tariff", path: path,
                message: "nothing says what leaving \(missing.joined(separator: ", ")) costs",
                expected: "a row from each region, or from *, to *"))
    }

    private typealias Read = (inout CatalogLoader, [UInt8], String) -> [Diagnostic]

    private mutating func readOptional(_ path: String, _ read: Read) {
        if fileExists(path) || fileExists("\(path).gz") { readFile(path, read) }
    }

    private mutating func readOffers(_ path: String, isRequired: Bool, _ read: Read) {
        if isRequired { readFile(path, read) } else { readOptional(path, read) }
    }

    /// The file, or its packed form if only that is there. Keeps the text only when something is wrong with it.
    private mutating func readFile(_ path: String, _ read: Read) {
        do throws(DiagnosticsError) {
            let bytes = try textBytes(path)
            let problems = read(&self, bytes, path)
            guard !problems.isEmpty else { return }
            diagnostics += problems
            sources.append(SourceFile(path: path, text: String(decoding: bytes, as: UTF8.self)))
        } catch {
            diagnostics += error.diagnostics
        }
    }

    private mutating func addSource(_ path: String) {
        guard !sources.contains(where: { $0.path == path }), let bytes = try? textBytes(path) else { return }
        sources.append(SourceFile(path: path, text: String(decoding: bytes, as: UTF8.self)))
    }
}
