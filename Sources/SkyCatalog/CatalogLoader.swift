import SkyCore

/// Reads a folder of providers: `<root>/<name>/provider.yaml`, `offers.csv`, `egress.csv`, and `<root>/throughput.csv`.
struct CatalogLoader {
    private let root: String
    private let host: HostShape
    private var shelves: [ProviderShelf] = []
    private var tariffs = Tariffs()
    private var diagnostics: [Diagnostic] = []
    private var sources: [SourceFile] = []

    static func load(root: String, host: HostShape, only: Set<String>?) throws(DiagnosticsError) -> Catalog {
        var loader = CatalogLoader(root: root, host: host)
        loader.readAll(only: only)
        guard loader.diagnostics.isEmpty else { throw DiagnosticsError(loader.diagnostics, sources: loader.sources) }
        return Catalog(shelves: loader.shelves, tariffs: loader.tariffs)
    }

    private init(root: String, host: HostShape) {
        self.root = root
        self.host = host
    }

    private mutating func readAll(only: Set<String>?) {
        let names = folderEntries(root).filter { fileExists("\(root)/\($0)/provider.yaml") }
        if names.isEmpty {
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
        for name in names where only?.contains(name) ?? true { readProvider(name) }
        readOptional("\(root)/throughput.csv") { loader, bytes, path in
            TariffReader.throughput(bytes, path: path, into: &loader.tariffs.throughput)
        }
    }

    private mutating func readProvider(_ folder: String) {
        var profile: ProviderProfile?
        readFile("\(root)/\(folder)/provider.yaml") { _, bytes, path in
            var reader = ProfileReader(path: path)
            profile = reader.read(bytes)
            return reader.diagnostics
        }
        guard let profile else { return }
        if profile.name != folder {
            diagnostics.append(
                Diagnostic(
                    code: "catalog.misplaced-provider", path: "\(root)/\(folder)/provider.yaml",
                    message: "provider '\(profile.name)' stands in the folder '\(folder)'",
                    expected: "the folder and the provider to have one name"))
        }
        let (host, regionNames) = (host, Set(profile.regions.map(\.name)))
        readFile("\(root)/\(folder)/offers.csv") { loader, bytes, path in
            var reader = OfferTableReader(bytes: bytes, path: path, regionNames: regionNames, host: host)
            let (table, problems) = reader.read()
            loader.shelves.append(ProviderShelf(profile: profile, table: table))
            return problems
        }
        readOptional("\(root)/\(folder)/egress.csv") { loader, bytes, path in
            let (rates, problems) = TariffReader.egress(bytes, path: path, of: profile)
            for rate in rates { loader.tariffs.add(rate) }
            return problems
        }
        checkTariffs(of: profile, path: "\(root)/\(folder)/egress.csv")
    }

    /// A region without a tariff would make every transfer out of it look free.
    private mutating func checkTariffs(of profile: ProviderProfile, path: String) {
        let elsewhere = Location(provider: "", region: "")
        let missing = profile.regions.map(\.name).filter {
            tariffs.pricePerGigabyte(from: Location(provider: profile.name, region: $0), to: elsewhere) == nil
        }
        guard !missing.isEmpty else { return }
        diagnostics.append(
            Diagnostic(
                code: "catalog.no-tariff", path: path,
                message: "nothing says what leaving \(missing.joined(separator: ", ")) costs",
                expected: "a row from each region, or from *, to *"))
    }

    private typealias Read = (inout CatalogLoader, [UInt8], String) -> [Diagnostic]

    private mutating func readOptional(_ path: String, _ read: Read) {
        if fileExists(path) { readFile(path, read) }
    }

    /// Keeps the text of a file only when something is wrong with it.
    private mutating func readFile(_ path: String, _ read: Read) {
        do throws(DiagnosticsError) {
            let bytes = try fileBytes(path)
            let problems = read(&self, bytes, path)
            guard !problems.isEmpty else { return }
            diagnostics += problems
            sources.append(SourceFile(path: path, text: String(decoding: bytes, as: UTF8.self)))
        } catch {
            diagnostics += error.diagnostics
        }
    }
}
