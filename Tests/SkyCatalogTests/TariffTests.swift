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

    @Test("tiers add up to what counting each gigabyte gives")
    func tierSums() {
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<200 {
            let limits = (0..<3).map { _ in Int64.random(in: 1...60, using: &generator) }
            let tiers = EgressRate(
                provider: "a", region: nil, destination: .anywhere,
                tiers: Set(limits).map {
                    EgressTier(upToGB: $0, perGigabyte: Money(nanodollars: .random(in: 0...1000, using: &generator)))
                } + [EgressTier(perGigabyte: Money(nanodollars: 7))]
            ).tiers
            let (used, size) = (
                Int64.random(in: 0...50, using: &generator), Int64.random(in: 0...90, using: &generator)
            )
            let counted = (used..<used + size).reduce(Int64(0)) { sum, gigabyte in
                sum + (tiers.first { gigabyte < $0.upToGB ?? .max }?.perGigabyte.nanodollars ?? 0)
            }
            let price = tiers.price(
                of: DataSize(bytes: size * 1_000_000_000), after: DataSize(bytes: used * 1_000_000_000))
            #expect(price.nanodollars == counted)
        }
    }

    @Test(
        "a replacement holds for what it names, and only for that",
        arguments: [
            ("a/x", "b/m", "0.5"), ("a/x", "b/n", "0.4"), ("a/y", "b/m", "0.07"), ("a/x", "a/y", "0.01"),
            ("a/x", "a/x", "0"), ("a/y", "a/y", "0.003"),
        ])
    func replacement(from: String, to: String, price: String) throws {
        let text =
            "from,to,usd_per_gb,up_to_gb,gbps\na/x,b/m,0.5,100,8\na/x,b/m,0.25,,\na/x,b/*,0.4,,\na/y,a/y,0.003,,\n"
        let (replacing, diagnostics) = TariffReader.replacement(Array(text.utf8), path: "t.csv", providers: ["a"])
        #expect(diagnostics.isEmpty)
        let rates = tariffs("x,*,0.09\ny,*,0.07\nx,a/*,0.01\n").rates
        let catalog = Catalog(offers: [], tariffs: Tariffs(egress: rates), profiles: [Self.profile])
            .replacingTariffs(with: replacing)
        #expect(catalog.pricePerGigabyte(from: location(from), to: location(to)).exactDecimal == price)
        #expect(catalog.gigabitsPerSecond(from: location("a/x"), to: location("b/m")) == 8)
        let large = DataSize(bytes: 300_000_000_000)
        #expect(catalog.price(of: large, from: location("a/x"), to: location("b/m")).exactDecimal == "100")
    }

    @Test("an allowance counts only when somebody says that nothing else uses it up")
    func allowance() {
        func price(_ egress: ProviderProfile.Egress) -> String {
            var profile = Self.profile
            profile.egress = egress
            let rate = EgressRate(
                provider: "a", region: nil, destination: .anywhere,
                tiers: [
                    EgressTier(upToGB: 200, perGigabyte: Money(nanodollars: 100_000_000)),
                    EgressTier(perGigabyte: Money(nanodollars: 10_000_000)),
                ])
            return Catalog(offers: [], tariffs: Tariffs(egress: [rate]), profiles: [profile])
                .price(of: DataSize(bytes: 150_000_000_000), from: location("a/x"), to: location("b/m")).exactDecimal
        }
        #expect(price(.init(freeGBPerMonth: 100)) == "15")
        #expect(price(.init(freeGBPerMonth: 100, countsAllowance: true)) == "5")
        #expect(price(.init(freeGBPerMonth: 100, countsAllowance: true, usedGBPerMonth: 60)) == "10.1")
        #expect(price(.init(usedGBPerMonth: 200)) == "1.5")
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
