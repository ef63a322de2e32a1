import FoundationEssentials
import SkyCatalog
import SkyCore
import SkyTestSupport
import Testing

@Suite("Loading a folder of providers")
struct LoaderTests {
    private let host = HostShape(cpus: 4, memoryGiB: 16)

    private func write(_ files: [String: String], to root: String) throws {
        for (path, text) in files {
            let url = URL(filePath: "\(root)/\(path)")
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: url)
        }
    }

    private func failure(_ root: String, only: Set<String>? = nil) -> DiagnosticsError? {
        do throws(DiagnosticsError) {
            _ = try Catalog.load(root: root, host: host, only: only)
            return nil
        } catch {
            return error
        }
    }

    private static let good = [
        "cloud/provider.yaml": "name: cloud\nregions: {east: {}}\n",
        "cloud/offers.csv": "instance_type,region,cpus,memory_gib,price\nsmall,east,2,8,0.1\n",
        "cloud/egress.csv": "from_region,to,usd_per_gb\n*,*,0.09\n",
    ]

    @Test("three files make a provider; other folders are passed over")
    func good() async throws {
        try await withTemporaryFolder { root in
            try write(Self.good, to: root)
            try write(["notes/readme.txt": "", "stray.txt": ""], to: root)
            let catalog = try Catalog.load(root: root, host: host)
            #expect(catalog.providers.map(\.name) == ["cloud"])
            #expect(catalog.offers(for: ResourceRequest()).map(\.instanceType) == ["small"])
        }
    }

    @Test("mistakes in all files of all providers come together")
    func mistakes() async throws {
        try await withTemporaryFolder { root in
            try write(Self.good, to: root)
            try write(
                [
                    "cloud/offers.csv": "instance_type,region,cpus,memory_gib,price\nsmall,east,two,8,0.1\n",
                    "other/provider.yaml": "name: another\nregions: {r: {}}\n",
                    "throughput.csv": "from,to\n",
                ], to: root)
            let error = try #require(failure(root))
            #expect(
                error.diagnostics.map(\.code).sorted() == [
                    "catalog.bad-number", "catalog.misplaced-provider", "catalog.missing-column", "catalog.no-tariff",
                    "catalog.unreadable",
                ])
            #expect(error.sources.map(\.path) == ["\(root)/cloud/offers.csv", "\(root)/throughput.csv"])
        }
    }

    @Test("only the providers asked for are read")
    func only() async throws {
        try await withTemporaryFolder { root in
            try write(Self.good, to: root)
            try write(["broken/provider.yaml": "["], to: root)
            #expect(failure(root) != nil)
            #expect(try Catalog.load(root: root, host: host, only: ["cloud"]).rowCount == 1)
            let error = try #require(failure(root, only: ["clod"]))
            #expect(error.diagnostics.map(\.help) == ["did you mean 'cloud'?"])
        }
    }

    @Test("a folder that is not there has no provider")
    func noFolder() throws {
        #expect(failure("/nonexistent/providers")?.diagnostics.map(\.code) == ["catalog.no-providers"])
    }
}
