import SkyCore
import SkyTestSupport
import Testing

@testable import SkyCatalog

@Suite("Machines of one's own")
struct OwnMachinesTests {
    private func machines(count: Int = 3, price: Money? = Money("1.20")) -> OwnMachines {
        OwnMachines(
            provider: "ssh", region: ProviderProfile.Region(name: "rack", country: "DE", continent: "europe"),
            zone: "b",
            machineType: "64c-512g-A100x8", cpus: 64, memoryGiB: 512,
            accelerator: AcceleratorCount(name: "A100", count: 8), capabilities: ["confidential"],
            pricePerHour: price ?? .zero, count: count)
    }

    private func catalog(_ own: [OwnMachines], cache: String? = nil) throws -> Catalog {
        try Catalog.load(
            root: CommittedCatalog.root, cache: cache, host: HostShape(cpus: 1, memoryGiB: 1), own: own, only: ["ssh"])
    }

    private func offers(_ catalog: Catalog, spot: Bool = false) -> [Offer] {
        var request = ResourceRequest()
        request.accelerators = [AcceleratorCount(name: "A100", count: 8)]
        request.useSpot = spot
        return catalog.offers(for: request)
    }

    @Test("are offers in a region of their pool's name, so many of them, at their price, spot or not")
    func offers() throws {
        for spot in [false, true] {
            let offer = try #require(try offers(catalog([machines()]), spot: spot).first)
            #expect(offer.provider == "ssh" && offer.region == "rack" && offer.instanceType == "64c-512g-A100x8")
            #expect(offer.pricePerHour == Money("1.20") && offer.availableCount == 3)
            #expect(offer.cpus == 64 && offer.memoryGiB == 512 && offer.capabilities.contains("confidential"))
        }
        #expect(try catalog([machines()]).provider(named: "ssh")?.regions.map(\.country) == ["DE"])
    }

    @Test("may cost nothing, and are none where there are none")
    func freeOrNone() throws {
        #expect(try offers(catalog([machines(price: .zero)])).first?.pricePerHour == .zero)
        #expect(try offers(catalog([])).isEmpty)
    }

    @Test("a catalog that is kept is made anew when they change")
    func cache() async throws {
        try await withTemporaryFolder { folder in
            let loaded = { (count: Int) in
                try Catalog.load(
                    root: CommittedCatalog.root, cache: folder, host: HostShape(cpus: 1, memoryGiB: 1),
                    own: [machines(count: count)], only: ["ssh"])
            }
            let (first, second, third) = (try loaded(3), try loaded(4), try loaded(4))
            #expect(offers(first).first?.availableCount == 3 && offers(second).first?.availableCount == 4)
            #expect(first.digest != second.digest && second.digest == third.digest && !third.digest.isEmpty)
        }
    }

    @Test("what may be taken away is only for those who ask for spot; a time limit is kept with the catalog")
    func partitions() async throws {
        try await withTemporaryFolder { folder in
            var partition = machines()
            (partition.isPreemptible, partition.timeLimit) = (true, .hour)
            // Once made, once read.
            for _ in 0..<2 {
                let catalog = try Catalog.load(
                    root: CommittedCatalog.root, cache: folder, host: HostShape(cpus: 1, memoryGiB: 1),
                    own: [partition, machines(count: 5, price: Money("2"))], only: ["ssh"])
                #expect(offers(catalog).map(\.availableCount) == [5])
                #expect(offers(catalog, spot: true).map(\.timeLimit) == [.hour, nil])
                #expect(catalog.timeLimited.map(\.pricePerHour) == [Money("1.20")])
                let offer = try #require(offers(catalog, spot: true).first)
                #expect(catalog.zones(of: offer) == ["b"])
            }
        }
    }
}
