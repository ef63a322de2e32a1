import FoundationEssentials
import SkyCatalog
import SkyCore
import SkyTestSupport
import Testing

@testable import SkyCLI

@Suite("Commands on the catalog")
struct CatalogCommandTests {
    private let environment = InstallationFixture.environment()
    private let wide = Terminal(isInteractive: false, width: 110, isColoured: false)

    private func sky(_ arguments: String..., in environment: [String: String]? = nil) async -> CommandRun {
        await CommandRun(arguments, environment: environment ?? self.environment, terminal: wide)
    }

    @Test(
        "each look into the catalog reads well",
        arguments: [
            (["gpus"], "gpus.txt"), (["gpus", "--all", "--output", "csv"], "gpus.csv"),
            (["gpus", "T4", "--output", "json"], "gpus.json"), (["catalog", "show", "acme"], "catalog-provider.txt"),
            (["catalog", "show", "m.small"], "catalog-machine.txt"),
            (["catalog", "list", "--accelerator", "A100", "--output", "csv"], "catalog-list.csv"),
        ])
    func screens(arguments: [String], golden: String) async throws {
        let run = await CommandRun(arguments, environment: environment, terminal: wide)
        try expectGolden(InstallationFixture.withoutPaths(run.transcript), golden)
    }

    @Test(
        "accelerators are filtered by what is asked",
        arguments: [
            (["--count", "1"], ["A100", "T4"]), (["--count", "2+"], []), (["--spot"], ["A100"]),
            (["--cloud", "nimbus"], ["T4"]), (["--region", "east"], ["A100"]), (["t4:1"], ["T4"]),
            (["--area", "europe"], ["T4"]),
        ] as [([String], [String])])
    func gpuFilters(arguments: [String], names: [String]) async {
        let run = await CommandRun(["gpus", "--output", "csv"] + arguments, environment: environment)
        #expect(run.status == 0, "\(run.err)")
        let lines = run.out.split(separator: "\n").dropFirst()
        #expect(lines.map { $0.split(separator: ",").first.map(String.init) } == names)
    }

    @Test(
        "names that nothing goes by are refused with what is near",
        arguments: [
            (["gpus", "A10O"], "did you mean 'A100'"), (["gpus", "--area", "mars"], "no region is in an area"),
            (["gpus", "--region", "esat"], "did you mean 'east'"), (["gpus", "--memory", "much"], "--memory 80+"),
            (["catalog", "show", "m.smal"], "did you mean 'm.small'"),
            (["catalog", "show", "x"], "providers are acme"),
        ] as [([String], String)])
    func unknown(arguments: [String], hint: String) async {
        let run = await CommandRun(arguments, environment: environment)
        #expect(run.status == 2 && run.err.contains(hint), "\(run.err)")
    }

    @Test("one's own prices count everywhere, and mistakes in them stop the command where they are")
    func ownPrices() async throws {
        try await withTemporaryFolder { home in
            let folder = "\(home)/config/providers/acme"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            func write(_ text: String) throws {
                try Data(text.utf8).write(to: URL(filePath: "\(folder)/provider.yaml"))
            }
            let environment = InstallationFixture.environment(home: home)
            try write("name: acme\ndiscounts: [{types: g.one, percent: 50}]\n")
            #expect(
                await sky("gpus", "A100", "--output", "csv", in: environment).out.contains(",1.75,acme/east/g.one,"))
            try write("name: acme\ndiscounts: [{types: g.none, percent: 50}]\n")
            let wrong = await sky("gpus", in: environment)
            #expect(wrong.status == 2 && wrong.err.contains("provider.yaml:2:13: error: no machine type is like"))
            try write("name: acme\nreservations: [{instance_type: g.one, region: east, count: 1}]\n")
            #expect(await sky("catalog", "list", "--capability", "reserved", in: environment).out.contains("$0.00"))
        }
    }

    @Test("two catalogs are compared by folder")
    func diff() async throws {
        try await withTemporaryFolder { home in
            let installed = try Installation(environment: environment, executable: "/nowhere").providers
            try FileManager.default.copyItem(atPath: installed, toPath: "\(home)/older")
            let offers = URL(filePath: "\(home)/older/acme/offers.csv")
            let text = String(decoding: try Data(contentsOf: offers), as: UTF8.self)
            let changed = text.replacing("0.8,0.2", with: "0.4,0.25").replacing("m.small,west", with: "m.tiny,west")
            try Data(changed.utf8).write(to: offers)
            let run = await sky("catalog", "diff", "\(home)/older")
            try expectGolden(run.transcript.replacing(home, with: "[HOME]"), "catalog-diff.txt")
            #expect(await sky("catalog", "diff", installed, installed).out.contains("the same prices"))
        }
    }
}
