import SkyAzure
import SkyCore
import SkyHTTP
import SkyTestSupport
import Testing

@testable import SkyProviders

@Suite("Orders to Azure", .tags(.integration), .timeLimit(.minutes(10)))
struct AzureCloudTests {
    @Test(
        "each kind of machine boots from an image that fits it",
        arguments: [
            "Standard_D2s_v3", "Standard_A1_v2", "Standard_D2ps_v5", "Standard_DC2as_v5", "Standard_DC2es_v5",
            "Standard_NC24ads_A100_v4", "Standard_ND96isr_MI300X_v5", "Standard_HB120rs_v3",
        ])
    func kinds(type: String) async throws {
        try await AzureUnderTest.use(2) { world in
            let cloud = try world.cloud()
            let request = try world.request("a", type, nodes: 2) {
                $0.diskGiB = 100
                $0.diskTier = "high"
                $0.servicePort = 8080
                $0.labels = ["team/of": "ours"]
            }
            try cloud.check(request)
            try await cloud.create(world.order(request))
            let machines = try await world.settled(request, cloud)
            #expect(machines.map(\.state) == [.running, .running])
            #expect(machines.allSatisfy { $0.instanceType == type && $0.publicAddress != nil && $0.createdAt != nil })
            let things = try await world.control().things
            let isTight = type.contains("HB") || type.contains("MI300X")
            #expect(things.contains { $0.hasPrefix("proximityPlacementGroups/") } == isTight)
            #expect(things.contains { $0.hasPrefix("availabilitySets/") } == isTight)
            try await world.remove("a", cloud)
            #expect(try await world.control().things == [])
        }
    }

    @Test("zones, spot and an image of one's own are asked for as Azure wants them")
    func wishes() async throws {
        try await AzureUnderTest.use(1) { world in
            let cloud = try world.cloud { $0.image = "Debian:debian-12:12-gen2" }
            let request = try world.request("a") {
                $0.zone = "eastus-2"
                $0.isSpot = true
            }
            try await cloud.create(world.order(request) { $0.image = "Debian:debian-12:12-gen2" })
            let machine = try #require(try await world.settled(request, cloud).first)
            #expect(machine.zone == "2" && machine.isSpot)
            try await world.remove("a", cloud)
        }
    }

    @Test(
        "what cannot be is refused by its kind before anything is made",
        arguments: [
            ("Standard_None", nil, ProviderError.Kind.noCapacity), ("Standard_M8ms", nil, .noCapacity),
            ("Standard_D2s_v3", "confidential", .badRequest),
            ("Standard_DC2as_v5", "confidential-tdx", .badRequest),
            ("Standard_DC2es_v5", "confidential-sev-snp", .badRequest),
        ])
    func refused(type: String, capability: String?, kind: ProviderError.Kind) async throws {
        try await AzureUnderTest.use(1) { world in
            let cloud = try world.cloud()
            let request = try world.request("a", type) { $0.capabilities = capability.map { [$0] } }
            #expect(await refusal { try await cloud.create(world.order(request)) } == kind)
            #expect(try await world.control().things == [])
        }
    }

