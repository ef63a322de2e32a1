import Glibc
import SkyCore
import SkyProcess
import SkyRuntime
import SkyTestSupport
import Testing

@testable import SkyProviders

/// What is left on the disk when a broker is killed between two steps, and what becomes of it.
@Suite("A broker killed in the middle", .timeLimit(.minutes(5)))
struct ProcessBackendCrashTests {
    @Test("provision is completed by the next", arguments: [0, 1, 2, 3, 5, 8, 12, 20, 40])
    func killedInProvision(afterMilliseconds delay: UInt32) async throws {
        try await AdapterUnderTest.standIn.run { adapter, world in
            let wanted = try request("a", nodes: 3, port: freePort())
            let (state, port) = (world.state, wanted.servicePort)
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [state = state as String, port = port as Int?, delay = delay as UInt32] in
                let adapter = try AdapterUnderTest.standIn.make(state)
                let wanted = try request("a", nodes: 3, port: port)
                killSelf(afterMilliseconds: delay)
                _ = try await adapter.provision(wanted)
                await forever()
            }
            let group = try await adapter.provision(wanted)
            #expect(group.state == .running)
            #expect(group.nodes[0].endpointPort == port)
            #expect(await world.comesToAgents(3))
            try await adapter.terminate(token: "a")
            #expect(world.processes() == [])
            #expect(world.leftovers() == [])
        }
    }

    @Test("terminate is completed by the next", arguments: [0, 1, 2, 3, 5, 8, 12, 20])
    func killedInTerminate(afterMilliseconds delay: UInt32) async throws {
        try await AdapterUnderTest.standIn.run { adapter, world in
            let group = try await adapter.provision(request("a", nodes: 3, port: freePort()))
            try await adapter.begin("sleep 1000 & sleep 2000", on: group)
            let state = world.state
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [state = state as String, delay = delay as UInt32] in
                let adapter = try AdapterUnderTest.standIn.make(state)
                killSelf(afterMilliseconds: delay)
                try await adapter.terminate(token: "a")
                await forever()
            }
            // Either it is as it was, or it is lost, or it is gone: never half of it running on.
            let left = try await adapter.describe(token: "a")
            if left?.state == .lost {
                #expect(
                    await failureKind { () throws(ProviderError) in
                        _ = try await adapter.provision(sameRequest(group))
                    } == .lost)
            }
            try await adapter.terminate(token: "a")
            #expect(world.processes() == [])
            #expect(world.leftovers() == [])
        }
    }

    @Test("a terminate without a provision finished takes what there is")
    func terminateAfterKilledProvision() async throws {
        for delay: UInt32 in [1, 3, 6, 10] {
            try await AdapterUnderTest.standIn.run { adapter, world in
                let state = world.state
                await #expect(processExitsWith: .signal(SIGKILL)) {
                    [state = state as String, delay = delay as UInt32] in
                    let adapter = try AdapterUnderTest.standIn.make(state)
                    killSelf(afterMilliseconds: delay)
                    _ = try await adapter.provision(request("a", nodes: 3))
                    await forever()
                }
                try await adapter.terminate(token: "a")
                #expect(world.processes() == [])
                #expect(world.leftovers() == [])
            }
        }
    }

    @Test("a group whose end was decided is not revived")
    func notRevived() async throws {
        try await AdapterUnderTest.standIn.run { adapter, world in
            let wanted = try request("a", nodes: 2)
            let group = try await adapter.provision(wanted)
            try world.decideTheEnd(of: "a")
            let kinds = [
                await failureKind { () throws(ProviderError) in _ = try await adapter.provision(wanted) },
                await failureKind { () throws(ProviderError) in
                    _ = try await adapter.channel(to: group.nodes[0], of: group)
                },
            ]
            #expect(kinds == [.lost, .lost])
            try await adapter.terminate(token: "a")
            #expect(world.processes() == [])
        }
    }

    @Test(
        "half a folder is taken away",
        arguments: [["group.json"], ["node-0/agent.pid"], ["group.json", "node-0/agent.pid"], ["node-0"]])
    func halfMade(_ missing: [String]) async throws {
        try await AdapterUnderTest.standIn.run { adapter, world in
            let group = try await adapter.provision(request("a", nodes: 2, port: freePort()))
            try await adapter.begin("sleep 1000", on: group)
            for name in missing { try Disk.remove("\(world.group("a"))/\(name)") }
            try await adapter.terminate(token: "a")
            #expect(world.processes() == [])
            #expect(world.leftovers() == [])
        }
    }

    @Test("processes of a folder that somebody removed are found", arguments: [false, true])
    func folderRemoved(_ agentIsDead: Bool) async throws {
        try await AdapterUnderTest.standIn.run { adapter, world in
            let group = try await adapter.provision(request("a"))
            try await adapter.begin("sleep 1000", on: group)
            if agentIsDead { try await world.killAgent("a") }
            try Disk.remove(world.group("a"))
            try await adapter.terminate(token: "a")
            #expect(world.processes() == [])
            #expect(world.leftovers() == [])
        }
    }

    @Test(
        "a record that cannot be read is a lost group, and can be taken away",
        arguments: ["", "{", "{\"version\": 99}"])
    func unreadable(_ contents: String) async throws {
        try await AdapterUnderTest.standIn.run { adapter, world in
            let wanted = try request("a")
            _ = try await adapter.provision(wanted)
            try write(contents, "\(world.group("a"))/group.json")
            #expect(await failureKind { () throws(ProviderError) in _ = try await adapter.provision(wanted) } == .lost)
            #expect(try await adapter.list(run: nil) == [])
            try await adapter.terminate(token: "a")
            #expect(world.processes() == [])
            #expect(world.leftovers() == [])
            #expect(await failureKind { () throws(ProviderError) in _ = try await adapter.provision(wanted) } == .lost)
            #expect(world.leftovers() == [])
        }
    }
}

extension World {
    /// The disk as it is when a broker dies just after it has decided about the group's end.
    fileprivate func decideTheEnd(of token: String) throws {
        let path = "\(group(token))/group.json"
        let record = try #require(try text(path))
        #expect(record.contains("\"running\""))
        try write(record.replacing("\"running\"", with: "\"lost\""), path)
    }
}

private func sameRequest(_ group: NodeGroup) -> NodeGroupRequest {
    NodeGroupRequest(
        token: group.token, run: group.run, region: group.region, instanceType: group.instanceType,
        numNodes: group.nodes.count)
}

/// Ends this process the hard way after a while, whatever it is doing then.
func killSelf(afterMilliseconds delay: UInt32) {
    Task.detached {
        _ = await onOwnThread { usleep(delay * 1000) }
        kill(getpid(), SIGKILL)
    }
}

func forever() async {
    while true { try? await Task.sleep(for: .seconds(1)) }
}
