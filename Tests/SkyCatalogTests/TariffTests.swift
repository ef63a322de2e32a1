import SkyCore
import SkyTestSupport
import Testing

@testable import SkyCatalog

@Suite("Egress and throughput")
struct TariffTests {
    private static let profile = ProviderProfile(
        name: "a", regions: [.init(name: "x"), .init(name: "y"), .init(name: "z")], sameRegionGbps: 20, defaultGbps: 4)

    private func tariffs(_ text: String) -> (rates: [EgressRate], diagnostics: [Diagnostic]) {
        TariffReader.egress(Array("from_region,to,usd_per_gb\n\(text)".utf8), path: "egress.csv", of: Self.profile)
    }

    @Test(
        "the most specific tariff wins",
        arguments: [
            ("a/x", "a/x", "0"), ("a/x", "a/y", "0.01"), ("a/x", "a/z", "0.02"), ("a/x", "b/m", "0.5"),
            ("a/x", "b/n", "0.4"), ("a/x", "local/local", "0.09"), ("a/y", "a/x", "0.03"), ("a/y", "b/m", "0.5"),
            ("a/y", "c/c", "0.12"), ("a/elsewhere", "c/c", "0.12"), ("nobody/nowhere", "a/x", "0"),
        ])
    func specificity(from: String, to: String, price: String) throws {
        let rates = tariffs(
            "*,*,0.12\n*,a/*,0.03\n*,b/m,0.5\nx,*,0.09\nx,a/*,0.02\nx,a/y,0.01\nx,b/*,0.4\n")
        #expect(rates.diagnostics.isEmpty)
        let catalog = Catalog(offers: [], tariffs: Tariffs(egress: rates.rates), profiles: [Self.profile])
        #expect(catalog.pricePerGigabyte(from: location(from), to: location(to)).exactDecimal == price)
    }

    @Test("a region that is not listed pays its provider's dearest way out")
    func unlistedRegion() {
        let rates = tariffs("x,*,0.09\ny,*,0.15\nz,*,0.12\n").rates
        let catalog = Catalog(offers: [], tariffs: Tariffs(egress: rates), profiles: [Self.profile])
        #expect(catalog.pricePerGigabyte(from: location("a/new"), to: location("b/m")).exactDecimal == "0.15")
    }

    @Test("measured pairs have their rate, all others the slower end's default")
    func throughput() {
        let measured = MeasuredThroughput(from: location("a/x"), to: location("b/m"), gigabitsPerSecond: 2.641)
        let catalog = Catalog(
            offers: [], tariffs: Tariffs(throughput: [measured]),
            profiles: [Self.profile, ProviderProfile(name: "b", sameRegionGbps: 5, defaultGbps: 3)])
        let rate = { catalog.gigabitsPerSecond(from: location($0), to: location($1)) }
        #expect(rate("a/x", "b/m") == 2.641)
        #expect(rate("b/m", "a/x") == 3)
        #expect(rate("a/x", "a/y") == 4)
        #expect(rate("a/x", "a/x") == 20)
        #expect(rate("a/x", "nobody/nowhere") == 1)
    }

    @Test("mistakes in tariffs are reported at their fields")
    func mistakes() throws {
        let egress = "w,*,0.1\nx,b,0.1\nx,*,free\nx,*\n"
        let throughput = "from,to,gbps\na/x,b,1\na/x,b/m,0\na/x,b/m,fast\n"
        let diagnostics =
            tariffs(egress).diagnostics
            + TariffReader.throughput(Array(throughput.utf8), path: "throughput.csv").diagnostics
        let sources = [
            SourceFile(path: "egress.csv", text: "from_region,to,usd_per_gb\n\(egress)"),
            SourceFile(path: "throughput.csv", text: throughput),
        ]
        try expectGolden(DiagnosticRenderer(sources: sources).render(diagnostics), "tariff-mistakes.txt")
    }
}

func location(_ text: String) -> Location {
    let parts = text.split(separator: "/").map(String.init)
    return Location(provider: parts.first ?? "", region: parts.last ?? "")
}
