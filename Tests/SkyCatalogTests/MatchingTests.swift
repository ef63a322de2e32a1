import SkyCore
import Testing

@testable import SkyCatalog

@Suite("Matching offers with requests")
struct MatchingTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let request: ResourceRequest
        let expected: [String]

        init(_ description: String, _ expected: [String], _ change: (inout ResourceRequest) -> Void) {
            testDescription = description
            self.expected = expected
            request = SmallCatalog.request(change)
        }
    }

    static let a100 = AcceleratorCount(name: "A100", count: 1)

    static let cases = [
        Case("from so many CPUs to so many", ["host@west=0.4"]) { $0.cpus = Quantity(least: 4, most: 12) },
        Case("regions of a country", ["large@west=0.7", "host@west=0.4"]) { $0.areas = ["de"] },
        Case("regions of a union of countries, or another one", ["large@east=0.8", "large@west=0.7"]) {
            $0.areas = ["eu", "us"]
            $0.cpus = .atLeast(9)
        },
        Case("none of these capabilities", ["small@east=0.1", "host@west=0.4"]) {
            $0.excludedCapabilities = ["vault"]
        },
        Case("accelerators by their memory alone", ["gpu1@east=3", "gpu8@west=24"]) {
            $0.acceleratorMemory = .atLeast(40)
            $0.excludedCapabilities = ["tpu"]
        },
        Case("accelerators by their number alone", ["gpu8@west=24", "slice@west=9.6"]) {
            $0.acceleratorCount = .exactly(8)
        },
        Case("a model with enough memory only", []) {
            $0.accelerators = [a100]
            $0.acceleratorMemory = .atLeast(80)
        },
        Case("accelerators by another of their names", ["gpu1@east=3"]) {
            $0.accelerators = [AcceleratorCount(name: "A100-40GB", count: 1)]
        },
        Case("a TPU slice by SkyPilot's name", ["slice@west=9.6"]) {
            $0.accelerators = [AcceleratorCount(name: "tpu-v5litepod-8", count: 1)]
        },
        Case("up to a price, surcharges included", ["odd@east=0.147705193"]) {
            $0.capabilities = ["vault"]
            $0.maxPricePerHour = Money("0.5")
        },
        Case(
            "plain machines have no accelerators and no Arm processor",
            ["small@east=0.1", "large@east=0.8", "large@west=0.7", "odd@east=0.123456789", "host@west=0.4"]
        ) { _ in },
        Case("at least so many CPUs", ["large@east=0.8", "large@west=0.7"]) {
            $0.cpus = .atLeast(9)
        },
        Case("exactly so many CPUs", ["host@west=0.4"]) { $0.cpus = .exactly(8) },
        Case("exactly so much memory", ["odd@east=0.123456789"]) { $0.memory = .exactly(3.75) },
        Case("CPUs and memory together", ["large@east=0.8", "large@west=0.7"]) {
            $0.cpus = .atLeast(8)
            $0.memory = .atLeast(33)
        },
        Case("one accelerator is not eight, and zones share the on-demand price", ["gpu1@east=3"]) {
            $0.accelerators = [a100]
        },
        Case("any of the accelerators", ["gpu8@west=24", "slice@west=9.6"]) {
            $0.accelerators = [AcceleratorCount(name: "tpu-v5e", count: 8), AcceleratorCount(name: "a100", count: 8)]
        },
        Case("zones with spot prices of their own are offers of their own", ["gpu1@east=1.5", "gpu1@east=1.25"]) {
            $0.accelerators = [a100]
            $0.useSpot = true
        },
        Case(
            "spot only, where there is a spot price",
            ["small@east=0.03", "large@east=0.2", "large@west=0.25", "host@west=0.15"]
        ) { $0.useSpot = true },
        Case("spot as a capability", ["large@east=0.2", "large@west=0.25"]) {
            $0.capabilities = ["spot"]
            $0.cpus = .exactly(16)
        },
        Case("what is sold as spot only has no on-demand offer", []) {
            $0.accelerators = [AcceleratorCount(name: "H200", count: 8)]
        },
        Case("a type by name", ["large@east=0.8", "large@west=0.7"]) { $0.instanceType = "large" },
        Case("a named type brings the accelerators that it always has", ["gpu8@west=24"]) { $0.instanceType = "gpu8" },
        Case("a named type comes without those that are attached to it", ["host@west=0.4"]) {
            $0.instanceType = "host"
        },
        Case("attached accelerators are had by asking", ["host@west=0.75"]) {
            $0.instanceType = "host"
            $0.accelerators = [AcceleratorCount(name: "T4", count: 1)]
        },
        Case("Arm by capability", ["arm@east=0.3"]) { $0.capabilities = ["arm64"] },
        Case("Arm by type", ["arm@east=0.3"]) { $0.instanceType = "arm" },
        Case("Arm by an accelerator that has no other", ["armgpu@west=0.4"]) {
            $0.accelerators = [AcceleratorCount(name: "T4g", count: 1)]
        },
        Case("a region", ["large@west=0.7", "host@west=0.4"]) {
            $0.places = [PlaceConstraint(provider: "cloud", region: "west")]
        },
        Case("a zone is named in the offer", ["small@east/e2=0.1", "large@east/e2=0.8"]) {
            $0.places = [PlaceConstraint(provider: "cloud", region: "east", zone: "e2")]
        },
        Case("each zone named is an offer", ["small@east/e2=0.1", "small@east/e1=0.1"]) {
            $0.places = ["e2", "e1"].map { PlaceConstraint(region: "east", zone: $0) }
            $0.instanceType = "small"
        },
        Case("a region named beside its zone wins", ["small@east=0.1"]) {
            $0.places = [
                PlaceConstraint(provider: "cloud", region: "east", zone: "e2"),
                PlaceConstraint(provider: "cloud", region: "east"),
            ]
            $0.instanceType = "small"
        },
        Case("spot in one zone has that zone's price", ["gpu1@east/e2=1.25"]) {
            $0.places = [PlaceConstraint(provider: "cloud", region: "east", zone: "e2")]
            $0.accelerators = [a100]
            $0.useSpot = true
        },
        Case("an explicit provider answers to its name", ["local@local=0"]) {
            $0.places = [PlaceConstraint(provider: "local")]
        },
        Case("an explicit provider does not answer to its region alone", []) {
            $0.places = [PlaceConstraint(region: "local")]
        },
        Case("any of the places", ["large@west=0.7", "host@west=0.4", "local@local=0"]) {
            $0.places = [PlaceConstraint(provider: "local"), PlaceConstraint(provider: "cloud", region: "west")]
        },
        Case("a capability that is no-one's", []) { $0.capabilities = ["teleport"] },
        Case("an unknown provider", []) { $0.places = [PlaceConstraint(provider: "moon")] },
    ]

    @Test("offers are those that a person would pick by hand", arguments: cases)
    func matches(_ testCase: Case) {
        let offers = SmallCatalog.make().offers(for: testCase.request)
        #expect(brief(offers) == testCase.expected)
    }

    @Test("zones to try are those of the offer's price")
    func zones() throws {
        let catalog = SmallCatalog.make()
        let spot = catalog.offers(
            for: SmallCatalog.request {
                $0.accelerators = [Self.a100]
                $0.useSpot = true
            })
        #expect(spot.map { catalog.zones(of: $0) } == [["e1"], ["e2"]])
        let onDemand = catalog.offers(for: SmallCatalog.request { $0.accelerators = [Self.a100] })
        #expect(onDemand.map { catalog.zones(of: $0) } == [["e1", "e2"]])
        let pinned = catalog.offers(
            for: SmallCatalog.request {
                $0.places = [PlaceConstraint(zone: "e2")]
                $0.instanceType = "small"
            })
        #expect(pinned.map { catalog.zones(of: $0) } == [["e2"]])
        let zoneless = catalog.offers(for: SmallCatalog.request { $0.instanceType = "armgpu" })
        #expect(zoneless.map { catalog.zones(of: $0) } == [[]])
    }

    @Test("a surcharge is exact, and charged only where its capability is asked for and can be had")
    func surcharges() {
        let catalog = SmallCatalog.make()
        // large: 0.8 + 10 % of 0.8 + 16 × 0.0033982 + 64 × 0.0004555; odd: 3 CPUs, 3.75 GiB, price of nine decimals.
        let expected = ["large@east=0.9635232", "odd@east=0.147705193"]
        for name in ["vault", "vault-v1"] {
            let offers = catalog.offers(for: SmallCatalog.request { $0.capabilities = [name] })
            #expect(brief(offers) == expected)
            #expect(offers.map { catalog.zones(of: $0) } == [["e1", "e2"], ["e1"]])
        }
        let both = catalog.offers(for: SmallCatalog.request { $0.capabilities = ["vault", "vault-v1"] })
        #expect(brief(both) == expected, "two names of one thing are paid once")
        let spot = catalog.offers(
            for: SmallCatalog.request {
                $0.capabilities = ["vault"]
                $0.useSpot = true
            })
        #expect(brief(spot) == ["large@east=0.3635232"], "on spot machines, too, of the on-demand price")
        #expect(spot.map { catalog.zones(of: $0) } == [["e1", "e2"]])
    }

    @Test("a capability is listed only where it can be had")
    func capabilityRegions() {
        let offers = SmallCatalog.make().offers(for: SmallCatalog.request { $0.instanceType = "large" })
        #expect(offers.map(\.capabilities) == [["vault", "vault-v1"], []])
    }

    @Test("a list is sorted by price and hides explicit providers until they are named")
    func list() {
        let catalog = SmallCatalog.make()
        var filter = CatalogFilter()
        filter.accelerator = "a100"
        #expect(brief(catalog.list(filter)) == ["gpu1@east=1.25", "gpu1@east=1.5", "gpu1@east=3", "gpu8@west=24"])
        filter.market = .onDemand
        filter.maxPricePerHour = Money("3")
        #expect(brief(catalog.list(filter)) == ["gpu1@east=3"])
        filter = CatalogFilter()
        #expect(catalog.list(filter).allSatisfy { $0.provider == "cloud" } && catalog.list(filter).count == 20)
        filter.provider = "local"
        #expect(brief(catalog.list(filter)) == ["local@local=0"])
        filter = CatalogFilter()
        filter.capabilities = ["vault"]
        filter.region = "west"
        #expect(catalog.list(filter).isEmpty)
    }

    @Test("hand-made offers come back as they were")
    func handMade() {
        let offers = [
            Offer(
                provider: "b", region: "r", zone: "z", instanceType: "t", cpus: 2, memoryGiB: 4,
                pricePerHour: Money(nanodollars: 5)),
            Offer(
                provider: "a", region: "r", instanceType: "t", accelerator: Self.a100, cpus: 2, memoryGiB: 4,
                pricePerHour: Money(nanodollars: 7), market: .spot, capabilities: ["x"]),
        ]
        let catalog = Catalog(offers: offers)
        #expect(catalog.providers.map(\.name) == ["a", "b"])
        #expect(catalog.acceleratorNames == ["A100"] && catalog.capabilityNames == ["x"])
        let found = catalog.offers(
            for: SmallCatalog.request {
                $0.accelerators = [Self.a100]
                $0.useSpot = true
            })
        #expect(found == [offers[1]])
        #expect(catalog.offers(for: SmallCatalog.request { $0.places = [PlaceConstraint(zone: "z")] }) == [offers[0]])
    }
}
