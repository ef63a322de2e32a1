import SkyCore
import SkyProcess
import SkyRuntime
import SkyTestSupport
import Testing

@testable import SkyProviders

extension EC2Suite {
    @Suite("Machines of EC2 that are stopped and started") struct Stopping {
        @Test("a group is stopped with its disks, and started with the same machines, host keys and other addresses")
        func stopsAndStarts() async throws {
            try await EC2WithMachines.use(2) { under in
                let adapter = try under.adapter()
                let group = try await adapter.provision(try request("gang", nodes: 2))
                #expect(adapter.obstacleToStopping("gang") == nil)
                let keys = try knownKeys(of: group, under)
                let span = try #require(try await adapter.stop(token: "gang"))
                let state = try under.world.moto.state()
                #expect(state.alive.isEmpty && state.volumes == 2)
                #expect(state.instances.map(\.state) == ["stopped", "stopped"])
                #expect(under.farm.hosts.flatMap { $0.processes() } == [])
                #expect(try await adapter.describe(token: "gang")?.state == .stopped)
                #expect(try await adapter.list(run: nil).map(\.state) == [.stopped])
                // Somebody who has nothing written down sees it too.
                #expect(try await under.adapter(broker: "b").list(run: nil).map(\.state) == [.stopped])
                #expect(try await adapter.stop(token: "gang") == span)

                let again = try await adapter.start(token: "gang")
                #expect(again.nodes.map(\.id) == group.nodes.map(\.id) && again.state == .running)
                #expect(Set(again.nodes.map(\.publicAddress)).isDisjoint(with: group.nodes.map(\.publicAddress)))
                #expect(try knownKeys(of: again, under) == keys)
                #expect(try under.world.moto.state().alive.count == 2)
                for node in again.nodes {
                    let agent = try await adapter.channel(to: node, of: again).connect()
                    try await agent.renewLease(for: .hour)
                    await agent.close()
                }
                #expect(try await adapter.describe(token: "gang")?.state == .running)
                #expect(try await adapter.start(token: "gang").nodes == again.nodes)
                try await adapter.terminate(token: "gang")
                #expect(try under.world.moto.state().alive.isEmpty && under.world.moto.state().volumes == 0)
                let held = try #require(try await adapter.held(token: "gang"))
                #expect(held.since >= span.until, "the books begin anew with the start")
            }
        }

        private func knownKeys(of group: NodeGroup, _ under: EC2WithMachines) throws -> [[UInt8]?] {
            try group.nodes.map { try Files.read("\(under.state)/a/nodes/aws/.ssh/known_hosts.sky-\($0.id)") }
        }

        @Test("a stopped group is given back with its disks")
        func terminates() async throws {
            try await EC2WithMachines.use(1) { under in
                let adapter = try under.adapter()
                _ = try await adapter.provision(try request("one"))
                let span = try await adapter.stop(token: "one")
                try await adapter.terminate(token: "one")
                let state = try under.world.moto.state()
                #expect(state.instances.map(\.state) == ["terminated"] && state.volumes == 0)
                #expect(try await adapter.held(token: "one") == span)
                #expect(await refusal { _ = try await adapter.start(token: "one") } == .lost)
            }
        }

        @Test("no capacity to start again is told as such, and the machines can be given back")
        func noCapacity() async throws {
            try await EC2WithMachines.use(1) { under in
                let adapter = try under.adapter()
                _ = try await adapter.provision(try request("one"))
                _ = try await adapter.stop(token: "one")
                try under.world.moto.fail(
                    .init("StartInstances", code: "InsufficientInstanceCapacity", status: 500, times: 99))
                #expect(await refusal { _ = try await adapter.start(token: "one") } == .noCapacity)
                #expect(try await adapter.describe(token: "one")?.state == .stopped)
                try await adapter.terminate(token: "one")
                #expect(try under.world.moto.state().volumes == 0)
            }
        }

        @Test("a machine that is in no state to be stopped or started is asked again")
        func incorrectState() async throws {
            try await EC2WithMachines.use(1) { under in
                let adapter = try under.adapter()
                _ = try await adapter.provision(try request("one"))
                for action in ["StopInstances", "StartInstances"] {
                    try under.world.moto.fail(.init(action, code: "IncorrectInstanceState", times: 1))
                }
                _ = try await adapter.stop(token: "one")
                #expect(try await adapter.start(token: "one").state == .running)
                let calls = try under.world.moto.calls().filter {
                    ["StopInstances", "StartInstances"].contains($0.action)
                }
                #expect(calls.map(\.status) == [400, 200, 400, 200])
            }
        }

        @Test("whoever dies in the middle of a stop or a start leaves what the same call goes on with")
        func lostAnswers() async throws {
            try await EC2WithMachines.use(1) { under in
                _ = try await under.adapter().provision(try request("one"))
                try under.world.moto.fail(.init("StopInstances", mode: "lost"))
                _ = try? await under.adapter().stop(token: "one")
                _ = try await under.adapter().stop(token: "one")
                #expect(try under.world.moto.state().instances.map(\.state) == ["stopped"])
                try under.world.moto.fail(.init("StartInstances", mode: "lost"))
                _ = try? await under.adapter().start(token: "one")
                let group = try await under.adapter().start(token: "one")
                #expect(group.state == .running)
                #expect(try under.world.moto.state().instances.map(\.state) == ["running"])
            }
        }

        @Test("spot machines are not stopped")
        func spot() async throws {
            try await EC2UnderTest.use { world in
                let cloud = try world.cloud()
                #expect(cloud.obstacleToStopping(try request("one", spot: true))?.contains("spot") == true)
                #expect(cloud.obstacleToStopping(try request("one")) == nil)
            }
        }
    }
}
