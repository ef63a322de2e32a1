import Glibc
import SkyCore
import SkyProcess
import SkyRuntime
import SkyTestSupport
import Testing

@testable import SkyProviders

@Suite("Every adapter", .timeLimit(.minutes(5)))
struct AdapterConformance {
    @Test("provisions once for one token, however often it is asked", arguments: AdapterUnderTest.allCases)
    func idempotentProvision(_ kind: AdapterUnderTest) async throws {
        try await kind.run { adapter, world in
            let wanted = try request("r--train--1", nodes: 2)
            let group = try await adapter.provision(wanted)
            #expect(group.provider == kind.provider)
            #expect(group.state == .running)
            #expect(group.region == wanted.region && group.instanceType == wanted.instanceType)
            #expect(try await adapter.provision(wanted) == group)
            #expect(try await kind.make(world.state).provision(wanted) == group)
            #expect(await world.comesToAgents(2))
            #expect(try await adapter.describe(token: wanted.token) == group)
        }
    }

    @Test("a lost reply is the same request again", arguments: AdapterUnderTest.allCases)
    func lostReply(_ kind: AdapterUnderTest) async throws {
        try await kind.run { adapter, world in
            var script = ProviderScript()
            script.lostReplies = [FaultRule(first: 2)]
            let careless = ScriptedAdapter(base: adapter, script: script, stateFile: "\(world.state)/script.json")
            let wanted = try request("a", nodes: 2, port: freePort())
            for _ in 1...2 {
                let failure = await failureKind { () throws(ProviderError) in _ = try await careless.provision(wanted) }
                #expect(failure == .transient)
            }
            let group = try await careless.provision(wanted)
            #expect(await world.comesToAgents(2))
            #expect(try await adapter.list(run: nil) == [group])
            #expect(group.nodes[0].endpointPort == wanted.servicePort)
        }
    }

    @Test("may be preempted by a script, and boot badly by one", arguments: AdapterUnderTest.allCases)
    func scriptedLosses(_ kind: AdapterUnderTest) async throws {
        try await kind.run { adapter, world in
            let soon = TimeSpan(milliseconds: 50)
            var script = ProviderScript()
            script.bootFailures = [FaultRule(first: 1)]
            script.preemptions = [PreemptionRule(FaultRule(), after: SpanRange(soon, soon))]
            let scripted = ScriptedAdapter(base: adapter, script: script, stateFile: "\(world.state)/script.json")
            let wanted = try request("a", nodes: 2)
            let failure = await failureKind { () throws(ProviderError) in _ = try await scripted.provision(wanted) }
            #expect(failure == .transient)
            #expect(world.processes() == [])
            #expect(world.leftovers() == [])
            // What did not boot was given back, and its token with it.
            _ = try await scripted.provision(try request("b", nodes: 2))
            while try await adapter.describe(token: "b")?.state != .lost { try await Task.sleep(for: .milliseconds(5)) }
            while !world.processes().isEmpty { try await Task.sleep(for: .milliseconds(5)) }
            try await scripted.terminate(token: "b")
            #expect(world.leftovers() == [])
        }
    }

    @Test("gives a gang its ranks and addresses, each node an agent that answers", arguments: AdapterUnderTest.allCases)
    func gang(_ kind: AdapterUnderTest) async throws {
        try await kind.run { adapter, world in
            let group = try await adapter.provision(request("gang", nodes: 3))
            #expect(group.nodes.map(\.rank) == [0, 1, 2])
            #expect(Set(group.nodes.map(\.id)).count == 3)
            #expect(group.nodes.allSatisfy { $0.address == "127.0.0.1" && $0.endpointPort == nil })
            for node in group.nodes {
                let client = try await adapter.channel(to: node, of: group).connect()
                #expect(try await client.state(ofJob: "none") == nil)
                await client.close()
            }
            #expect(await world.comesToAgents(3))
        }
    }

    @Test("knows nothing of a token it never saw", arguments: AdapterUnderTest.allCases)
    func unknown(_ kind: AdapterUnderTest) async throws {
        try await kind.run { adapter, world in
            for token in ["never", "", "..", "../aws", "a/b"] {
                #expect(try await adapter.describe(token: token) == nil)
                try await adapter.terminate(token: token)
            }
            #expect(try await adapter.list(run: nil) == [])
            #expect(world.leftovers() == [])
        }
    }

