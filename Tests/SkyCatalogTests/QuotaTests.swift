import SkyCore
import SkyTestSupport
import Testing

@testable import SkyCatalog

@Suite("What an account may rent, and which disks there are")
struct QuotaTests {
    private static let shipped = [
        "cloud/provider.yaml": """
        name: cloud
        regions: {east: {country: US}, west: {country: DE}}
        disk:
          per_gb_month: 0.73
          tiers:
            low: {per_gb_month: 0.365}
            high: {per_gb_month: 1.46, per_month: 73, types: ["m*"]}
        """,
        "cloud/offers.csv": """
        instance_type,region,zones,accelerators,cpus,memory_gib,price,spot_price
        m6.large,east,,,2,8,0.1,0.03
        m6.large,west,,,2,8,0.12,0.04
        p4.big,east,,A100:8,96,1000,30,10
        p4.big,west,,A100:8,96,1000,31,11
        """,
        "cloud/egress.csv": "from_region,to,usd_per_gb\n*,*,0.09\n",
    ]

    private func catalog(quotas: String) async throws -> Catalog {
        try await withTemporaryFolder { folder in
            try SmallFolder.write(Self.shipped, to: "\(folder)/shipped")
            try SmallFolder.write(["cloud/provider.yaml": "name: cloud\nquotas:\n\(quotas)"], to: "\(folder)/own")
            return try Catalog.load(
                root: "\(folder)/shipped", user: "\(folder)/own", cache: "\(folder)/cache",
                host: HostShape(cpus: 1, memoryGiB: 1))
        }
    }

    private func request(nodes: Int, _ change: (inout ResourceRequest) -> Void = { _ in }) -> ResourceRequest {
        SmallCatalog.request {
            $0.numNodes = nodes
            change(&$0)
        }
    }

    private static let a100 = AcceleratorCount(name: "A100", count: 8)

    @Test(
        "more machines at one time than a quota allows are not offered, at its regions, types and market alone",
        arguments: [
            ("- {machines: 2}", 2, ["east", "west"]), ("- {machines: 2}", 3, []),
            ("- {regions: [east], cpus: 96}", 1, ["east", "west"]), ("- {regions: [east], cpus: 96}", 2, ["west"]),
            ("- {types: p4, regions: [west], accelerators: 15}", 2, ["east"]),
            ("- {accelerator: a100, accelerators: 0}", 1, []),
            ("- {accelerator: H100, accelerators: 0}", 1, ["east", "west"]),
            ("- {types: m6, machines: 0}", 1, ["east", "west"]),
            ("- {market: spot, machines: 0}", 1, ["east", "west"]),
        ] as [(String, Int, [String])])
    func quotas(quota: String, nodes: Int, regions: [String]) async throws {
        let catalog = try await catalog(quotas: "  \(quota)\n")
        let request = self.request(nodes: nodes) { $0.accelerators = [Self.a100] }
        #expect(catalog.offers(for: request).map(\.region) == regions)
        #expect(catalog.quotas.count == 1 && catalog.quotas[0].provider == "cloud")
    }

    @Test("who gets nothing because of a quota is told which, and how many offers fell to it")
    func explained() async throws {
        let catalog = try await catalog(quotas: "  - {types: p4, cpus: 96}\n")
        let request = self.request(nodes: 2) { $0.accelerators = [Self.a100] }
        let reason: NoOfferReason = catalog.explainNoOffer(for: request)
        #expect(reason.constraint == .quota)
        #expect(reason.message == "all 2 offers that meet it are more than the account may rent (cloud p4: 96 CPUs)")
        let step = try #require(catalog.elimination(for: request).steps.first { $0.constraint == .quota })
        #expect(step.fallen == 2 && step.unlocked == 2 && step.cheapestUnlocked?.region == "east")
    }

    @Test(
        "a quota that cannot be read is a mistake with its place",
        arguments: [
            ("- {types: p4}", "catalog.missing-field"), ("- {cpus: 1, machines: 2}", "catalog.bad-value"),
            ("- {cpus: many}", "catalog.bad-number"), ("- {cpu: 4, machines: 1}", "catalog.unknown-field"),
            ("- {market: sport, machines: 1}", "catalog.bad-value"),
        ])
    func mistakes(quota: String, code: String) async throws {
        await #expect { try await catalog(quotas: "  \(quota)\n") } throws: { error in
            let found = (error as? DiagnosticsError)?.diagnostics ?? []
            return found.map(\.code) == [code] && found.allSatisfy { $0.range != nil }
        }
    }

    @Test("a disk tier costs what the provider says, and machines that cannot have it are left out")
    func tiers() async throws {
        let catalog = try await catalog(quotas: "  []\n")
        let terms = catalog.terms(of: "cloud")
        #expect(terms.diskPrice(100, tier: nil, on: "p4.big") == Money("0.1"))
        #expect(terms.diskPrice(100, tier: "low", on: "p4.big") == Money("0.05"))
        #expect(terms.diskPrice(100, tier: "high", on: "m6.large") == Money("0.3"))
        #expect(terms.diskPrice(100, tier: "best", on: "m6.large") == Money("0.3"))
        #expect(terms.diskPrice(100, tier: "best", on: "p4.big") == Money("0.05"))
        func regions(_ tier: String) -> [String] {
            catalog.offers(
                for: self.request(nodes: 1) {
                    $0.accelerators = [Self.a100]
                    $0.diskTier = tier
                }
            ).map(\.region)
        }
        #expect(regions("low") == ["east", "west"] && regions("best") == ["east", "west"])
        #expect(regions("high") == [] && regions("ultra") == [])
    }

    @Test("a tier that nobody has, or not for such machines, is the reason given")
    func tierReasons() async throws {
        let catalog = try await catalog(quotas: "  []\n")
        func reason(_ tier: String) -> NoOfferReason {
            catalog.explainNoOffer(
                for: self.request(nodes: 1) {
                    $0.accelerators = [Self.a100]
                    $0.diskTier = tier
                })
        }
        #expect(reason("high").message == "what meets the rest is at cloud, with no disks of tier high for it")
        #expect(reason("ultra").message == "no provider sells disks of tier ultra")
        let request = self.request(nodes: 1) {
            $0.accelerators = [Self.a100]
            $0.diskTier = "high"
        }
        let step = catalog.elimination(for: request).steps.first { $0.constraint == .diskTier }
        #expect(step?.fallen == 2 && step?.unlocked == 2)
    }
}
