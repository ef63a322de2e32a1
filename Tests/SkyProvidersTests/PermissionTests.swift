import SkyCore
import SkyProcess
import SkyTestSupport
import Testing

@testable import SkyProviders

@Suite("The least rights of a plan")
struct PermissionTests {
    @Test(
        "are a document in each cloud's own form",
        arguments: [("aws", "ec2"), ("gcp", "gce"), ("azure", "azure-vm"), ("kubernetes", "kubernetes")])
    func documents(_ provider: String, _ adapter: String) throws {
        let needs = PermissionNeeds(
            provider: provider, adapter: adapter, uses: [.machines, .bucket], regions: ["here-1", "here-2"],
            buckets: ["b"])
        let document = PermissionDocument(needs, try PermissionTable.read(provider, in: shippedProviders))
        try expectGolden("\(document.title)\n\(document.text)", "permissions-\(provider).txt")
    }

    @Test("grow with what is used, and with nothing else", arguments: PermissionNeeds.Use.allCases)
    func uses(_ use: PermissionNeeds.Use) throws {
        for provider in Files.names(in: shippedProviders) {
            let table = try PermissionTable.read(provider, in: shippedProviders)
            let needs = PermissionNeeds(provider: provider, adapter: "", uses: [use], regions: [])
            #expect(table.rows(for: needs).allSatisfy { $0.use == use })
        }
    }

    @Test("are told from the requests of a plan")
    func requests() throws {
        let run = try #require(RunID("r"))
        let requests = [
            NodeGroupRequest(
                token: "a", run: run, region: "b", instanceType: "t", isSpot: true, numNodes: 2,
                capabilities: ["confidential-tdx"]),
            NodeGroupRequest(token: "c", run: run, region: "a", instanceType: "t", servicePort: 80),
        ]
        let needs = PermissionNeeds("aws", adapter: "ec2", requests, actsAsSomebody: false)
        #expect(needs.uses == [.machines, .spot, .gang, .confidential, .service])
        #expect(needs.regions == ["a", "b"])
    }
}
