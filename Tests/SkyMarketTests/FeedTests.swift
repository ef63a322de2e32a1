import SkyCatalog
import SkyCore
import SkyHTTP
import SkyTestSupport
import Synchronization
import Testing

@testable import SkyMarket

@Suite("Prices of Azure, Google, Lambda, RunPod and SkyPilot's tables, read anew", .timeLimit(.minutes(5)))
struct FeedTests {
    private static func azureItem(_ sku: String, _ price: String, _ changes: [String: String] = [:]) -> String {
        var fields = [
            "currencyCode": "\"USD\"", "tierMinimumUnits": "0.0", "retailPrice": price, "unitPrice": price,
            "armRegionName": "\"eastus\"", "location": "\"US East\"", "effectiveStartDate": "\"2026-01-01T00:00:00Z\"",
            "meterName": "\"\(sku)\"", "productName": "\"Virtual Machines Dv5 Series\"", "skuName": "\"\(sku)\"",
            "serviceName": "\"Virtual Machines\"", "unitOfMeasure": "\"1 Hour\"", "type": "\"Consumption\"",
            "isPrimaryMeterRegion": "true", "armSkuName": "\"Standard_\(sku)\"",
        ]
        fields.merge(changes) { $1 }
        return "{" + fields.map { "\"\($0.key)\": \($0.value)" }.joined(separator: ", ") + "}"
    }

    private static func azurePage(_ items: [String], next: String? = nil) -> LoopbackHTTPServer.Step {
        let link = next.map { "\"\($0)\"" } ?? "null"
        return .reply(
            200,
            body: """
                {"BillingCurrency": "USD", "CustomerEntityType": "Retail", "Items": [\(items.joined(separator: ","))], \
                "NextPageLink": \(link), "Count": \(items.count)}
                """)
    }

