import FoundationEssentials
import Glibc
import SkyCore
import Testing

@testable import SkyCatalog

/// The files under `providers/`, read once by the library; kept beside the tests, because a debug build takes seconds.
struct CommittedCatalog {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "providers").path
    static let providers = [
        "aws", "azure", "cudo", "gcp", "hyperbolic", "hyperstack", "kubernetes", "lambda", "local", "mithril", "mock",
        "nebius",
        "oci",
        "runpod", "seeweb", "slurm", "ssh", "verda",
    ]

    private static let loaded = Result {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let cache = URL(filePath: own).deletingLastPathComponent().appending(path: "catalog-tests-cache").path
        return try Catalog.load(root: root, cache: cache, host: HostShape(cpus: 6, memoryGiB: 24))
    }

    static func load() throws -> Catalog { try loaded.get() }

    /// The rows that hold this word somewhere, as dictionaries, found without any code of the reader. No field of these
    /// files is quoted.
    static func rows(_ path: String, holding word: String) throws -> [[String: String]] {
        // The zero ends the text for `strstr`.
        let bytes = try textBytes("\(root)/\(path)") + [0]
        let newline = UInt8(ascii: "\n")
        var place = bytes.firstIndex(of: newline) ?? bytes.count - 1
        let header = fields(bytes[..<place])
        var rows: [[String: String]] = []
        bytes.withUnsafeBytes { text in
            guard let start = text.baseAddress?.assumingMemoryBound(to: CChar.self) else { return }
            while let hit = strstr(start + place, word) {
                let offset = UnsafePointer(hit) - start
                let lineStart = (text[..<offset].lastIndex(of: newline) ?? -1) + 1
                place = text[offset...].firstIndex(of: newline) ?? text.count - 1
                rows.append(Dictionary(uniqueKeysWithValues: zip(header, fields(bytes[lineStart..<place]))))
            }
        }
        return rows
    }

    private static func fields(_ line: ArraySlice<UInt8>) -> [String] {
        line.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
    }
}

@Suite("The committed catalog")
struct CommittedCatalogTests {
    private func money(_ text: String?) -> Money? { text.flatMap { Money($0) } }

    @Test("every provider and every row loads")
    func loads() throws {
        let catalog = try CommittedCatalog.load()
        #expect(catalog.providers.map(\.name) == CommittedCatalog.providers)
        #expect((95_000...110_000).contains(catalog.rowCount))
        #expect(catalog.provider(named: "local")?.placement == .explicit)
        #expect(catalog.provider(named: "mock")?.placement == .explicit)
        #expect(catalog.digest.count == 64)
    }

    @Test("prices are positive, spot costs at most as much, and a machine has one on-demand price in a region")
    func prices() throws {
        var wrong: [String] = []
        for shelf in try CommittedCatalog.load().shelves where shelf.profile.name != "local" {
            let table = shelf.table
            for shape in 0..<table.shapeCount {
                var onDemand: [Int32: Int64] = [:]
                for row in table.rows(ofShape: shape) {
                    let (price, spot) = (table.onDemand[row], table.spot[row])
                    let known = onDemand.updateValue(price, forKey: table.region[row]) ?? price
                    if price == 0 || spot == 0 || (price > 0 && spot > price) || known != price
                        || !table.flags(row).isSubset(of: .outlier)
                    {
                        wrong.append("\(shelf.profile.name) \(table.types[table.shapeType[shape]])")
                    }
                }
            }
        }
        #expect(wrong == [])
    }

    /// Azure's list has the prices of another size there, or forgot a digit.
    @Test("prices far from those of all other regions are flagged, and are few")
    func outliers() throws {
        var filter = CatalogFilter()
        filter.flagged = .only
        filter.market = .onDemand
        let flagged = try CommittedCatalog.load().list(filter)
        #expect(Set(flagged.map(\.location.description)) == ["azure/brazilsoutheast", "azure/newzealandnorth"])
        #expect(flagged.count == 13)
    }

