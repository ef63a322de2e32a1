import SkyCatalog
import SkyCore
import SkyPlacement
import SkySpec
import Testing

@Suite("All machines of a stage at one time")
struct GangTests {
    private static func offer(_ type: String, _ price: String, available: Int? = nil) -> Offer {
        Offer(
            provider: "cloud", region: "r", instanceType: type, cpus: 8, memoryGiB: 32, pricePerHour: usd(price),
            availableCount: available)
    }

    private static let profile = ProviderProfile(
        name: "cloud", regions: [.init(name: "r")],
        terms: RentalTerms(
            diskPricePerGBHour: usd("0.001"), diskTiers: [DiskTier(name: "high", pricePerGBHour: usd("0.01"))]),
        quotas: [Quota(provider: "cloud", types: "quoted", unit: .machines, limit: 6)])

    private func chosen(_ change: (inout SkySpec.Stage) -> Void) throws -> PlannedStage {
        let catalog = Catalog(
            offers: [Self.offer("few", "1", available: 2), Self.offer("quoted", "2"), Self.offer("many", "3")],
            profiles: [Self.profile])
        var stage = SkySpec.Stage(name: "s", estimate: DurationEstimate(general: Estimate(.hour)))
        change(&stage)
        let pipeline = Pipeline(name: "p", stages: [stage], directory: "/")
        return try #require(try Planner().plan(pipeline, offers: CatalogOffers(catalog: catalog)).stages.first)
    }

    @Test(
        "nodes and copies must all be there, and within the quota",
        arguments: [
            (1, 1, "few"), (2, 1, "few"), (1, 2, "few"), (3, 1, "quoted"), (2, 2, "quoted"), (6, 1, "quoted"),
            (7, 1, "many"), (2, 4, "many"),
        ])
    func available(nodes: Int, replicas: Int, type: String) throws {
        let planned = try chosen { stage in
            stage.numNodes = nodes
            if replicas > 1 { stage.service = ServiceSpec(port: 80, replicas: replicas) }
        }
        #expect(planned.offer.instanceType == type && planned.numNodes == nodes && planned.replicas == replicas)
    }

    @Test("each alternative has the disks that it asks for")
    func disks() throws {
        let planned = try chosen { stage in
            var (dear, cheap) = (ResourceRequest(), ResourceRequest())
            (dear.instanceType, dear.diskSize, dear.diskTier) = ("few", 1000, "high")
            (cheap.instanceType, cheap.diskSize) = ("many", 10)
            stage.alternatives = [dear, cheap]
        }
        #expect(planned.offer.instanceType == "many" && planned.costParts.disks == usd("0.01"))
        let alone = try chosen { stage in
            stage.resources.instanceType = "few"
            stage.resources.diskSize = 1000
            stage.resources.diskTier = "high"
        }
        #expect(alone.costParts.disks == usd("10"))
    }
}
