import FoundationEssentials
import SkyCore
import SkyTestSupport
import Testing

@testable import SkyCatalog

@Suite("Importing SkyPilot's tables")
struct ImportTests {
    private static let source = [
        "skypilot-v8/aws/vms.csv": """
        InstanceType,AcceleratorName,AcceleratorCount,vCPUs,MemoryGiB,GpuInfo,Price,SpotPrice,Region,AvailabilityZone,Arch
        m6i.large,,,2.0,8.0,,0.0960,0.03,us-east-1,use1-az1,x86_64
        m6i.large,,,2.0,8.0,,0.0960,0.03,us-east-1,use1-az2,x86_64
        m6i.large,,,2.0,8.0,,0.1,0.04,eu-west-1,euw1-az1,x86_64
        m1.large,,,2.0,7.5,,0.175,,us-east-1,use1-az1,x86_64
        g7.2xlarge,RTX PRO 4500,1.0,8.0,64.0,"{'Gpus': [{'Name': 'RTX PRO 4500', 'Count': 1}]}",2.52,,us-east-1,use1-az1,x86_64
        gone,,,2.0,8.0,,,,us-east-1,use1-az1,x86_64
        """,
        "skypilot-v8/gcp/vms.csv": """
        InstanceType,vCPUs,MemoryGiB,AcceleratorName,AcceleratorCount,GpuInfo,Region,AvailabilityZone,Price,SpotPrice
        n1-standard-8,8.0,30.0,,,,us-central1,us-central1-a,0.38,0.08
        n1-standard-96,96.0,360.0,,,,us-central1,us-central1-a,4.56,0.96
        a2-highgpu-1g,12.0,85.0,,,,us-central1,us-central1-a,0.73,0.25
        ,,,T4,1.0,,us-central1,us-central1-a,0.35,0.11
        ,,,A100,1.0,,us-central1,us-central1-a,2.94,1.1
        ,,,tpu-v5litepod-8,1.0,,us-central1,us-central1-a,9.6,3.84
        ,,,tpu-v4-32,1.0,,us-central1,us-central1-a,51.52,
        """,
        "capabilities.csv": """
        cloud,instance_type,capability
        aws,m6i.large,net-25g
        aws,m6i.large,confidential-sev-snp
        aws,g7.2xlarge,gpu-nvidia
        gcp,n1-standard-8,confidential-sev-snp
        """,
        "aws_spot_advisor.csv": """
        region,instance_type,savings_pct,interruption_frequency
        us-east-1,m6i.large,68,5-10%
        """,
        "egress.csv": """
        src_cloud,src_region,dst_cloud,dst_region,usd_per_gb
        aws,us-east-1,aws,us-east-1,0
        aws,us-east-1,aws,eu-west-1,0.02
        aws,us-east-1,aws,us-west-2,0.02
        aws,us-east-1,aws,us-east-2,0.01
        aws,us-east-1,gcp,us-central1,0.09
        aws,us-east-1,internet,*,0.09
        """,
        "throughput.csv": """
        src_cloud,src_region,dst_cloud,dst_region,gbps,samples,rtt_ms
        aws,us-east-1,gcp,us-central1,4.20,2,30
        """,
    ]

    private static let target = [
        "accelerators.csv": """
        name,aliases,family,memory_gb
        RTXPRO4500,RTX PRO 4500,,32
        A100,,,40
        T4,,,16
        """,
        "aws/provider.yaml": """
        name: aws
        sources:
          karpenter-2026-07: {kind: observed}
          list-2024-02: {kind: observed}
          spot-advisor: {kind: derived}
          spot-median: {kind: derived}
        regions: {us-east-1: {country: US}, eu-west-1: {country: IE}}
        """,
        "aws/offers.csv": """
        instance_type,region,cpus,memory_gib,price,spot_price
        m6i.large,us-east-1,2,8,0.0096,0.03
        """,
        "aws/egress-tiers.csv": """
        # a comment
        from_region,first_usd_per_gb,up_to_gb,usd_per_gb
        *,0.09,10240,0.09
        *,0.09,,0.085
        """,
        "gcp/provider.yaml": """
        name: gcp
        sources:
          gcosts-2026-07: {kind: observed}
          gcosts-split: {kind: observed}
          skypilot-gcp: {kind: observed}
        regions: {us-central1: {country: US}}
        """,
    ]

    private func text(_ path: String) throws -> String {
        String(decoding: try textBytes(path), as: UTF8.self)
    }

