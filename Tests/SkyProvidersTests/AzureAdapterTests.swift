import SkyCore
import SkyHTTP
import SkyProcess
import SkyRuntime
import SkyTestSupport
import Testing

@testable import SkyProviders

@Suite("Machines of Azure", .tags(.integration), .timeLimit(.minutes(15)))
struct AzureAdapterTests {
    @Test("keep all that is relied upon")
    func conformance() async throws {
        try await AzureUnderTest.use(3) { world in
            let adapter = try world.adapter()
            let kit = try #require(
                ConformanceKit(adapter, region: "eastus", instanceType: "Standard_D2s_v3", nonce: "t1"))
            for check in ConformanceKit.checks {
                let outcome = await kit.perform(check)
                #expect(outcome == .kept, "\(check.id): \(outcome)")
                let left = try await world.control().things
                #expect(left == [], "\(check.id)")
            }
        }
    }

    @Test("host keys come from the serial log, and a machine that shows others is not spoken to")
    func hostKeys() async throws {
        var timing = AzureEmulator.Timing()
        timing.keys = 0.5
        try await AzureUnderTest.use(1, timing: timing) { world in
            let adapter = try world.adapter()
            let wanted = try world.request("a")
            let group = try await adapter.provision(wanted)
            let key = String(decoding: try Files.read("\(world.farm.hosts[0].folder)/key.pub") ?? [], as: UTF8.self)
            let pinned = try Files.read(
                "\(world.farm.folder)/state/a/nodes/azure/.ssh/known_hosts.sky-\(group.nodes[0].id)")
            #expect(
                String(decoding: pinned ?? [], as: UTF8.self)
                    == "sky-\(group.nodes[0].id) \(key.split(separator: " ").prefix(2).joined(separator: " "))\n")
            #expect(try await world.control().calls.contains { $0.hasSuffix("/retrieveBootDiagnosticsData") })
            try await adapter.terminate(token: "a")
        }
    }

    @Test("that a spot machine will be taken is heard from the machine itself, and only of that machine")
    func notice() async throws {
        try await AzureUnderTest.use(2) { world in
            let adapter = try world.adapter { $0.fields["metadata"] = world.emulator.url }
            for token in ["a", "b"] { _ = try await adapter.provision(try world.request(token) { $0.isSpot = true }) }
            #expect(try await adapter.describe(token: "a")?.interruptionAt == nil)
            let machine = try #require(try await adapter.describe(token: "a")?.nodes.first).id
            let begun = SystemScriptClock().now()
            try await world.control(#"{"announce": ["\#(machine)", 30]}"#)
            let told = try #require(try await adapter.describe(token: "a"))
            let left = try #require(told.interruptionAt) - begun
            #expect(told.state == .running && left > .seconds(25) && left < .seconds(60), "\(left)")
            #expect(try await adapter.describe(token: "b")?.interruptionAt == nil)
            for token in ["a", "b"] { try await adapter.terminate(token: token) }
        }
    }

    @Test("of scheduled events only those count that take this very machine")
    func events() {
        let now = Instant(millisecondsSince1970: 1_795_945_000_000)
        func taking(_ event: String) -> Instant? {
            AzureScheduledEvents.taking(
                of: "sky-1-0", in: #"{"DocumentIncarnation": 1, "Events": [\#(event)]}"#, now: now)
        }
        let preempt =
            #"{"EventType": "Preempt", "Resources": ["Sky-1-0"], "NotBefore": "Sun, 29 Nov 2026 09:41:28 GMT"}"#
        #expect(taking(preempt) == Instant(millisecondsSince1970: 1_795_945_288_000))
        #expect(taking(preempt.replacing("Sun, 29 Nov 2026 09:41:28 GMT", with: "")) == now)
        #expect(taking(preempt.replacing("Sky-1-0", with: "sky-1-1")) == nil)
        #expect(taking(preempt.replacing("Preempt", with: "Reboot")) == nil)
        #expect(taking("") == nil)
        #expect(AzureScheduledEvents.taking(of: "sky-1-0", in: "<html>", now: now) == nil)
    }

    @Test("what Azure says of a confidential machine is told with its group")
    func assurance() async throws {
        try await AzureUnderTest.use(1) { world in
            let adapter = try world.adapter()
            let group = try await adapter.provision(
                try world.request("a", "Standard_DC2es_v5") { $0.capabilities = ["confidential-tdx"] })
            #expect(group.assurance == "Azure says: ConfidentialVM, virtual TPM, secure boot")
            try await adapter.terminate(token: "a")
        }
    }

    @Test("two groups of a run share its resource group, which goes with the last of them")
    func shared() async throws {
        try await AzureUnderTest.use(3) { world in
            let adapter = try world.adapter()
            async let first = adapter.provision(try world.request("a", nodes: 2))
            async let second = adapter.provision(try world.request("b"))
            #expect(try await first.nodes.count == 2)
            #expect(try await second.nodes.count == 1)
            #expect(try await world.control().groups == ["sky-run-abcd-eastus"])
            try await adapter.terminate(token: "a")
            let left = try await world.control()
            #expect(left.machines.count == 1)
            #expect(
                left.things.count == 7, "group, network, and of b: rules, address, interface, machine and disk: \(left)"
            )
            #expect(try await adapter.describe(token: "b")?.state == .running)
            try await adapter.terminate(token: "b")
            #expect(try await world.control().things == [])
        }
    }

    @Test("what Azure takes is lost with its reason")
    func taken() async throws {
        try await AzureUnderTest.use(2) { world in
            let adapter = try world.adapter()
            let group = try await adapter.provision(try world.request("a") { $0.isSpot = true })
            try await world.control(#"{"power": ["\#(group.nodes[0].id)", "deallocated"]}"#)
            let now = try #require(try await adapter.describe(token: "a"))
            #expect(now.state == .lost && now.reason == "Azure has taken the spot machine back")
            try await adapter.terminate(token: "a")
            let second = try await adapter.provision(try world.request("b") { $0.isSpot = true })
            try await world.control(#"{"evict": "\#(second.nodes[0].id)"}"#)
            let gone = try #require(try await adapter.describe(token: "b"))
            #expect(gone.state == .lost)
            try await adapter.terminate(token: "b")
            #expect(try await world.control().things == [])
        }
    }

    @Test("a broker that knows nothing finds, reaches and gives back what another rented")
    func otherBroker() async throws {
        var timing = AzureEmulator.Timing()
        timing.page = 1
        try await AzureUnderTest.use(2, timing: timing) { world in
            let group = try await world.adapter().provision(try world.request("a", nodes: 2))
            let other = try world.adapter(broker: "b")
            #expect(try await other.list(run: group.run).map(\.token) == ["a"])
            #expect(try await other.list(run: RunID("another")).isEmpty)
            let seen = try #require(try await other.describe(token: "a"))
            #expect(seen.state == .running && seen.nodes.map(\.id) == group.nodes.map(\.id))
            let agent = try await other.channel(to: seen.nodes[1], of: seen).connect()
            #expect(try await agent.state(ofJob: "none") == nil)
            await agent.close()
            try await other.terminate(token: "a")
            #expect(try await world.control().things == [])
        }
    }

    @Test(
        "a machine that is accepted and does not come to be is given back whole",
        arguments: [
            ("AllocationFailed", ProviderError.Kind.noCapacity), ("OverconstrainedZonalAllocationRequest", .noCapacity),
            ("OSProvisioningTimedOut", .transient),
        ])
    func failedBoot(code: String, kind: ProviderError.Kind) async throws {
        try await AzureUnderTest.use(2) { world in
            try await world.control(#"{"boot": {"code": "\#(code)", "message": "none left"}}"#)
            let adapter = try world.adapter()
            do {
                _ = try await adapter.provision(try world.request("a", nodes: 2))
                Issue.record("it came up")
            } catch let error as ProviderError {
                #expect(error.kind == kind && error.message.contains("\(code): none left"), "\(error)")
            }
            #expect(try await world.control().things == [])
            // Capacity may be there the next time.
            _ = try await adapter.provision(try world.request("b", nodes: 2))
            try await adapter.terminate(token: "b")
        }
    }
}