    @Test("a machine that was to be confidential, and of which Azure says that it is not, is not used")
    func notConfidential() async throws {
        try await AzureUnderTest.use(1) { world in
            let cloud = try world.cloud()
            let request = try world.request("a", "Standard_DC2as_v5") { $0.capabilities = ["confidential"] }
            try await world.control(#"{"plain": "*"}"#)
            try await cloud.create(world.order(request))
            let machine = try #require(try await world.settled(request, cloud).first)
            #expect(machine.state == .ended && machine.failure == .badRequest)
            #expect(machine.reason == "it was to be confidential, and Azure says that it is an ordinary machine")
            try await world.remove("a", cloud)
        }
    }

    @Test("a quota is told by Azure's own words, and before anything is rented")
    func quota() async throws {
        try await AzureUnderTest.use(2) { world in
            let cloud = try world.cloud()
            try await world.control(#"{"quota": ["eastus", "standardDSv3Family", 3]}"#)
            let request = try world.request("a", nodes: 2)
            #expect(
                try await cloud.obstacles(to: [request]) == [
                    "eastus: 4 cores of standardDSv3 Family vCPUs are needed, and 0 of 3 are in use: ask for more under "
                        + "Quotas in Azure's portal"
                ])
            #expect(try await cloud.obstacles(to: [world.request("b")]) == [])
            do {
                try await cloud.create(world.order(request))
                Issue.record("it was accepted")
            } catch let error as ProviderError {
                #expect(error.kind == .quota && error.message.contains("approved standardDSv3Family Cores quota"))
            }
            try await world.remove("a", cloud)
            #expect(try await world.control().things == [])
        }
    }

    @Test("who asks and what pays is said")
    func identity() async throws {
        try await AzureUnderTest.use(1) { world in
            let identity = try await world.cloud().identity()
            #expect(identity.name == "application sky-test in tenant 99999999-8888-7777-6666-555555555555")
            #expect(identity.account == "Testing (11111111-2222-3333-4444-555555555555)")
            #expect(identity.source == "AZURE_CLIENT_SECRET")
        }
    }

    @Test("tokens that Azure no longer takes are replaced, and passing trouble is waited out")
    func trouble() async throws {
        try await AzureUnderTest.use(1) { world in
            let cloud = try world.cloud()
            let request = try world.request("a")
            try await cloud.create(world.order(request))
            try await world.control(#"{"revoke": true}"#)
            #expect(try await cloud.machines(of: world.name(request)).count == 1)
            try await world.control(#"{"retry_after": 1}"#)
            try await world.control(
                #"{"fail": {"match": "GET .*/virtualMachines$", "status": 429, "code": "TooManyRequests", "times": 2, "#
                    + #""headers": {"Retry-After": "0", "x-ms-ratelimit-remaining-resource": "Microsoft.Compute/GetVM3Min;0"}}}"#
            )
            #expect(try await cloud.machines(of: world.name(request)).count == 1)
            try await world.remove("a", cloud)
        }
    }

    @Test("a subscription that there is not is told, and not taken for an empty one")
    func wrongSubscription() async throws {
        try await AzureUnderTest.use(1) { world in
            let cloud = try world.cloud { $0.fields["subscription"] = "00000000-0000-0000-0000-000000000000" }
            #expect(await refusal { _ = try await cloud.machines(ofRun: nil) } == .credentials)
            let named = try world.cloud { $0.fields["subscription"] = "Production" }
            do {
                _ = try await named.identity()
                Issue.record("it was found")
            } catch let error as ProviderError {
                #expect(error.message == "no subscription 'Production'; there are: Testing")
            }
        }
    }

    @Test("a resource group of the name that is somebody else's is left alone")
    func foreign() async throws {
        try await AzureUnderTest.use(1) { world in
            let cloud = try world.cloud()
            let group = try await cloud.session.paths().resourceGroup("sky-run-abcd-eastus")
            _ = try await cloud.manager.perform(
                .init(.put, group, version: AzurePaths.groups, body: ["location": "eastus"]))
            let request = try world.request("a")
            #expect(await refusal { try await cloud.create(world.order(request)) } == .badRequest)
            #expect(try await cloud.remove(world.name(request)))
            #expect(try await world.control().groups == ["sky-run-abcd-eastus"])
        }
    }
}

@Suite("Azure's errors")
struct AzureErrorTests {
    private static func rows() -> [ErrorTable.Row] {
        (try? ErrorTable.read("azure", in: shippedProviders))?.rows ?? []
    }

    /// Said in the form in which Azure says them, each row is the kind that the table says.
    @Test("every row of the table is told from the answer that holds its code", arguments: rows())
    func row(_ row: ErrorTable.Row) throws {
        let table = try ErrorTable.read("azure", in: shippedProviders)
        let isQuota = row.code.hasSuffix("/quota")
        let code = row.code.replacing("/quota", with: "").replacing("*", with: "Something")
        let words = isQuota ? "exceeding approved Total Regional Cores quota" : "it is so"
        let answers = [
            #"{"error": {"code": "\#(code)", "message": "\#(words)"}}"#,
            #"{"error": {"code": "DeploymentFailed", "message": "x", "details": [{"code": "\#(code)", "message": "\#(words)"}]}}"#,
        ]
        for body in answers {
            let failure = ResourceManagerError.refusal(
                .init(
                    .put, "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/m",
                    version: "v"),
                HTTPResponse(status: 409, headers: ["x-ms-request-id": "R-7"], body: Array(body.utf8)))
            let error = table.error(failure.codes, status: failure.status, failure.message)
            #expect(error.kind == row.kind)
            #expect(error.message.hasPrefix("PUT virtualMachines/m: "))
            #expect(error.message.contains(words) && error.message.contains("request R-7"))
            if let advice = row.advice { #expect(error.message.hasSuffix(advice)) }
        }
    }

    @Test("the codes that decide what the broker does are in the table")
    func known() throws {
        let table = try ErrorTable.read("azure", in: shippedProviders)
        let kinds: [(String, ProviderError.Kind)] = [
            ("SkuNotAvailable", .noCapacity), ("AllocationFailed", .noCapacity), ("ZonalAllocationFailed", .noCapacity),
            ("OverconstrainedAllocationRequest", .noCapacity), ("QuotaExceeded", .quota),
            ("OperationNotAllowed/quota", .quota), ("AuthorizationFailed", .credentials),
            ("InvalidAuthenticationTokenTenant", .credentials),
        ]
        for (code, kind) in kinds { #expect(table.row(for: code)?.kind == kind, "\(code)") }
        #expect(table.error(["NeverHeardOf"], status: 409, "whole text").kind == .transient)
    }

    @Test("a page of a proxy is a refusal like any other, with its status")
    func page() {
        let failure = ResourceManagerError.refusal(
            .init(.get, "/subscriptions/s", version: "v"), HTTPResponse(status: 502, body: Array("<html>".utf8)))
        #expect(failure.message == "GET subscriptions/s: HTTP 502")
    }
}
