import SkyCore
import SkyProcess
import SkyRuntime
import SkyTestSupport
import Testing

@testable import SkyProviders

@Suite("Machines of Google Cloud", .tags(.integration), .serialized, .timeLimit(.minutes(15)))
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

    @Test("a broker that dies in any call of a launch leaves one machine or none, and the next one goes on with it")
    func killedLaunch() async throws {
        try await GoogleUnderTest.use(2) { world in
            let kills = try await world.killedEverywhere { name in
                // Tokens are asked for anew each time: that, too, is a call to die in.
                _ = try await world.adapter(tokens: name).provision(world.request(name))
            } then: { name in
                #expect(try await world.control().instances.count <= 1, "\(name)")
                let next = try world.adapter(tokens: "next")
                let group = try await next.provision(try world.request(name))
                #expect(group.nodes.count == 1)
                #expect(try await world.control().instances == group.nodes.map(\.id), "\(name)")
                try await next.terminate(token: name)
                #expect(try await world.control().instances.isEmpty, "\(name)")
            }
            #expect(kills >= 16, "a launch has more calls than the \(kills / 2) that were died in")
        }
    }

    @Test("whoever knows nothing of a launch that was cut short anywhere finds what it left, and gives it back")
    func cleanedUp() async throws {
        try await GoogleUnderTest.use(3) { world in
            let cloud = try world.cloud(broker: "next")
            let kills = try await world.killedEverywhere { name in
                try await world.cloud(broker: name).create(world.order(world.request(name, nodes: 2)))
            } then: { name in
                let listed = try await cloud.machines(ofRun: RunID("run-abcd"))
                #expect(listed.isEmpty || listed.count == 2, "\(name): half a gang is none: \(listed)")
                #expect(listed.allSatisfy { $0.token == name && $0.numNodes == 2 })
                try await world.remove(name, cloud)
                // What Google was told to do is done, whoever waits for it: not after it was given back.
                try await Task.sleep(for: .milliseconds(150))
                #expect(try await world.control().instances.isEmpty, "\(name)")
            }
            #expect(kills >= 12, "\(kills)")
        }
    }

    @Test("what is being given back is given back by whoever comes next, wherever the first one died")
    func killedRemoval() async throws {
        try await GoogleUnderTest.use(2) { world in
            let cloud = try world.cloud(broker: "next")
            _ = try await world.killedEverywhere { name in
                try await cloud.create(world.order(world.request(name, nodes: 2)))
                try await world.remove(name, try world.cloud(broker: name))
            } then: { name in
                try await world.remove(name, cloud)
                try await Task.sleep(for: .milliseconds(150))
                #expect(try await world.control().instances.isEmpty, "\(name)")
            }
        }
    }

    @Test("a spot machine that Google takes is announced, and then lost for that reason")
    func preempted() async throws {
        try await GoogleUnderTest.use(1, end: 1.5) { world in
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