    @Test("refuses what can never work", arguments: AdapterUnderTest.allCases)
    func badRequests(_ kind: AdapterUnderTest) async throws {
        try await kind.run { adapter, world in
            let bad = [
                try request("", nodes: 1), try request("../x", nodes: 1), try request("none", nodes: 0),
                try request("many", nodes: 100_000), try request("port", port: 70_000),
            ]
            for wanted in bad {
                let error = await kindOfProvision(adapter, wanted)
                #expect(error == .badRequest, "\(wanted.token)")
            }
            _ = try await adapter.provision(request("a", nodes: 1))
            #expect(await kindOfProvision(adapter, try request("a", nodes: 2)) == .badRequest)
            #expect(await world.comesToAgents(1))
        }
    }

    @Test("lists what carries a run's tag", arguments: AdapterUnderTest.allCases)
    func list(_ kind: AdapterUnderTest) async throws {
        try await kind.run { adapter, _ in
            for (token, run) in [("a", "one"), ("b", "two"), ("c", "one")] {
                _ = try await adapter.provision(request(token, run: run))
            }
            #expect(try await adapter.list(run: RunID("one")).map(\.token).sorted() == ["a", "c"])
            #expect(try await adapter.list(run: RunID("three")) == [])
            #expect(try await adapter.list(run: nil).count == 3)
            try await adapter.terminate(token: "a")
            #expect(try await adapter.list(run: RunID("one")).map(\.token) == ["c"])
        }
    }

    @Test("leaves nothing after terminate, which may be asked twice", arguments: AdapterUnderTest.allCases)
    func terminate(_ kind: AdapterUnderTest) async throws {
        try await kind.run { adapter, world in
            let group = try await adapter.provision(request("a", nodes: 2, port: freePort()))
            let port = try #require(group.nodes[0].endpointPort)
            try await adapter.begin("sleep 1000 & exec \(server(port))", on: group)
            // A process that left its session and was left by its parents.
            try await adapter.begin("setsid sh -c 'sleep 2000 & sleep 3000' &\nsleep 1", on: group, 1)
            while PortRegistry.isFree(port) { try await Task.sleep(for: .milliseconds(5)) }
            try await adapter.terminate(token: "a")
            #expect(world.processes() == [])
            #expect(world.leftovers() == [])
            #expect(PortRegistry.isFree(port))
            #expect(try await adapter.describe(token: "a") == nil)
            try await adapter.terminate(token: "a")
        }
    }

    @Test("takes everything back when its agents are dead", arguments: AdapterUnderTest.allCases)
    func terminateWithDeadAgents(_ kind: AdapterUnderTest) async throws {
        try await kind.run { adapter, world in
            let group = try await adapter.provision(request("a", nodes: 2))
            try await adapter.begin("trap '' TERM; sleep 1000 & while :; do sleep 1; done", on: group)
            for rank in 0..<2 { try await world.killAgent("a", rank) }
            #expect(world.processes().count >= 2)
            try await adapter.terminate(token: "a")
            #expect(world.processes() == [])
            #expect(world.leftovers() == [])
        }
    }

    @Test("starts a dead agent again on connect, and its job has gone on", arguments: AdapterUnderTest.allCases)
    func deadAgent(_ kind: AdapterUnderTest) async throws {
        try await kind.run { adapter, world in
            let group = try await adapter.provision(request("a"))
            try await adapter.begin("while [ ! -e go ]; do sleep 0.01; done; exit 7", on: group)
            let dead = try world.agentPID("a")
            try await world.killAgent("a")
            let channel = try await adapter.channel(group)
            let client = try await channel.connect()
            #expect(try await client.state(ofJob: "job") == .running)
            #expect(try world.agentPID("a") != dead)
            try write("", channel.absolutePath("work/go"))
            #expect(try await client.waitForExit(ofJob: "job") == 7)
            await client.close()
        }
    }

    @Test("a repeated provision brings dead agents back", arguments: AdapterUnderTest.allCases)
    func provisionRevives(_ kind: AdapterUnderTest) async throws {
        try await kind.run { adapter, world in
            let wanted = try request("a", nodes: 2)
            let group = try await adapter.provision(wanted)
            try await world.killAgent("a", 1)
            #expect(try await adapter.provision(wanted) == group)
            #expect(await world.comesToAgents(2))
        }
    }

