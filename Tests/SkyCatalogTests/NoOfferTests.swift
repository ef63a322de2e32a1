import SkyCore
import Testing

@testable import SkyCatalog

@Suite("Saying why nothing fits")
struct NoOfferTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let constraint: NoOfferReason.Constraint
        let testDescription: String
        let request: ResourceRequest

        init(
            _ constraint: NoOfferReason.Constraint, _ sentence: String, _ change: (inout ResourceRequest) -> Void
        ) {
            self.constraint = constraint
            testDescription = sentence
            request = SmallCatalog.request(change)
        }
    }

    static let a100 = AcceleratorCount(name: "A100", count: 1)

    static let cases = [
        Case(.cpus, "no offer has 9999+ CPUs; the largest has 16 (cloud large)") {
            $0.cpus = .atLeast(9999)
        },
        Case(.cpus, "no offer has 7 CPUs; the nearest have 3 and 8 ('7+' asks for at least so much)") {
            $0.cpus = .exactly(7)
        },
        Case(.memory, "no offer with A100:1 has 100+ GiB of memory; the largest has 85 (cloud gpu1)") {
            $0.accelerators = [a100]
            $0.memory = .atLeast(100)
        },
        Case(.accelerators, "no offer has A100:3; A100 comes in 1, 8") {
            $0.accelerators = [AcceleratorCount(name: "A100", count: 3)]
        },
        Case(.accelerators, "no offer has the accelerator 'tpu-v5' (did you mean 'tpu-v5e'?)") {
            $0.accelerators = [AcceleratorCount(name: "tpu-v5", count: 8)]
        },
        Case(.capability("vualt"), "no offer has the capability 'vualt' (did you mean 'vault'?)") {
            $0.capabilities = ["vualt"]
        },
        Case(
            .capability("vault"),
            "the one offer that meets the rest does not have the capability 'vault' (it is offered by cloud)"
        ) {
            $0.capabilities = ["vault"]
            $0.accelerators = [a100]
        },
        Case(.place, "there is no provider 'claud' (did you mean 'cloud'?)") {
            $0.places = [PlaceConstraint(provider: "claud")]
        },
        Case(.place, "there is no region 'wset' at cloud (did you mean 'west'?)") {
            $0.places = [PlaceConstraint(provider: "cloud", region: "wset")]
        },
        Case(.place, "there are no offers in cloud/east/e9") {
            $0.places = [PlaceConstraint(provider: "cloud", region: "east", zone: "e9")]
        },
        Case(
            .place,
            "no offer in cloud/west meets the rest (elsewhere the cheapest is cloud gpu1 in east at $3.0000 per hour)"
        ) {
            $0.places = [PlaceConstraint(provider: "cloud", region: "west")]
            $0.accelerators = [a100]
        },
        Case(.instanceType, "no provider has the machine type 'lagre' (did you mean 'large'?)") {
            $0.instanceType = "lagre"
        },
        Case(.cpus, "the one offer that meets the rest does not have 16+ CPUs; the largest has 2 (local local)") {
            $0.places = [PlaceConstraint(provider: "local")]
            $0.cpus = .atLeast(16)
        },
        Case(
            .spot,
            "nothing that meets the rest is sold as spot (on demand the cheapest is cloud slice in west at $9.6000 per hour)"
        ) {
            $0.accelerators = [AcceleratorCount(name: "tpu-v5e", count: 8)]
            $0.useSpot = true
        },
        Case(
            .combination,
            "each can be had, but not all together: a place in cloud/west, A100:8, vault, spot"
        ) {
            $0.places = [PlaceConstraint(provider: "cloud", region: "west")]
            $0.accelerators = [AcceleratorCount(name: "A100", count: 8)]
            $0.capabilities = ["vault"]
            $0.useSpot = true
        },
    ]

    @Test("the one part that rules everything out is named, with what comes nearest", arguments: cases)
    func explains(_ testCase: Case) {
        let catalog = SmallCatalog.make()
        #expect(catalog.offers(for: testCase.request).isEmpty)
        let reason = catalog.explainNoOffer(for: testCase.request)
        #expect(reason.description == testCase.testDescription)
        #expect(reason.constraint == testCase.constraint)
    }

    @Test("an empty catalog says so")
    func emptyCatalog() {
        #expect(Catalog(offers: []).explainNoOffer(for: ResourceRequest()).message == "the catalog has no offers")
    }
}