    @Test("zones are joined, parts are put together, sources kept, tenfold jumps marked")
    func offers() async throws {
        try await withTemporaryFolder { folder in
            try SmallFolder.write(Self.source, to: "\(folder)/source")
            try SmallFolder.write(Self.target, to: "\(folder)/providers")
            let report = try SkyPilotImport.run(from: "\(folder)/source", into: "\(folder)/providers")
            #expect(report.clouds.map(\.rowsRead) == [6, 7] && report.clouds.map(\.jumps) == [1, 0])
            let files = try ["aws/offers.csv", "gcp/offers.csv", "aws/egress.csv", "throughput.csv"].map { path in
                "== \(path)\n" + (try text("\(folder)/providers/\(path)"))
            }
            try expectGolden(files.joined(), "import.txt")
            // What was written can be read: it only lacks what Google's own tariff would be.
            try SmallFolder.write(
                ["gcp/egress.csv": "from_region,to,usd_per_gb\n*,*,0.12\n"], to: "\(folder)/providers")
            try SmallFolder.write(
                ["aws/egress.csv": "from_region,to,usd_per_gb\n*,*,0.09\n"], to: "\(folder)/providers")
            let catalog = try Catalog.load(root: "\(folder)/providers", host: HostShape(cpus: 1, memoryGiB: 1))
            let tpu = SmallCatalog.request { $0.accelerators = [AcceleratorCount(name: "tpu-v5e", count: 8)] }
            #expect(brief(catalog.offers(for: tpu)) == ["ct5lp-hightpu-8t@us-central1=9.6"])
            // Importing the same again does not make a price any better; only saying so does.
            let again = try SkyPilotImport.run(from: "\(folder)/source", into: "\(folder)/providers")
            #expect(again.clouds.map(\.jumps) == [1, 0])
            let accepted = try SkyPilotImport.run(
                from: "\(folder)/source", into: "\(folder)/providers", acceptsJumps: true)
            #expect(accepted.clouds.map(\.jumps) == [0, 0])
        }
    }

    @Test("regions and clouds without a profile are mistakes, and nothing is written")
    func unknownRegions() async throws {
        try await withTemporaryFolder { folder in
            var target = Self.target
            target["aws/provider.yaml"] = "name: aws\nregions: {us-east-1: {country: US}}\n"
            target["gcp/provider.yaml"] = nil
            try SmallFolder.write(Self.source, to: "\(folder)/source")
            try SmallFolder.write(target, to: "\(folder)/providers")
            let error = #expect(throws: DiagnosticsError.self) {
                try SkyPilotImport.run(from: "\(folder)/source", into: "\(folder)/providers")
            }
            #expect(error?.diagnostics.map(\.code).sorted() == ["catalog.unknown-region", "catalog.unreadable"])
            #expect(error?.diagnostics.contains { $0.message.hasSuffix("not listed: eu-west-1") } == true)
            #expect(try text("\(folder)/providers/aws/offers.csv") == target["aws/offers.csv"])
        }
    }

    @Test("packing loses nothing, and damage is noticed")
    func gzip() throws {
        var generator = SeededGenerator(seed: 5)
        for size in [0, 1, 100, 70_000] {
            let bytes = (0..<size).map { _ in UInt8.random(in: 0...20, using: &generator) }
            let packed = try #require(Gzip.packed(bytes))
            #expect(Gzip.unpacked(packed) == bytes)
            #expect(Gzip.unpacked(Array(packed.dropLast(5))) == nil)
            var wrong = packed
            wrong[packed.count - 6] ^= 1
            #expect(Gzip.unpacked(wrong) == nil)
        }
        #expect(Gzip.unpacked([1, 2, 3]) == nil)
    }

    @Test("what differs between two catalogs is counted and listed, the largest change first")
    func difference() {
        func offer(_ type: String, _ price: Int64, _ market: Offer.Market = .onDemand) -> Offer {
            Offer(
                provider: "p", region: "r", instanceType: type, cpus: 2, memoryGiB: 4,
                pricePerHour: Money(nanodollars: price), market: market)
        }
        let old = Catalog(offers: [offer("same", 10), offer("up", 10), offer("down", 10), offer("gone", 10)])
        let new = Catalog(
            offers: [offer("same", 10), offer("up", 11), offer("down", 5), offer("new", 1), offer("same", 3, .spot)])
        let difference = old.difference(to: new)
        #expect(difference.counts.map { [$0.same, $0.cheaper, $0.dearer, $0.added, $0.removed] } == [[1, 1, 1, 2, 1]])
        #expect(
            difference.changes.map { "\($0.instanceType) \($0.market.rawValue)" } == [
                "down on-demand", "up on-demand", "new on-demand", "same spot", "gone on-demand",
            ])
        #expect(old.difference(to: old).changes == [])
    }

    @Test("accelerators are gathered by name and number, with the cheapest offers")
    func accelerators() {
        let catalog = SmallCatalog.make()
        let all = catalog.accelerators(CatalogFilter())
        #expect(
            all.map(\.accelerator.description) == ["A100:1", "A100:8", "H200:8", "T4:1", "T4g:1", "tpu-v5e:8"])
        #expect(brief(all.compactMap(\.cheapestSpot)) == ["gpu1@east=1.25", "only-spot@east=18.7", "host@west=0.3"])
        #expect(all.first?.memoryGB == 40 && all.first?.regions == ["cloud/east"] && all.first?.maker == "NVIDIA")
        var filter = CatalogFilter()
        filter.acceleratorMemory = .atLeast(40)
        filter.market = .onDemand
        #expect(catalog.accelerators(filter).map(\.accelerator.description) == ["A100:1", "A100:8"])
    }
}