    @Test("a group whose lease nobody renews is lost, with nothing of it running", arguments: AdapterUnderTest.allCases)
    func leaseRunsOut(_ kind: AdapterUnderTest) async throws {
        try await kind.run { adapter, world in
            let wanted = try request("a", nodes: 2, lease: .hour)
            let group = try await adapter.provision(wanted)
            for rank in 0..<2 {
                try await adapter.begin("setsid sleep 1000 & exec sleep 1000", on: group, rank)
            }
            let channel = try await adapter.channel(group)
            let client = try await channel.connect()
            try await client.renewLease(for: TimeSpan(milliseconds: 200))
            while try await adapter.describe(token: "a")?.state != .lost { try await Task.sleep(for: .milliseconds(5)) }
            await client.close()
            #expect(try await adapter.list(run: nil).map(\.state) == [.lost])
            #expect(await kindOfProvision(adapter, wanted) == .lost)
            let kind = await failureKind { () throws(ProviderError) in _ = try await channel.connect() }
            #expect(kind == .lost)
            // One node's end is the group's, and the rest of it goes when it is given back.
            while world.agents().count > 1 { try await Task.sleep(for: .milliseconds(5)) }
            try await adapter.terminate(token: "a")
            #expect(world.processes() == [])
            #expect(world.leftovers() == [])
        }
    }

    @Test("an agent that is started again has the group's lease", arguments: AdapterUnderTest.allCases)
    func leaseOfRevived(_ kind: AdapterUnderTest) async throws {
        try await kind.run { adapter, world in
            let group = try await adapter.provision(request("a", lease: .hour))
            let lease = try text("\(world.node("a"))/lease")
            try await world.killAgent("a")
            let client = try await adapter.channel(group).connect()
            #expect(try text("\(world.node("a"))/lease") == lease && lease != nil)
            try await client.renewLease(for: TimeSpan(milliseconds: 100))
            await client.close()
            while !world.processes().isEmpty { try await Task.sleep(for: .milliseconds(5)) }
            #expect(try await adapter.describe(token: "a")?.state == .lost)
            try await adapter.terminate(token: "a")
            #expect(world.leftovers() == [])
        }
    }

    @Test("carries files and folders to a node and back", arguments: AdapterUnderTest.allCases)
    func files(_ kind: AdapterUnderTest) async throws {
        try await kind.run { adapter, world in
            let group = try await adapter.provision(request("a"))
            let channel = try await adapter.channel(group)
            let here = "\(world.state)/here"
            try write("#!/bin/sh\necho ran > \"$PWD/out.txt\"\n", "\(here)/code/run.sh", mode: 0o755)
            try write("data", "\(here)/code/sub/data.txt")

            #expect(try await !channel.exists("work"))
            try await channel.push(from: "\(here)/code", to: "work")
            #expect(try await channel.exists("work/sub/data.txt"))
            #expect(channel.absolutePath("work/run.sh") == "\(world.node("a"))/work/run.sh")

            let client = try await channel.connect()
            _ = try await client.submit(JobSpec(id: "job", run: "./run.sh"))
            #expect(try await client.waitForExit(ofJob: "job") == 0)
            await client.close()
            try await channel.pull(from: "work/out.txt", to: "\(here)/back/out.txt")
            #expect(try text("\(here)/back/out.txt") == "ran\n")
            try await channel.pull(from: "work", to: "\(here)/back")
            #expect(try text("\(here)/back/sub/data.txt") == "data")
            #expect(try text("\(here)/back/out.txt") == "ran\n")
            let missing = await failureKind { () throws(ProviderError) in
                try await channel.pull(from: "work/none", to: "\(here)/none")
            }
            #expect(missing == .badRequest)
        }
    }

