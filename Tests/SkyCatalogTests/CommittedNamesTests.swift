import SkyCore
import SkyTestSupport
import Testing

@testable import SkyCatalog

@Suite("Names in requests, over the committed catalog")
struct CommittedNamesTests {
    private func problems(_ change: (inout ResourceRequest) -> Void) throws -> [String] {
        try CommittedCatalog.load().problems(with: SmallCatalog.request(change)).map(\.description)
    }

    private func offers(_ change: (inout ResourceRequest) -> Void) throws -> [Offer] {
        try CommittedCatalog.load().offers(for: SmallCatalog.request(change))
    }

    @Test("an unknown name of every kind gets the nearest one, and where it is offered")
    func nearest() throws {
        let accelerator = try problems { $0.accelerators = [AcceleratorCount(name: "H10", count: 8)] }
        #expect(accelerator.count == 1 && accelerator[0].contains("no offer has the accelerator 'H10'"))
        #expect(accelerator[0].contains("did you mean 'H100' (aws,") || accelerator[0].contains("did you mean 'A10'"))
        let type = try problems { $0.instanceType = "p4d.24xlarg" }
        #expect(type.count == 1 && type[0].contains("did you mean 'p4d.24xlarge' (aws, "))
        let capability = try problems { $0.capabilities = ["confidental-sev-snp"] }
        #expect(capability.count == 1 && capability[0].contains("did you mean 'confidential-sev-snp' (aws, "))
        let excluded = try problems { $0.excludedCapabilities = ["arm65"] }
        #expect(excluded.count == 1 && excluded[0].contains("did you mean 'arm64' ("))
        let provider = try problems { $0.places = [PlaceConstraint(provider: "gpc")] }
        #expect(provider.count == 1 && provider[0].contains("did you mean 'gcp'"))
        let region = try problems { $0.places = [PlaceConstraint(provider: "aws", region: "eu-west-9")] }
        #expect(region.count == 1 && region[0].contains("did you mean 'eu-west-") && region[0].contains("(aws)"))
        let foreign = try problems { $0.places = [PlaceConstraint(provider: "aws", region: "us-central1")] }
        #expect(foreign.count == 1 && foreign[0].contains("it is a region of gcp"))
        let zone = try problems {
            $0.places = [PlaceConstraint(provider: "gcp", region: "us-central1", zone: "us-central1-z")]
        }
        #expect(zone.count == 1 && zone[0].contains("did you mean 'us-central1-"))
        #expect(try problems { $0.accelerators = [Self.a100] }.isEmpty)
    }

    private static let a100 = AcceleratorCount(name: "A100", count: 8)

    @Test("a context that nobody described is told so, with the way to describe it")
    func contexts() throws {
        let unknown = try problems { $0.places = [PlaceConstraint(provider: "kubernetes", region: "team/prod")] }
        #expect(unknown.count == 1 && unknown[0].contains("nothing says what the Kubernetes context 'team/prod' has"))
        #expect(unknown[0].contains("providers/kubernetes/provider.yaml"))
    }

    @Test("accelerators by their memory alone are of any model with so much, in any number or the one asked for")
    func byMemory() throws {
        let found = try offers {
            $0.acceleratorMemory = .atLeast(80)
            $0.acceleratorCount = .exactly(8)
        }
        let models = Set(found.compactMap(\.accelerator?.name))
        #expect(models.isSuperset(of: ["A100-80GB", "H100", "H200", "B200"]) && !models.contains("A100"))
        #expect(found.allSatisfy { ($0.acceleratorMemoryGB ?? 0) >= 80 && $0.accelerator?.count == 8 })
        let some = try offers { $0.acceleratorMemory = Quantity(least: 40, most: 48) }
        #expect(Set(some.compactMap(\.accelerator?.count)).count > 2)
        #expect(some.allSatisfy { (40...48).contains($0.acceleratorMemoryGB ?? 0) })
    }

    @Test("capabilities exclude, ranges bound, wildcards widen, areas narrow")
    func language() throws {
        let plain = try offers { $0.excludedCapabilities = ["local-nvme", "gpu-nvidia"] }
        #expect(!plain.isEmpty && plain.allSatisfy { !$0.capabilities.contains("local-nvme") })
        let ranged = try offers {
            $0.cpus = Quantity(least: 16, most: 64)
            $0.memory = Quantity(least: 0, most: 64)
        }
        #expect(!ranged.isEmpty && ranged.allSatisfy { (16...64).contains($0.cpus) && $0.memoryGiB <= 64 })
        let anyProvider = try offers { $0.places = [PlaceConstraint(region: "us-east-1")] }
        #expect(Set(anyProvider.map(\.region)) == ["us-east-1"] && anyProvider.contains { $0.provider == "aws" })
        let inZone = try offers { $0.places = [PlaceConstraint(provider: "gcp", zone: "europe-west4-a")] }
        #expect(!inZone.isEmpty && inZone.allSatisfy { $0.region == "europe-west4" && $0.zone == "europe-west4-a" })
        let catalog = try CommittedCatalog.load()
        let german = try offers { $0.areas = ["de"] }
        #expect(Set(german.map(\.provider)).isSuperset(of: ["aws", "azure", "gcp"]))
        #expect(german.allSatisfy { catalog.areas(of: $0.location).contains("de") })
        let union = try offers { $0.areas = ["eu"] }
        #expect(union.count > german.count && union.allSatisfy { !catalog.areas(of: $0.location).contains("us") })
    }

    @Test("the clouds' disk tiers are those that SkyPilot has for them")
    func diskTiers() throws {
        let catalog = try CommittedCatalog.load()
        let tiers = ["aws", "gcp", "azure", "oci", "lambda"].map { catalog.terms(of: $0).diskTiers.map(\.name) }
        let three = ["low", "medium", "high"]
        #expect(tiers == [three + ["ultra"], three + ["ultra"], three, three, []])
        for provider in ["aws", "gcp", "azure", "oci"] {
            let terms = catalog.terms(of: provider)
            let prices = terms.diskTiers.map { terms.diskPrice(256, tier: $0.name, on: "n2-Standard_s") }
            #expect(prices == prices.sorted(), "\(provider)")
        }
        let premium = catalog.terms(of: "azure")
        #expect(
            premium.offersDisk("high", on: "Standard_NC24ads_A100_v4") && premium.offersDisk("high", on: "Standard_DS2")
        )
        #expect(
            !premium.offersDisk("high", on: "Standard_D2_v5") && !premium.offersDisk("ultra", on: "Standard_D2s_v5"))
        let ultra = try offers { $0.diskTier = "ultra" }
        #expect(Set(ultra.map(\.provider)) == ["aws", "gcp"])
        #expect(
            ultra.filter { $0.provider == "gcp" }.allSatisfy {
                $0.instanceType.hasPrefix("n2-") || $0.instanceType.hasPrefix("m")
            })
    }
}
