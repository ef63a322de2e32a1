import SkyCore
import SkyTestSupport
import Testing

@testable import SkyCatalog

@Suite("Reading provider.yaml")
struct ProfileReaderTests {
    private func read(_ text: String) -> (profile: ProviderProfile?, diagnostics: [Diagnostic]) {
        var reader = ProfileReader(path: "provider.yaml")
        let profile = reader.read(Array(text.utf8))
        return (profile, reader.diagnostics)
    }

    @Test("every field is kept")
    func everything() throws {
        let (profile, diagnostics) = read(
            """
            name: cloud
            display_name: The Cloud
            adapter: ec2
            placement: explicit
            credentials:
              - environment: [KEY, SECRET]
              - file: ~/.cloud
            regions:
              east: {continent: asia, place: "Tokyo, JP"}
              "NO": {}
            capability_regions: {vault: ["NO", east]}
            capability_surcharges:
              - {capability: vault, asked_as: [safe], percent_of_on_demand: 12.5, per_cpu_hour: 0.0033982, source: a page}
            throughput: {same_region_gbps: 12.5, default_gbps: 3}
            limits: {spot_notice: 2m}
            """)
        #expect(diagnostics == [])
        #expect(
            profile
                == ProviderProfile(
                    name: "cloud", displayName: "The Cloud", adapter: "ec2", placement: .explicit,
                    credentials: [.environment(["KEY", "SECRET"]), .file("~/.cloud")],
                    regions: [.init(name: "east", continent: "asia", place: "Tokyo, JP"), .init(name: "NO")],
                    capabilityRegions: ["vault": ["NO", "east"]],
                    capabilitySurcharges: [
                        .init(
                            capability: "vault", askedAs: ["safe"], onDemandShare: 12_500_000_000,
                            perCPUHour: Money(nanodollars: 3_398_200), source: "a page")
                    ], sameRegionGbps: 12.5, defaultGbps: 3, spotNotice: .seconds(120)))
    }

    @Test("a name is enough")
    func nameOnly() {
        let (profile, diagnostics) = read("name: cloud\n")
        #expect(diagnostics.isEmpty && profile == ProviderProfile(name: "cloud"))
    }

    @Test("all mistakes are reported at once, each at its place")
    func mistakes() throws {
        let text = """
            name: cloud
            adaptor: ec2
            placement: sometimes
            credentials: [{}, {file: [a]}, KEY]
            regions:
              east: {contnent: asia}
              west: Oregon
            capability_regions: {vault: [eats], safe: east}
            capability_surcharges:
              - {asked_as: [vault]}
              - {capability: vault, percent_of_on_demand: ten}
            throughput: {default_gbps: 0}
            limits: {spot_notice: soon}
            """
        let source = SourceFile(path: "provider.yaml", text: text)
        try expectGolden(DiagnosticRenderer(sources: [source]).render(read(text).diagnostics), "profile-mistakes.txt")
    }

    @Test(
        "a file without a name is no profile", arguments: ["", "[]", "adapter: ec2\n", "name: [a]\n", "name:\n", "{"])
    func noProfile(text: String) {
        let (profile, diagnostics) = read(text)
        #expect(profile == nil)
        #expect(!diagnostics.isEmpty)
    }
}