    @Test("keeps paths on their node", arguments: AdapterUnderTest.allCases)
    func escapes(_ kind: AdapterUnderTest) async throws {
        try await kind.run { adapter, world in
            let group = try await adapter.provision(request("a"))
            let channel = try await adapter.channel(group)
            let secret = "\(world.state)/secret"
            try write("secret", secret)
            for path in ["../../../../secret", secret, "work/../../x"] {
                let kinds = [
                    await failureKind { () throws(ProviderError) in
                        try await channel.push(from: secret, to: path)
                    },
                    await failureKind { () throws(ProviderError) in
                        try await channel.pull(from: path, to: "\(world.state)/copy")
                    },
                    await failureKind { () throws(ProviderError) in _ = try await channel.exists(path) },
                ]
                #expect(kinds == [.badRequest, .badRequest, .badRequest])
            }
            #expect(!Files.exists("\(world.state)/copy"))
            #expect(channel.absolutePath("../../secret") == "\(world.node("a"))/secret")
        }
    }

    @Test("a group that is gone has no channel", arguments: AdapterUnderTest.allCases)
    func lostChannel(_ kind: AdapterUnderTest) async throws {
        try await kind.run { adapter, world in
            let group = try await adapter.provision(request("a"))
            let channel = try await adapter.channel(group)
            try await adapter.terminate(token: "a")
            let kinds = [
                await failureKind { () throws(ProviderError) in
                    _ = try await adapter.channel(to: group.nodes[0], of: group)
                },
                await failureKind { () throws(ProviderError) in _ = try await channel.connect() },
                await failureKind { () throws(ProviderError) in _ = try await channel.exists("work") },
                await failureKind { () throws(ProviderError) in
                    try await channel.push(from: "/etc/hostname", to: "work/x")
                },
            ]
            #expect(kinds == [.lost, .lost, .lost, .lost])
            #expect(world.leftovers() == [])
            #expect(world.processes() == [])
        }
    }

    @Test("makes one group of a token that is provisioned many times at once", arguments: AdapterUnderTest.allCases)
    func concurrentProvision(_ kind: AdapterUnderTest) async throws {
        try await kind.run { _, world in
            let wanted = try request("a", nodes: 3, port: freePort())
            let groups = try await withThrowingTaskGroup(of: NodeGroup.self) { tasks in
                for _ in 0..<6 {
                    // Adapters of their own, as different brokers have.
                    tasks.addTask { try await kind.make(world.state).provision(wanted) }
                }
                var groups: [NodeGroup] = []
                for try await group in tasks { groups.append(group) }
                return groups
            }
            #expect(Set(groups).count == 1)
            #expect(await world.comesToAgents(3))
        }
    }

    @Test("provision and terminate at once end with all or nothing", arguments: AdapterUnderTest.allCases)
    func provisionAgainstTerminate(_ kind: AdapterUnderTest) async throws {
        try await kind.run { adapter, world in
            for round in 0..<6 {
                let wanted = try request("t\(round)", nodes: 2)
                async let made = adapter.provision(wanted)
                async let gone: Void = adapter.terminate(token: wanted.token)
                _ = try? await made
                try await gone
                let group = try await adapter.describe(token: wanted.token)
                #expect(await world.comesToAgents(group == nil ? 0 : 2))
                try await adapter.terminate(token: wanted.token)
            }
            #expect(world.processes() == [])
            #expect(world.leftovers() == [])
        }
    }

    @Test("gives services ports of their own that stay the same", arguments: AdapterUnderTest.allCases)
    func ports(_ kind: AdapterUnderTest) async throws {
        try await kind.run { adapter, _ in
            let wanted = try #require(freePort())
            let (first, second) = (try request("a", port: wanted), try request("b", nodes: 2, port: wanted))
            let a = try await adapter.provision(first)
            let b = try await adapter.provision(second)
            #expect(a.nodes[0].endpointPort == wanted)
            let other = try #require(b.nodes[0].endpointPort)
            #expect(other != wanted)
            #expect(b.nodes[1].endpointPort == nil)
            #expect(try await adapter.provision(second) == b)
            try await adapter.terminate(token: "a")
            #expect(try await adapter.provision(request("c", port: wanted)).nodes[0].endpointPort == wanted)
        }
    }

    private func server(_ port: Int) -> String {
        "python3 -m http.server --bind 127.0.0.1 \(port)"
    }

    private func kindOfProvision(_ adapter: any ProviderAdapter, _ wanted: NodeGroupRequest) async -> ProviderError
        .Kind?
    {
        await failureKind { () throws(ProviderError) in _ = try await adapter.provision(wanted) }
    }
}
