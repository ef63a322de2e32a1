import SkyCore
import SkyProcess
import SkyRuntime
import SkyTestSupport
import Testing

@testable import SkyProviders

@Suite("Machines of Google Cloud", .tags(.integration), .timeLimit(.minutes(15)))
struct GoogleAdapterTests {
    @Test("keep all that is relied upon")
    func conformance() async throws {
        try await GoogleUnderTest.use(3) { world in
            let adapter = try world.adapter()
            let kit = try #require(
                ConformanceKit(
                    adapter, region: "us-central1", zone: "us-central1-b", instanceType: "e2-small", nonce: "t1"))
            for check in ConformanceKit.checks {
                let outcome = await kit.perform(check)
                #expect(outcome == .kept, "\(check.id): \(outcome)")
                #expect(try await world.control().instances.isEmpty, "\(check.id)")
            }
            #expect(Files.exists("\(world.farm.folder)/powered-off"), "a lease that ran out powers its machine off")
        }
    }

    @Test("a spot machine that Google takes is announced, and then lost for that reason")
    func preempted() async throws {
        try await GoogleUnderTest.use(1, end: 4) { world in
            let adapter = try world.adapter()
            let group = try await adapter.provision(try world.request("a") { $0.isSpot = true })
            try await world.control(#"{"preempt": "\#(group.nodes[0].id)"}"#)
            let told = try #require(try await adapter.describe(token: "a"))
            #expect(told.state == .running)
            #expect(told.interruptionAt != nil)
            while try await !world.control().instances.isEmpty { try await Task.sleep(for: .milliseconds(50)) }
            let now = try #require(try await adapter.describe(token: "a"))
            #expect(now.state == .lost)
            #expect(now.reason == "Google needed the capacity of this spot machine")
            try await adapter.terminate(token: "a")
        }
    }

    @Test("a machine that stopped is lost with what Google says of it, and given back with its disk")
    func stopped() async throws {
        try await GoogleUnderTest.use(1) { world in
            let adapter = try world.adapter()
            let group = try await adapter.provision(try world.request("a"))
            try await world.control(#"{"stop": "\#(group.nodes[0].id)"}"#)
            let now = try #require(try await adapter.describe(token: "a"))
            #expect(now.state == .lost)
            #expect(now.reason == "its status is TERMINATED")
            try await adapter.terminate(token: "a")
            #expect(try await world.control().instances.isEmpty)
        }
    }

    @Test("a slice of TPUs is one request, and its hosts are the nodes of a gang")
    func pod() async throws {
        try await GoogleUnderTest.use(4) { world in
            let adapter = try world.adapter()
            let wanted = try world.request("pod", "v5litepod-16") {
                ($0.region, $0.zone) = ("us-central1", "us-central1-a")
                $0.accelerator = AcceleratorCount(name: "tpu-v5e", count: 16)
            }
            let group = try await adapter.provision(wanted)
            #expect(group.nodes.map(\.rank) == [0, 1, 2, 3])
            #expect(Set(group.nodes.compactMap(\.publicAddress)).count == 4)
            #expect(try await world.control().pods.count == 1)
            let agent = try await adapter.channel(to: group.nodes[3], of: group).connect()
            await agent.close()
            #expect(try await adapter.provision(wanted).nodes == group.nodes)
            let other = try world.adapter(broker: "b")
            #expect(try await other.list(run: wanted.run).map(\.nodes.count) == [4])
            #expect(try await other.describe(token: "pod")?.state == .running)
            try await adapter.terminate(token: "pod")
            let after = try await world.control()
            #expect(after.pods.isEmpty && after.nodes.isEmpty)
        }
    }

    @Test("no token, key or login is on a machine, in a record or in what is printed")
    func secrets() async throws {
        try await GoogleUnderTest.use(1) { world in
            let adapter = try world.adapter()
            let group = try await adapter.provision(try world.request("a"))
            var dumped = "\(adapter) \(group)"
            dump(adapter, to: &dumped)
            for secret in ["SECRET", "good-refresh", "ya29."] {
                #expect(!dumped.contains(secret))
                for folder in ["\(world.farm.folder)/state", world.farm.hosts[0].home] {
                    #expect(try !Self.holds(folder, secret), "\(folder) holds '\(secret)'")
                }
            }
            try await adapter.terminate(token: "a")
        }
    }

    private static func holds(_ folder: String, _ text: String) throws -> Bool {
        let pattern = Array(text.utf8)
        for name in Files.names(in: folder) {
            let path = "\(folder)/\(name)"
            if Files.isFolder(path) {
                if try holds(path, text) { return true }
            } else if Disk.kind(path) == UInt32(0o100000), let bytes = try? Files.read(path),
                bytes.count < 1 << 20, String(decoding: bytes, as: UTF8.self).contains(text)
            {
                return !pattern.isEmpty
            }
        }
        return false
    }
}
