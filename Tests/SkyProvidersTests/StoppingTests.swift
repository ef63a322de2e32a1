import SkyCore
import SkyProcess
import SkyRuntime
import SkyTestSupport
import Testing

@testable import SkyProviders

@Suite(
    "Machines of Google and Azure that are stopped and started", .tags(.integration), .serialized,
    .timeLimit(.minutes(5)))
struct StoppingTests {
    @Test("a gang of Google's is stopped with its disks, and started with the same machines and host keys")
    func google() async throws {
        try await GoogleUnderTest.use(2) { under in
            let adapter = try under.adapter()
            let group = try await adapter.provision(try under.request("gang", nodes: 2))
            #expect(adapter.obstacleToStopping("gang") == nil)
            try await stopAndStart(group, adapter, under.farm)
            #expect(try await under.control().made == 2)
            try await adapter.terminate(token: "gang")
            #expect(try await under.control().instances.isEmpty)
        }
    }

    @Test("Google's lack of room to start again is told as such, and the machine can be given back")
    func googleIsFull() async throws {
        try await GoogleUnderTest.use(1) { under in
            let adapter = try under.adapter()
            _ = try await adapter.provision(try under.request("one"))
            _ = try await adapter.stop(token: "one")
            try await under.control(
                #"{"operation": {"match": "start", "code": "ZONE_RESOURCE_POOL_EXHAUSTED", "message": "full", "times": 9}}"#
            )
            #expect(await refusal { _ = try await adapter.start(token: "one") } == .noCapacity)
            #expect(try await adapter.describe(token: "one")?.state == .stopped)
            try await adapter.terminate(token: "one")
            #expect(try await under.control().instances.isEmpty)
        }
    }

    @Test("a gang of Azure's is deallocated with its disks, and started with the same machines and host keys")
    func azure() async throws {
        try await AzureUnderTest.use(2) { under in
            let adapter = try under.adapter()
            let group = try await adapter.provision(try under.request("gang", nodes: 2))
            #expect(adapter.obstacleToStopping("gang") == nil)
            try await stopAndStart(group, adapter, under.farm)
            #expect(try await under.control().made == 2)
            try await adapter.terminate(token: "gang")
            #expect(try await under.control().things.isEmpty)
        }
    }

    @Test("Azure's lack of room to start again is told as such, and the machine can be given back")
    func azureIsFull() async throws {
        try await AzureUnderTest.use(1) { under in
            let adapter = try under.adapter()
            _ = try await adapter.provision(try under.request("one"))
            _ = try await adapter.stop(token: "one")
            try await under.control(#"{"boot": {"code": "AllocationFailed", "message": "full", "times": 9}}"#)
            #expect(await refusal { _ = try await adapter.start(token: "one") } == .noCapacity)
            #expect(try await adapter.describe(token: "one")?.state == .stopped)
            try await adapter.terminate(token: "one")
            #expect(try await under.control().things.isEmpty)
        }
    }

    @Test("what is spot, and slices of TPUs, are not stopped")
    func obstacles() async throws {
        try await GoogleUnderTest.use(1) { under in
            let cloud = try under.cloud()
            #expect(cloud.obstacleToStopping(try under.request("one") { $0.isSpot = true })?.contains("spot") == true)
            #expect(cloud.obstacleToStopping(try under.request("one", "v5p-8"))?.contains("TPU") == true)
        }
        try await AzureUnderTest.use(1) { under in
            let wanted = try under.request("one") { $0.isSpot = true }
            #expect(try under.cloud().obstacleToStopping(wanted)?.contains("spot") == true)
        }
    }

    private func stopAndStart(_ group: NodeGroup, _ adapter: MachineAdapter, _ farm: SSHFarm) async throws {
        let trusted = try group.nodes.map { try Files.read("\(adapter.keys.root)/.ssh/known_hosts.sky-\($0.id)") }
        #expect(trusted.allSatisfy { $0 != nil })
        let span = try #require(try await adapter.stop(token: group.token))
        #expect(farm.hosts.flatMap { $0.processes() } == [])
        #expect(try await adapter.describe(token: group.token)?.state == .stopped)
        #expect(try await adapter.stop(token: group.token) == span)
        let again = try await adapter.start(token: group.token)
        #expect(again.nodes.map(\.id) == group.nodes.map(\.id) && again.state == .running)
        #expect(try again.nodes.map { try Files.read("\(adapter.keys.root)/.ssh/known_hosts.sky-\($0.id)") } == trusted)
        for node in again.nodes { await (try await adapter.channel(to: node, of: again).connect()).close() }
        #expect(try await adapter.describe(token: group.token)?.state == .running)
    }
}
