import FoundationEssentials
import SkyCore
import Testing

@testable import SkyCatalog

/// The files under `providers/`, read once by the library and once by a plain reader that shares nothing with it.
struct CommittedCatalog {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "providers").path
    static let providers = ["aws", "azure", "gcp", "lambda", "local", "mock", "runpod"]

    private static let loaded = Result { try Catalog.load(root: root, host: HostShape(cpus: 6, memoryGiB: 24)) }

    static func load() throws -> Catalog { try loaded.get() }

    /// Rows as dictionaries; no field of these files is quoted.
    static func rows(_ path: String) throws -> [[String: String]] {
        let text = try String(contentsOfFile: "\(root)/\(path)", encoding: .utf8)
        let lines = text.split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
        let header = (lines.first ?? []).map(String.init)
        return lines.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(header, $0.map(String.init))) }
    }
}

@Suite("The committed catalog")
struct CommittedCatalogTests {
    private func money(_ text: String?) -> Money? { text.flatMap { Money($0) } }

    @Test("every row of every provider loads")
    func loads() throws {
        let catalog = try CommittedCatalog.load()
        #expect(catalog.providers.map(\.name) == CommittedCatalog.providers)
        let lines = try CommittedCatalog.providers.map { try CommittedCatalog.rows("\($0)/offers.csv").count }
        #expect(catalog.rowCount == lines.reduce(0, +))
        #expect((5000...12_000).contains(catalog.rowCount))
        #expect(catalog.provider(named: "local")?.placement == .explicit)
        #expect(catalog.provider(named: "mock")?.placement == .explicit)
    }

    @Test(
        "prices are positive, spot costs at most as much, and no row is there twice",
        arguments: CommittedCatalog.providers)
    func prices(provider: String) throws {
        var seen: Set<[String?]> = []
        var onDemand: [[String?]: Set<String>] = [:]
        var last: [String?] = []
        for row in try CommittedCatalog.rows("\(provider)/offers.csv") {
            let machine = [row["instance_type"], row["region"], row["accelerators"]]
            #expect(seen.insert(machine + [row["price"], row["spot_price"]]).inserted, "twice: \(machine)")
            // Rows that differ in zone and spot price stand together: that is how their on-demand offers become one.
            #expect(machine == last || onDemand[machine] == nil, "scattered: \(machine)")
            last = machine
            onDemand[machine, default: []].insert(row["price"] ?? "")
            let (price, spot) = (money(row["price"]), money(row["spot_price"]))
            #expect(price != nil || spot != nil)
            if provider == "local" { continue }
            #expect([price, spot].compactMap { $0 }.allSatisfy { $0 > .zero })
            if let price, let spot { #expect(spot <= price, "\(machine)") }
        }
        #expect(onDemand.values.allSatisfy { $0.count == 1 }, "one on-demand price per machine and region")
    }

    @Test("every region has a tariff to everywhere else and a throughput")
    func tariffs() throws {
        let catalog = try CommittedCatalog.load()
        let regions = catalog.providers.flatMap { profile in
            profile.regions.map { Location(provider: profile.name, region: $0.name) }
        }
        for from in regions {
            for to in regions {
                let price = catalog.pricePerGigabyte(from: from, to: to)
                #expect((price == .zero) == (from == to || ["lambda", "runpod", "local"].contains(from.provider)))
                #expect(catalog.gigabitsPerSecond(from: from, to: to) > 0)
            }
        }
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
            "arm64", "burstable", "confidential", "confidential-gpu", "confidential-sev-snp", "confidential-sgx",
            "confidential-tdx", "efa", "gpu-amd", "gpu-nvidia", "inferentia", "local-nvme", "local-ssd", "nvlink",
            "rdma", "tpu", "trainium",
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
            for row in try CommittedCatalog.rows("\(provider)/offers.csv") {
                guard
                    let region = row["region"], let type = row["instance_type"], var price = money(row["price"]),
                    let cpus = Int(row["cpus"] ?? ""), let memory = Int(row["memory_gib"] ?? ""), cpus >= 8,
                    memory >= 32,
                    row["accelerators"] == "",
                    row["capabilities"]?.split(separator: ";").contains("confidential") == true
                else { continue }
                if provider == "aws" {
                    guard ["us-east-2", "eu-west-1"].contains(region) else { continue }
                    price = price.scaled(by: 110, over: 100)
                } else if provider == "gcp" {
                    guard
                        !["us-east5", "us-west4", "europe-west1", "europe-west2", "asia-east1", "asia-south1"].contains(
                            region)
                    else { continue }
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