    @Test("Azure: pages are followed, other products and prices of another day left out, the primary meter counts")
    func azure() async throws {
        try await withMarket({ request in
            guard request.target.contains("eastus") || request.target.contains("skip") else {
                return [Self.azurePage([Self.azureItem("D2_v5", "0.12", ["armRegionName": "\"westus\""])])]
            }
            guard request.target.contains("skip=1000") else {
                let host = request.headers["host"] ?? ""
                return [
                    Self.azurePage(
                        [
                            Self.azureItem("D2_v5", "0.1"),
                            Self.azureItem("D2_v5", "0.2", ["productName": "\"Virtual Machines Dv5 Series Windows\""]),
                            Self.azureItem("D2_v5", "0.05", ["effectiveStartDate": "\"2027-01-01T00:00:00Z\""]),
                            Self.azureItem(
                                "D2_v5", "0.3",
                                ["isPrimaryMeterRegion": "false", "effectiveStartDate": "\"2026-10-01T00:00:00Z\""]),
                            Self.azureItem("D99_v9", "9"),
                        ], next: "http://\(host)/api/retail/prices?$skip=1000")
                ]
            }
            return [
                Self.azurePage([
                    Self.azureItem("D2_v5", "0.021", ["skuName": "\"D2 v5 Spot\"", "meterName": "\"D2 v5 Spot\""]),
                    Self.azureItem("D2_v5", "0.01", ["skuName": "\"D2 v5 Low Priority\""]),
                    Self.azureItem("D4_v5", "0.2"), Self.azureItem("D4_v5", "0.18", ["currencyCode": "\"EUR\""]),
                ])
            ]
        }) { (market: inout MarketFixture) async throws in
            let report = await market.refresh("azure")
            #expect(
                try market.offers("azure") == [
                    "Standard_D2_v5@eastus=0.021 spot retail-prices-2026-11-29",
                    "Standard_D2_v5@eastus=0.1 retail-prices-2026-11-29",
                    "Standard_D2_v5@westus=0.12 retail-prices-2026-11-29",
                    "Standard_D4_v5@eastus=0.2 retail-prices-2026-11-29",
                ])
            #expect(
                Set(report.findings.map { "\($0.kind.rawValue) \($0.subject)" }) == [
                    "unknown-machine Standard_D99_v9", "wrong-currency Standard_D4_v5 in eastus",
                ])
        }
    }

    @Test("Azure: a link that leads elsewhere is not followed, and a throttled page is asked for again")
    func azureManners() async throws {
        let asked = Mutex(0)
        try await withMarket({ request in
            if request.target.contains("westus") {
                let count = asked.withLock { count in
                    count += 1
                    return count
                }
                guard count > 1 else { return [.reply(429, headers: [("Retry-After", "0")], body: "slow down")] }
                return [Self.azurePage([Self.azureItem("D2_v5", "0.12", ["armRegionName": "\"westus\""])])]
            }
            return [Self.azurePage([Self.azureItem("D2_v5", "0.1")], next: "http://elsewhere.example/api?$skip=1000")]
        }) { (market: inout MarketFixture) async throws in
            let report = await market.refresh("azure")
            #expect(report.findings.contains { $0.kind == .kept && $0.detail.contains("leads elsewhere") })
            #expect(try market.offers("azure").contains("Standard_D2_v5@westus=0.12 retail-prices-2026-11-29"))
            #expect(try market.offers("azure").contains("Standard_D2_v5@eastus=0.096 old"))
        }
    }

    private static func sku(_ description: String, _ usage: String, units: Int, nanos: Int, currency: String = "USD")
        -> String
    {
        """
        {"name": "services/6F81-5844-456A/skus/X", "skuId": "X", "description": "\(description)", \
        "category": {"serviceDisplayName": "Compute Engine", "resourceFamily": "Compute", "resourceGroup": "CPU", \
        "usageType": "\(usage)"}, "serviceRegions": ["us-central1"], "pricingInfo": [{"pricingExpression": \
        {"usageUnit": "h", "displayQuantity": 1, "tieredRates": [{"startUsageAmount": 0, "unitPrice": \
        {"currencyCode": "\(currency)", "units": "\(units)", "nanos": \(nanos)}}]}}]}
        """
    }

    @Test("Google: machines are the sum of their parts, and those with other parts stay as they were")
    func google() async throws {
        try await withMarket({ request in
            guard request.headers["x-goog-api-key"] == "google-key" else { return [.reply(403, body: "no key")] }
            guard request.target.contains("pageToken=two") else {
                let skus = [
                    Self.sku("N2 Instance Core running in Americas", "OnDemand", units: 0, nanos: 32_000_000),
                    Self.sku("N2 Instance Ram running in Americas", "OnDemand", units: 0, nanos: 4_000_000),
                    Self.sku("N2 Custom Instance Core running in Americas", "OnDemand", units: 9, nanos: 0),
                    Self.sku(
                        "Spot Preemptible N2 Instance Core running in Americas", "Preemptible", units: 0,
                        nanos: 15_000_000),
                    Self.sku(
                        "Spot Preemptible N2 Instance Ram running in Americas", "Preemptible", units: 0,
                        nanos: 2_000_000),
                    Self.sku("Commitment v1: N2 Cpu in Americas for 1 Year", "Commit1Yr", units: 0, nanos: 1),
                ]
                return [.reply(200, body: "{\"skus\": [\(skus.joined(separator: ","))], \"nextPageToken\": \"two\"}")]
            }
            let skus = [
                Self.sku("N1 Predefined Instance Core running in Americas", "OnDemand", units: 0, nanos: 31_611_000),
                Self.sku("N1 Predefined Instance Ram running in Americas", "OnDemand", units: 0, nanos: 4_237_000),
                Self.sku("Nvidia Tesla T4 GPU running in Americas", "OnDemand", units: 0, nanos: 350_000_000),
                Self.sku("C3 Instance Core running in Americas", "OnDemand", units: 1, nanos: 0),
                Self.sku("C3 Instance Ram running in Americas", "OnDemand", units: 0, nanos: 0),
            ]
            return [.reply(200, body: "{\"skus\": [\(skus.joined(separator: ","))], \"nextPageToken\": \"\"}")]
        }) { (market: inout MarketFixture) async throws in
            let report = await market.refresh("gcp")
            #expect(
                try market.offers("gcp") == [
                    "c3-standard-4-lssd@us-central1=0.07 spot old", "c3-standard-4-lssd@us-central1=0.24 old",
                    "n1-standard-8+T4:1@us-central1=0.3 spot old",
                    "n1-standard-8+T4:1@us-central1=0.729998 billing-catalog-2026-11-29",
                    "n2-standard-8@us-central1=0.184 spot billing-catalog-2026-11-29",
                    "n2-standard-8@us-central1=0.384 billing-catalog-2026-11-29",
                ])
            #expect(report.findings.map(\.kind) == [.zeroPrice])
            #expect(!market.server.requests.contains { $0.target.contains("google-key") })
        }
    }

    @Test("Google: without a key it is the account that asks; without either it is said what to do")
    func googleAccount() async throws {
        try await withMarket({ request in
            guard request.headers["authorization"] == "Bearer token", request.headers["x-goog-user-project"] == "mine"
            else { return [.reply(403, body: "no account")] }
            let core = Self.sku("N2 Instance Core running in Americas", "OnDemand", units: 0, nanos: 32_000_000)
            let memory = Self.sku("N2 Instance Ram running in Americas", "OnDemand", units: 0, nanos: 4_000_000)
            return [.reply(200, body: "{\"skus\": [\(core), \(memory)]}")]
        }) { (market: inout MarketFixture) async throws in
            market.environment["GOOGLE_API_KEY"] = nil
            let refused = await market.refresh("gcp")
            #expect(refused.failure?.kind == .credentials)
            #expect(refused.failure?.message.contains("set GOOGLE_API_KEY") == true)
            market.google = { ["Authorization": "Bearer token", "x-goog-user-project": "mine"] }
            let report = await market.refresh("gcp")
            #expect(report.failure == nil)
            #expect(
                try market.offers("gcp").contains("n2-standard-8@us-central1=0.384 billing-catalog-2026-11-29"))
        }
    }

    @Test("Lambda: a machine is where it was and where there is one now; one whose accelerator nobody knows is named")
    func lambda() async throws {
        func entry(_ name: String, _ gpu: String, _ cents: Int, _ regions: [String]) -> String {
            let places = regions.map { "{\"name\": \"\($0)\", \"description\": \"x\"}" }.joined(separator: ",")
            return """
                "\(name)": {"instance_type": {"name": "\(name)", "description": "1x", "gpu_description": "\(gpu)", \
                "price_cents_per_hour": \(cents), "specs": {"vcpus": 26, "memory_gib": 200, "storage_gib": 512, "gpus": 1}}, \
                "regions_with_capacity_available": [\(places)]}
                """
        }
        let data = [
            entry("gpu_1x_a10", "A10 (24 GB PCIe)", 129, []),
            entry("gpu_1x_h100_pcie", "H100 (80 GB PCIe)", 249, ["us-east-1", "moon-1"]),
            entry("gpu_1x_z1", "Z1 (1 TB)", 999, ["us-east-1"]),
        ].joined(separator: ",")
        try await withMarket({ request in
            request.headers["authorization"] == "Bearer lambda-key"
                ? [.reply(200, body: "{\"data\": {\(data)}}")]
                : [.reply(401, body: "{\"error\": {\"code\": \"global/invalid-api-key\"}}")]
        }) { (market: inout MarketFixture) async throws in
            let report = await market.refresh("lambda")
            #expect(
                try market.offers("lambda") == [
                    "gpu_1x_a10+A10:1@us-west-1=1.29 lambda-api-2026-11-29",
                    "gpu_1x_h100_pcie+H100:1@us-east-1=2.49 lambda-api-2026-11-29",
                ])
            #expect(report.findings.map(\.kind) == [.unknownMachine, .unknownRegion])
            market.environment["LAMBDA_API_KEY"] = "wrong"
            let refused = await market.refresh("lambda")
            #expect(refused.outcome == .failed && refused.failure?.kind == .credentials)
            market.environment["LAMBDA_API_KEY"] = nil
            #expect(await market.refresh("lambda").failure?.message.contains("set LAMBDA_API_KEY") ?? false)
            #expect(try market.offers("lambda").count == 2)
        }
    }

    @Test("RunPod: a price per GPU becomes machines in all its regions; refusals come with status 200")
    func runPod() async throws {
        let isRefusing = Mutex(false)
        try await withMarket({ _ in
            if isRefusing.withLock({ $0 }) {
                return [.reply(200, body: "{\"errors\": [{\"message\": \"Unauthorized\"}]}")]
            }
            return [
                .reply(
                    200,
                    body: """
                        {"data": {"gpuTypes": [
                        {"id": "NVIDIA A100 80GB PCIe", "displayName": "A100 PCIe", "secureCloud": true, "securePrice": 1.64,
                         "secureSpotPrice": 0.82, "maxGpuCount": 2, "lowestPrice": {"minVcpu": 8, "minMemory": 117}},
                        {"id": "Odd", "displayName": "Odd 1", "secureCloud": true, "securePrice": 1, "secureSpotPrice": null,
                         "maxGpuCount": 1, "lowestPrice": {"minVcpu": null, "minMemory": null}}]}}
                        """)
            ]
        }) { (market: inout MarketFixture) async throws in
            _ = await market.refresh("runpod")
            #expect(
                try market.offers("runpod").filter { $0.contains("@US") } == [
                    "1x_A100-80GB_SECURE+A100-80GB:1@US=0.82 spot runpod-api-2026-11-29",
                    "1x_A100-80GB_SECURE+A100-80GB:1@US=1.64 runpod-api-2026-11-29",
                    "2x_A100-80GB_SECURE+A100-80GB:2@US=1.64 spot runpod-api-2026-11-29",
                    "2x_A100-80GB_SECURE+A100-80GB:2@US=3.28 runpod-api-2026-11-29",
                ])
            isRefusing.withLock { $0 = true }
            #expect(await market.refresh("runpod").failure?.message.contains("Unauthorized") ?? false)
        }
    }

    private static let table = """
        InstanceType,AcceleratorName,AcceleratorCount,vCPUs,MemoryGiB,Price,SpotPrice,Region,GpuInfo
        VM.A10.1,A10,1.0,30.0,240.0,2.0,1.0,us-ashburn-1,"{'Gpus': [{'Name': 'A10', 'Count': 1}]}"
        VM.A10.2,A10,2.0,60.0,480.0,4.2,2.1,us-ashburn-1,"{'Gpus': [{'Name': 'A10', 'Count': 2}]}"

        """

    @Test("SkyPilot's tables: a table with the tag that is known is not sent again")
    func hosted() async throws {
        try await withMarket({ request in
            if request.headers["if-none-match"] == "\"tag-1\"" {
                return [.reply(304, headers: [("ETag", "\"tag-1\"")])]
            }
            return [.reply(200, headers: [("ETag", "\"tag-1\"")], body: Self.table)]
        }) { (market: inout MarketFixture) async throws in
            #expect(await market.refresh("oci").outcome == .refreshed)
            let again = await market.refresh("oci", at: MarketFixture.now + TimeSpan.seconds(172_800))
            #expect(again.outcome == .unchanged && again.changed == 0)
            #expect(
                try market.offers("oci") == [
                    "VM.A10.1+A10:1@us-ashburn-1=1 spot skypilot-2026-12-01",
                    "VM.A10.1+A10:1@us-ashburn-1=2 skypilot-2026-12-01",
                    "VM.A10.2+A10:2@us-ashburn-1=2.1 spot skypilot-2026-12-01",
                    "VM.A10.2+A10:2@us-ashburn-1=4.2 skypilot-2026-12-01",
                ])
        }
    }

    @Test("tenfold jumps are flagged until they are accepted, prices of nothing are left out, and both are named")
    func sanity() async throws {
        let table = Mutex(
            Self.table.replacing("2.0,1.0,us", with: "0.2,0,us").replacing("4.2,2.1,us", with: "4.2,-1,us"))
        try await withMarket({ _ in [.reply(200, body: table.withLock { $0 })] }) {
            (market: inout MarketFixture) async throws in
            let report = await market.refresh("oci")
            #expect(
                report.findings.map { "\($0.kind.rawValue): \($0.subject) \($0.detail)" } == [
                    "zero-price: spot of VM.A10.1 with A10:1 in us-ashburn-1 costs 0, which nobody asks",
                    "jump: VM.A10.1 with A10:1 in us-ashburn-1 was 2 and is 0.2",
                    "negative-price: spot of VM.A10.2 with A10:2 in us-ashburn-1 costs -1, which nobody asks",
                ])
            let flagged = [
                "VM.A10.1+A10:1@us-ashburn-1=0.2 skypilot-2026-11-29 !jump",
                "VM.A10.2+A10:2@us-ashburn-1=4.2 skypilot-2026-11-29",
            ]
            #expect(try market.offers("oci") == flagged)
            // It does not become believable by being read twice.
            _ = await market.refresh("oci")
            #expect(try market.offers("oci") == flagged)
            _ = await market.refresh("oci", acceptsJumps: true)
            #expect(try market.offers("oci").first == "VM.A10.1+A10:1@us-ashburn-1=0.2 skypilot-2026-11-29")
        }
    }

    @Test(
        "an answer that is not believed changes nothing",
        arguments: [
            (
                "InstanceType,AcceleratorName,AcceleratorCount,vCPUs,MemoryGiB,Price,SpotPrice,Region\n",
                "no machine in it"
            ),
            ("", "no machine in it"), ("<html>sign in</html>\n", "line 1: there is no column 'InstanceType'"),
            (
                "InstanceType,AcceleratorName,AcceleratorCount,vCPUs,MemoryGiB,Price,SpotPrice,Region\nVM.New,,,1,1,1,,us-ashburn-1\n",
                "100 % are not in what oci answered"
            ),
        ])
    func disbelief(body: String, reason: String) async throws {
        try await withMarket({ _ in [.reply(200, body: body)] }) { (market: inout MarketFixture) async throws in
            let report = await market.refresh("oci")
            #expect(report.outcome == .failed && report.failure?.message.contains(reason) ?? false, "\(report)")
            #expect(RefreshedOffers.providers(in: market.prices).isEmpty)
            #expect(try market.offers("oci").count == 4)
        }
    }
}
