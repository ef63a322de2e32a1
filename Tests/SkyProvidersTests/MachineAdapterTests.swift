import SkyCore
import SkyProcess
import SkyRuntime
import SkyTestSupport
import Testing

@testable import SkyProviders

@Suite("Machines of a cloud", .tags(.integration), .serialized, .timeLimit(.minutes(10)))
struct MachineAdapterTests {
    @Test("keep all that is relied upon")
    func conformance() async throws {
        try await MachinesUnderTest.use(3) { world in
            let adapter = try world.adapter()
            let kit = try #require(ConformanceKit(adapter, region: "here", instanceType: "small", nonce: "t1"))
            for check in ConformanceKit.checks {
                let outcome = await kit.perform(check)
                #expect(outcome.complaint == nil, "\(check.id): \(outcome)")
                #expect(await world.cloud.alive.isEmpty, "\(check.id)")
            }
            #expect(Files.exists("\(world.farm.folder)/powered-off"), "a lease that ran out powers its machine off")
        }
    }

    @Test("an order that failed after it was heard is the same order again")
    func lostAnswer() async throws {
        try await MachinesUnderTest.use(2) { world in
            await world.cloud.set {
                $0.failures = [ProviderError(.transient, provider: "farm", "the answer was lost")]
                $0.failsAfterMaking = true
            }
            let adapter = try world.adapter()
            let wanted = try world.request("a", nodes: 2)
            #expect(await refusal { _ = try await adapter.provision(wanted) } == .transient)
            #expect(try await adapter.list(run: nil).map(\.token) == ["a"])
            let group = try await adapter.provision(wanted)
            #expect(group.nodes.count == 2)
            #expect(await world.cloud.alive.count == 2)
            try await adapter.terminate(token: "a")
        }
    }

    @Test(
        "what is refused is taken back whole, with the cloud's own words",
        arguments: [ProviderError.Kind.noCapacity, .quota, .credentials, .badRequest])
    func refused(_ kind: ProviderError.Kind) async throws {
        try await MachinesUnderTest.use(1) { world in
            await world.cloud.set {
                $0.failures = [ProviderError(kind, provider: "farm", "no")]
                $0.failsAfterMaking = true
            }
            let adapter = try world.adapter()
            let wanted = try world.request("a")
            #expect(await refusal { _ = try await adapter.provision(wanted) } == kind)
            #expect(await world.cloud.alive.isEmpty)
            #expect(try await adapter.list(run: nil).isEmpty)
        }
    }

    @Test("a machine that ends while it boots takes its gang with it, and says why")
    func endedEarly() async throws {
        try await MachinesUnderTest.use(2) { world in
            await world.cloud.set { $0.bootLooks = 1_000 }
            let adapter = try world.adapter()
            let wanted = try world.request("a", nodes: 2)
            let asked = Task { await refusal { _ = try await adapter.provision(wanted) } }
            while await world.cloud.alive.count < 2 { try await Task.sleep(for: .milliseconds(5)) }
            let first = try #require(await world.cloud.alive.first)
            await world.cloud.take(first.id, because: "no spot capacity", failure: .noCapacity)
            #expect(await asked.value == .noCapacity)
            #expect(await world.cloud.alive.isEmpty)
        }
    }

    @Test("a machine that shows another key than its console told is not spoken to")
    func impostor() async throws {
        try await MachinesUnderTest.use(2) { world in
            await world.cloud.set { $0.impostor = "m2" }
            let adapter = try world.adapter()
            #expect(await refusal { _ = try await adapter.provision(try world.request("a")) } == .credentials)
            #expect(await world.cloud.alive.isEmpty)
            #expect(world.farm.hosts.allSatisfy { $0.processes().isEmpty })
        }
    }

    @Test("machines that never let anybody in are given back when their time is up")
    func late() async throws {
        try await MachinesUnderTest.use(1) { world in
            world.farm.cut(world.farm.hosts[0])
            let adapter = try world.adapter { $0.bootLimit = TimeSpan(milliseconds: 700) }
            #expect(await refusal { _ = try await adapter.provision(try world.request("a")) } == .transient)
            #expect(await world.cloud.alive.isEmpty)
        }
    }

    @Test("what the cloud takes is lost with its reason, and a notice is told before")
    func preempted() async throws {
        try await MachinesUnderTest.use(1) { world in
            let adapter = try world.adapter()
            let group = try await adapter.provision(try world.request("a"))
            let soon = SystemScriptClock().now() + .seconds(120)
            await world.cloud.announce(group.nodes[0].id, at: soon)
            #expect(try await adapter.describe(token: "a")?.interruptionAt == soon)
            await world.cloud.take(group.nodes[0].id, because: "spot capacity was needed")
            let now = try #require(try await adapter.describe(token: "a"))
            #expect(now.state == .lost && now.reason == "spot capacity was needed")
            // Whoever speaks to its agent is told at once, and does not wait for the link.
            world.farm.crash(world.farm.hosts[0])
            let channel = try await adapter.channel(to: group.nodes[0], of: group)
            #expect(await refusal { _ = try await channel.connect() } == .lost)
            try await adapter.terminate(token: "a")
            #expect(try await adapter.held(token: "a") != nil)
        }
    }

    @Test("a broker that knows nothing finds, describes, reaches and gives back what another rented")
    func otherBroker() async throws {
        try await MachinesUnderTest.use(2) { world in
            let group = try await world.adapter().provision(try world.request("a", nodes: 2))
            let other = try world.adapter(broker: "b")
            #expect(try await other.list(run: group.run).map(\.token) == ["a"])
            let seen = try #require(try await other.describe(token: "a"))
            #expect(seen.state == .running && seen.nodes.map(\.id) == group.nodes.map(\.id))
            let agent = try await other.channel(to: seen.nodes[1], of: seen).connect()
            #expect(try await agent.state(ofJob: "none") == nil)
            await agent.close()
            try await other.terminate(token: "a")
            #expect(await world.cloud.alive.isEmpty)
        }
    }

    @Test("a region that the settings leave out is not rented in")
    func regions() async throws {
        try await MachinesUnderTest.use(1) { world in
            let adapter = try world.adapter { $0.regions = ["elsewhere"] }
            #expect(await refusal { _ = try await adapter.provision(try world.request("a")) } == .quota)
            #expect(await world.cloud.orders == 0)
        }
    }
}