    @Test("every region says where it is, but for one that its provider does not name")
    func regions() throws {
        let nowhere = try CommittedCatalog.load().providers.flatMap { profile in
            profile.regions.filter { $0.country == nil || $0.continent == nil }.map { "\(profile.name)/\($0.name)" }
        }
        #expect(
            nowhere == [
                "hyperbolic/default", "lambda/europe-south-1", "local/local", "mock/mock-east", "mock/mock-west",
            ])
    }

    @Test("every accelerator has a memory, and every source of a cloud a day")
    func facts() throws {
        let catalog = try CommittedCatalog.load()
        let unknown = Set(
            catalog.shelves.flatMap(\.table.accelerators).filter { $0.memoryGB == nil }.map(\.wanted.name))
        #expect(unknown == [])
        #expect(catalog.providers.flatMap(\.sources).allSatisfy { $0.date != nil && !$0.what.isEmpty })
    }

    @Test("every region has a tariff to everywhere else and a throughput")
    func tariffs() throws {
        let catalog = try CommittedCatalog.load()
        let free: Set<String> = [
            "cudo", "hyperbolic", "hyperstack", "kubernetes", "lambda", "local", "mithril", "nebius", "runpod",
            "seeweb", "slurm", "ssh", "verda",
        ]
        let regions = catalog.providers.flatMap { profile in
            profile.regions.map { Location(provider: profile.name, region: $0.name) }
        }
        var wrong: [String] = []
        // Every origin to some of the targets: a debug build is slow.
        for (index, from) in regions.enumerated() {
            for to in regions where (from == to) || (index + (regions.firstIndex(of: to) ?? 0)) % 17 == 0 {
                let price = catalog.pricePerGigabyte(from: from, to: to)
                let isFree = from == to || free.contains(from.provider)
                if (price == .zero) != isFree || catalog.gigabitsPerSecond(from: from, to: to) <= 0 {
                    wrong.append("\(from) \(to)")
                }
            }
        }
        #expect(wrong == [])
    }

    @Test(
        "volumes are priced tier by tier",
        arguments: [
            ("aws/us-east-1", "local/local", 100, "9"), ("aws/us-east-1", "gcp/us-central1", 10_240, "921.6"),
            ("aws/us-east-1", "gcp/us-central1", 10_241, "921.685"),
            ("aws/us-east-1", "local/local", 200_000, "13891.2"),
            ("aws/us-east-1", "aws/us-west-2", 10_240, "204.8"),
            ("gcp/us-central1", "aws/us-east-1", 10_240, "1136.64"),
            ("azure/eastus", "aws/us-east-1", 10_240, "896"), ("oci/us-ashburn-1", "aws/us-east-1", 10_240, "87.04"),
        ])
    func tiers(from: String, to: String, gigabytes: Int64, price: String) throws {
        let catalog = try CommittedCatalog.load()
        let size = DataSize(bytes: gigabytes * 1_000_000_000)
        #expect(catalog.price(of: size, from: location(from), to: location(to)).exactDecimal == price)
    }

    @Test("how providers bill is known")
    func terms() throws {
        let catalog = try CommittedCatalog.load()
        #expect(catalog.terms(of: "aws").minimumBilled == .seconds(60))
        #expect(catalog.terms(of: "seeweb").billingIncrement == .hour)
        #expect(catalog.terms(of: "gcp").addressPricePerHour.exactDecimal == "0.005")
        #expect(catalog.terms(of: "aws").diskPricePerGBHour.nanodollars == 109_589)
        #expect(catalog.terms(of: "nobody") == .plain)
    }

    @Test(
        "tariffs are those of the source",
        arguments: [
            ("aws/us-east-1", "aws/us-east-2", "0.01"), ("aws/us-east-1", "aws/eu-west-1", "0.02"),
            ("aws/us-east-1", "gcp/us-central1", "0.09"), ("aws/ap-northeast-1", "aws/us-east-1", "0.09"),
            ("aws/ap-northeast-1", "local/local", "0.114"), ("aws/ap-south-1", "azure/eastus", "0.1093"),
            ("gcp/us-central1", "gcp/us-east1", "0.01"), ("gcp/us-central1", "gcp/europe-west4", "0.08"),
            ("gcp/europe-west1", "gcp/europe-west4", "0.02"), ("gcp/asia-east1", "gcp/asia-south1", "0.05"),
            ("gcp/asia-northeast1", "aws/us-east-1", "0.14"), ("azure/eastus", "azure/westus2", "0.02"),
            ("azure/eastus", "azure/westeurope", "0.05"), ("azure/centralindia", "azure/eastus", "0.08"),
            ("azure/centralindia", "gcp/us-central1", "0.12"), ("azure/westeurope", "lambda/us-east-1", "0.0875"),
            ("lambda/us-east-1", "aws/us-east-1", "0"), ("local/local", "aws/us-east-1", "0"),
        ])
    func knownTariffs(from: String, to: String, price: String) throws {
        let catalog = try CommittedCatalog.load()
        #expect(catalog.pricePerGigabyte(from: location(from), to: location(to)).exactDecimal == price)
    }

    @Test(
        "well-known machines cost what their clouds ask",
        arguments: [
            ("gcp", "us-central1", "tpu-v5e:8", "ct5lp-hightpu-8t", "9.6"),
            ("gcp", "us-central1", "tpu-v5e:256", "v5litepod-256", "307.2"),
            ("gcp", "us-central1", "A100:1", "a2-highgpu-1g", "3.67339"),
            ("gcp", "us-central1", "L4:1", "g2-standard-4", "0.70683"),
            ("aws", "us-east-1", "Inferentia2:1", "inf2.xlarge", "0.7582"),
            ("aws", "us-east-1", "T4:1", "g4dn.xlarge", "0.526"),
            ("aws", "us-east-1", "", "m6i.xlarge", "0.192"),
            ("azure", "eastus", "", "Standard_D4s_v5", "0.192"),
            ("lambda", "us-east-1", "H100:8", "gpu_8x_h100_sxm5", "31.92"),
        ])
    func knownPrices(provider: String, region: String, accelerators: String, type: String, price: String) throws {
        let request = SmallCatalog.request {
            $0.places = [PlaceConstraint(provider: provider, region: region)]
            $0.instanceType = type
            if let colon = accelerators.firstIndex(of: ":"), let count = Double(accelerators[colon...].dropFirst()) {
                $0.accelerators = [AcceleratorCount(name: String(accelerators[..<colon]), count: count)]
            }
        }
        #expect(try CommittedCatalog.load().offers(for: request).map(\.pricePerHour.exactDecimal) == [price])
    }

    @Test("capabilities are those that the documentation lists")
    func capabilities() throws {
        let documented: Set<String> = [
            "arm64", "bare-metal", "burstable", "confidential", "confidential-gpu", "confidential-nitro-enclaves",
            "confidential-sev-snp", "confidential-sgx", "confidential-tdx", "efa", "fpga", "gpu-amd", "gpu-nvidia",
            "gpudirect-tcpx", "inferentia", "local-hdd", "local-nvme", "local-ssd", "net-100g", "net-1600g", "net-200g",
            "net-3200g", "net-400g", "nvlink", "previous-generation", "rdma", "tpu", "trainium",
        ]
        #expect(Set(try CommittedCatalog.load().capabilityNames) == documented)
    }

    @Test("confidential machines are found where they can really be had", arguments: ["aws", "azure", "gcp"])
    func confidentialRegions(provider: String) throws {
        let offers = try CommittedCatalog.load().offers(
            for: SmallCatalog.request {
                $0.capabilities = ["confidential"]
                $0.places = [PlaceConstraint(provider: provider)]
            })
        let regions = Set(offers.map(\.region))
        switch provider {
        case "aws": #expect(regions == ["us-east-2", "eu-west-1"])
        case "gcp": #expect(offers.allSatisfy { $0.instanceType.hasPrefix("c3-standard-") } && !regions.isEmpty)
        default: #expect(regions.count > 5)
        }
        #expect(!offers.contains { $0.capabilities.contains("confidential-sgx") })
    }

    /// The same question answered by going through the text: no index, no filter, no code of the library.
    @Test("the cheapest confidential machine is the one that brute force finds")
    func bruteForce() throws {
        var found: [(price: Money, name: String)] = []
        for provider in ["aws", "azure", "gcp"] {
            for row in try CommittedCatalog.rows("\(provider)/offers.csv", holding: "confidential;") {
                guard
                    let region = row["region"], let type = row["instance_type"], var price = money(row["price"]),
                    let cpus = Int(row["cpus"] ?? ""), let memory = Int(row["memory_gib"] ?? ""), cpus >= 8,
                    memory >= 32,
                    row["accelerators"] == "", let names = row["capabilities"]?.split(separator: ";"),
                    names.contains("confidential"),
                    !names.contains(where: { RowFilter.optIn.contains(String($0)) })
                else { continue }
                if provider == "aws" {
                    guard ["us-east-2", "eu-west-1"].contains(region) else { continue }
                    price = price.scaled(by: 110, over: 100)
                } else if provider == "gcp" {
                    let regions = [
                        "us-central1", "us-east1", "us-east4", "us-west1", "europe-west4", "asia-northeast1",
                        "asia-southeast1",
                    ]
                    guard regions.contains(region) else { continue }
                    price += Money(nanodollars: 3_398_200) * cpus + Money(nanodollars: 455_500) * memory
                }
                found.append((price, "\(provider) \(region) \(type)"))
            }
        }
        let offers = try CommittedCatalog.load().offers(
            for: SmallCatalog.request {
                $0.capabilities = ["confidential"]
                $0.cpus = .atLeast(8)
                $0.memory = .atLeast(32)
            })
        let own = offers.map { (price: $0.pricePerHour, name: "\($0.provider) \($0.region) \($0.instanceType)") }
        #expect(own.map(\.name).sorted() == found.map(\.name).sorted())
        #expect(own.map(\.price).sorted() == found.map(\.price).sorted())
        let cheapest = own.min { ($0.price, $0.name) < ($1.price, $1.name) }
        #expect(cheapest?.name == "azure centralindia Standard_DC8as_v5" && cheapest?.price.exactDecimal == "0.222")
    }

    @Test("this machine's shape is what local offers, and only to those who ask")
    func local() throws {
        let catalog = try CommittedCatalog.load()
        #expect(!catalog.offers(for: ResourceRequest()).contains { ["local", "mock"].contains($0.provider) })
        let offers = catalog.offers(for: SmallCatalog.request { $0.places = [PlaceConstraint(provider: "local")] })
        #expect(offers.map(\.cpus) == [6] && offers.map(\.memoryGiB) == [24] && offers.map(\.pricePerHour) == [.zero])
    }
}
