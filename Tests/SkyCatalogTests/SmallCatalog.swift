import SkyCore

@testable import SkyCatalog

/// A catalog small enough to know by heart.
enum SmallCatalog {
    static let offers = """
        instance_type,region,zones,accelerators,cpus,memory_gib,price,spot_price,capabilities
        small,east,e1;e2,,2,8,0.1,0.03,
        large,east,e1;e2,,16,64,0.8,0.2,vault;vault-v1
        large,west,w1,,16,64,0.7,0.25,vault;vault-v1
        odd,east,e1,,3,3.75,0.123456789,,vault;vault-v1
        arm,east,e1;e2,,16,64,0.3,0.1,arm64
        gpu1,east,e1,A100:1,12,85,3,1.5,gpu
        gpu1,east,e2,A100:1,12,85,3,1.25,gpu
        gpu8,west,w1,A100:8,96,680,24,,gpu
        host,west,w1,,8,32,0.4,0.15,
        host,west,w1,T4:1,8,32,0.75,0.3,gpu
        armgpu,west,,T4g:1,4,8,0.4,,arm64;gpu
        slice,west,w1,tpu-v5e:8,224,384,9.6,,tpu
        only-spot,east,e2,H200:8,192,2048,,18.7,gpu
        """

    static let profile = ProviderProfile(
        name: "cloud",
        regions: [
            .init(name: "east", country: "US", continent: "north-america"),
            .init(name: "west", country: "DE", continent: "europe"),
        ],
        capabilityRegions: ["vault": ["east"], "vault-v1": ["east"]],
        capabilitySurcharges: [
            .init(
                capability: "vault-v1", askedAs: ["vault"], onDemandShare: 10_000_000_000,
                perCPUHour: Money(nanodollars: 3_398_200), perGiBHour: Money(nanodollars: 455_500))
        ])

    static func make() -> Catalog { Catalog(draft) }

    static var draft: CatalogDraft {
        var reader = OfferTableReader(
            bytes: Array(offers.utf8), path: "offers.csv", regionNames: ["east", "west"],
            host: HostShape(cpus: 2, memoryGiB: 4))
        let home = Offer(
            provider: "local", region: "local", instanceType: "local", cpus: 2, memoryGiB: 4, pricePerHour: .zero)
        var draft = CatalogDraft()
        draft.providers = [
            CatalogDraft.Provider(profile: profile, rows: reader.read().table),
            CatalogDraft.Provider(
                profile: ProviderProfile(name: "local", placement: .explicit, regions: [.init(name: "local")]),
                rows: OfferRows([home])),
        ]
        draft.facts = AcceleratorFacts([
            .init(name: "A100", aliases: ["A100-40GB"], memoryGB: 40, maker: "NVIDIA"),
            .init(name: "H200", memoryGB: 141, maker: "NVIDIA"), .init(name: "T4", memoryGB: 16, maker: "NVIDIA"),
            .init(name: "tpu-v5e", aliases: ["tpu-v5litepod"], memoryGB: 16, maker: "Google"),
        ])
        return draft
    }

    static func request(_ change: (inout ResourceRequest) -> Void) -> ResourceRequest {
        var request = ResourceRequest()
        change(&request)
        return request
    }
}

/// `type@region/zone=price`, what a test compares.
func brief(_ offers: [Offer]) -> [String] {
    offers.map {
        "\($0.instanceType)@\($0.region)\($0.zone.map { "/\($0)" } ?? "")=\($0.pricePerHour.exactDecimal)"
    }
}
