import SkyCore
import SkyTestSupport
import Testing

@testable import SkyProviders

/// There are many calls to die in.
@Suite("Whoever dies while renting from Azure", .tags(.integration), .timeLimit(.minutes(15)))
struct AzureDeathTests {
    @Test(
        "whoever dies between any two calls leaves one group or none, that others find and give back",
        arguments: DyingInCalls.Moment.allCases)
    func launch(_ moment: DyingInCalls.Moment) async throws {
        try await AzureUnderTest.use(2) { world in
            let kills = try await world.killedEverywhere(moment) { name in
                let cloud = try world.cloud()
                let request = try world.request("k-\(name)", run: "run-\(name)")
                try await cloud.create(world.order(request))
                _ = try await cloud.machines(of: world.name(request))
            } then: { name in
                let request = try world.request("k-\(name)", run: "run-\(name)")
                let survivor = try world.cloud()
                // Nothing that costs money is there and not listed.
                let before = try await world.control()
                let listed = try await survivor.machines(ofRun: request.run)
                #expect(listed.isEmpty == before.groups.isEmpty, "\(name): \(before.things)")
                #expect(listed.allSatisfy { $0.token == request.token })
                // Whoever repeats it makes one, and never two.
                try await survivor.create(world.order(request))
                let machines = try await world.settled(request, survivor)
                #expect(machines.map(\.state) == [.running], "\(name)")
                let again = try await world.control()
                #expect(again.machines.count == 1 && again.made == before.made + (before.machines.isEmpty ? 1 : 0))
                try await world.remove(request.token, survivor)
                let left = try await world.control().things
                #expect(left == [], "\(name)")
                #expect(try await survivor.machines(ofRun: nil).isEmpty)
            }
            #expect(kills > 10)
        }
    }

    @Test(
        "whoever dies between any two calls of giving back leaves what others give back",
        arguments: DyingInCalls.Moment.allCases)
    func removal(_ moment: DyingInCalls.Moment) async throws {
        try await AzureUnderTest.use(2) { world in
            let kills = try await world.killedEverywhere(
                moment,
                prepare: { name in
                    let request = try world.request("k-\(name)", run: "run-\(name)")
                    try await world.cloud().create(world.order(request))
                }
            ) { name in
                let cloud = try world.cloud()
                let request = try world.request("k-\(name)", run: "run-\(name)")
                while try await !cloud.remove(world.name(request)) { try await Task.sleep(for: .milliseconds(20)) }
            } then: { name in
                try await world.remove("k-\(name)", try world.cloud())
                let left = try await world.control().things
                #expect(left == [], "\(name)")
            }
            #expect(kills > 5)
        }
    }
}
