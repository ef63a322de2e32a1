import FoundationEssentials
import SkyCatalog
import SkyCore
import SkyHTTP
import SkyTestSupport

@testable import SkyMarket

/// A small installation, and a desk in front of a server that is told what prices are.
struct MarketFixture {
    let folder: String
    let server: LoopbackHTTPServer
    var environment: [String: String] = [:]
    static let now = Instant(millisecondsSince1970: 1_795_960_000_000)

    static let offers: [String: String] = [
        "aws": """
        instance_type,region,zones,accelerators,cpus,memory_gib,price,spot_price,capabilities,provenance,interruptions
        m6.large,us-east-1,use1-az1;use1-az2,,2,8,0.1,0.03,,old,0.05
        m6.large,eu-west-1,euw1-az1,,2,8,0.12,0.04,,old,
        p4.big,us-east-1,use1-az1,A100:8,96,1152,32,10,gpu-nvidia,old,
        gone.large,us-east-1,,,2,8,0.09,,,old/none,
        """,
        "azure": """
        instance_type,region,zones,accelerators,cpus,memory_gib,price,spot_price,capabilities,provenance
        Standard_D2_v5,eastus,,,2,8,0.096,0.02,,old
        Standard_D4_v5,eastus,,,4,16,0.192,,,old/none
        Standard_D2_v5,westus,,,2,8,0.11,,,old/none
        """,
        "gcp": """
        instance_type,region,zones,accelerators,cpus,memory_gib,price,spot_price,capabilities,provenance
        n2-standard-8,us-central1,us-central1-a,,8,32,0.38,0.18,,old
        n1-standard-8,us-central1,us-central1-a,T4:1,8,30,0.73,0.3,gpu-nvidia,old
        c3-standard-4-lssd,us-central1,us-central1-a,,4,16,0.24,0.07,local-nvme,old
        """,
        "lambda": """
        instance_type,region,zones,accelerators,cpus,memory_gib,price,spot_price,capabilities,provenance
        gpu_1x_a10,us-west-1,,A10:1,30,200,0.75,,gpu-nvidia,old/none
        """,
        "runpod": """
        instance_type,region,zones,accelerators,cpus,memory_gib,price,spot_price,capabilities,provenance
        1x_A100-80GB_SECURE,US,US-KS-1;US-TX-1,A100-80GB:1,8,117,1.39,1.39,gpu-nvidia,old
        """,
        "oci": """
        instance_type,region,zones,accelerators,cpus,memory_gib,price,spot_price,capabilities,provenance
        VM.A10.1,us-ashburn-1,,A10:1,30,240,2,1,gpu-nvidia,old
        VM.A10.2,us-ashburn-1,,A10:2,60,480,4,2,gpu-nvidia,old
        """,
    ]

    private static let regions = [
        "aws": "us-east-1: {country: US}, eu-west-1: {country: IE}",
        "azure": "eastus: {country: US}, westus: {country: US}",
        "gcp": "us-central1: {country: US}", "lambda": "us-west-1: {country: US}, us-east-1: {country: US}",
        "runpod": "US: {country: US}, CA: {country: CA}", "oci": "us-ashburn-1: {country: US}",
    ]

    init(_ folder: String, _ handler: @escaping LoopbackHTTPServer.Handler) throws {
        self.folder = folder
        server = try LoopbackHTTPServer(handler)
        for (name, offers) in Self.offers {
            let own = "\(folder)/root/\(name)"
            try FileManager.default.createDirectory(atPath: own, withIntermediateDirectories: true)
            let profile = """
                name: \(name)
                sources: {old: {kind: observed, date: 2025-01-01, what: an old list}}
                regions: {\(Self.regions[name] ?? "")}
                """
            try Data(profile.utf8).write(to: URL(filePath: "\(own)/provider.yaml"))
            try Data((offers + "\n").utf8).write(to: URL(filePath: "\(own)/offers.csv"))
            try Data("from_region,to,usd_per_gb\n*,*,0.09\n".utf8).write(to: URL(filePath: "\(own)/egress.csv"))
        }
        let facts = "name,aliases,memory_gb\nA10,,24\nA100,,40\nA100-80GB,,80\nH100,,80\nT4,,16\n"
        try Data(facts.utf8).write(to: URL(filePath: "\(folder)/root/accelerators.csv"))
        environment = [
            "HOME": folder, "AWS_EC2_METADATA_DISABLED": "true", "GOOGLE_API_KEY": "google-key",
            "LAMBDA_API_KEY": "lambda-key", "RUNPOD_API_KEY": "runpod-key",
        ]
        for name in ["AWS", "AZURE", "GCP", "LAMBDA", "RUNPOD", "SKYPILOT"] {
            environment["SKY_PRICES_\(name)"] = server.url
        }
    }

    /// Who asks Google without a key.
    var google: PriceDesk.GoogleAccess?

    var prices: String { "\(folder)/prices" }

    func desk(at moment: Instant = now) -> PriceDesk {
        PriceDesk(folder: prices, environment: environment, google: google, now: { moment })
    }

    func refresh(
        _ provider: String, acceptsJumps: Bool = false, regions: Set<String>? = nil, at moment: Instant = now
    ) async -> PriceRefresh.Report {
        await PriceRefresh(root: "\(folder)/root", desk: desk(at: moment), acceptsJumps: acceptsJumps)
            .refresh(provider, regions: regions)
    }

    /// The catalog as planning sees it.
    func catalog() throws -> Catalog {
        try Catalog.load(
            root: "\(folder)/root", refreshed: prices, cache: "\(folder)/cache", host: HostShape(cpus: 1, memoryGiB: 1))
    }

    /// `m6.large@us-east-1=0.11 spot price-list-2026-11-29`, flagged ones marked, sorted.
    func offers(_ provider: String) throws -> [String] {
        var filter = CatalogFilter()
        filter.provider = provider
        filter.flagged = .shown
        return try catalog().list(filter, limit: nil).offers.map { listed in
            let offer = listed.offer
            let type = offer.instanceType + (offer.accelerator.map { "+\($0)" } ?? "")
            let flags = listed.flags.isEmpty ? "" : " !" + listed.flags.map(\.name).joined(separator: ",")
            let market = offer.market == .spot ? " spot" : ""
            return
                "\(type)@\(offer.region)=\(offer.pricePerHour.exactDecimal)\(market) \(listed.source?.key ?? "?")\(flags)"
        }.sorted()
    }
}

/// With a fixture in a temporary folder; its server ends with it.
func withMarket(
    _ handler: @escaping LoopbackHTTPServer.Handler, _ body: (inout MarketFixture) async throws -> Void
) async throws {
    try await withTemporaryFolder { folder in
        var fixture = try MarketFixture(folder, handler)
        defer { fixture.server.stop() }
        try await body(&fixture)
    }
}
