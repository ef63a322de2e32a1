import SkyCore
import SkyTestSupport
import Testing

@testable import SkyProviders

/// There are many calls to die in.
@Suite("Whoever dies while renting from Google", .tags(.integration), .timeLimit(.minutes(15)))
struct GoogleDeathTests {
    @Test(
        "a broker that dies in any call of a launch leaves one machine or none, and the next one goes on with it",
        arguments: DyingInCalls.Moment.allCases)
    func launch(_ moment: DyingInCalls.Moment) async throws {
        try await GoogleUnderTest.use(2) { world in
            let kills = try await world.killedEverywhere(moment) { name in
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
            #expect(kills >= 8, "a launch has more calls than the \(kills) that were died in")
        }
    }

    @Test(
        "whoever knows nothing of a launch that was cut short anywhere finds what it left, and gives it back",
        arguments: DyingInCalls.Moment.allCases)
    func forgottenLaunch(_ moment: DyingInCalls.Moment) async throws {
        try await GoogleUnderTest.use(3) { world in
            let cloud = try world.cloud(broker: "next")
            let kills = try await world.killedEverywhere(moment) { name in
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
            #expect(kills >= 6, "\(kills)")
        }
    }

    @Test(
        "what is being given back is given back by whoever comes next, wherever the first one died",
        arguments: DyingInCalls.Moment.allCases)
    func removal(_ moment: DyingInCalls.Moment) async throws {
        try await GoogleUnderTest.use(2) { world in
            let cloud = try world.cloud(broker: "next")
            _ = try await world.killedEverywhere(moment) { name in
                try await cloud.create(world.order(world.request(name, nodes: 2)))
                try await world.remove(name, try world.cloud(broker: name))
            } then: { name in
                try await world.remove(name, cloud)
                try await Task.sleep(for: .milliseconds(150))
                #expect(try await world.control().instances.isEmpty, "\(name)")
            }
        }
    }
}
