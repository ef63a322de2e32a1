import Glibc
import SkyCore
import SkyProcess
import SkyRuntime
import SkyTestSupport
import Testing

@testable import SkyProviders

@Suite("Nodes that are processes of this machine", .timeLimit(.minutes(5)))
struct ProcessBackendTests {
    @Test("a gang of which one node cannot start is given back whole")
    func gangFailure() async throws {
        try await withTemporaryFolder { state in
            let world = World(state: state, provider: "aws")
            defer { for pid in world.processes() { kill(pid, SIGKILL) } }
            // Refuses to serve the node of rank 2.
            let agent = "\(state)/agent.sh"
            let real = try AdapterUnderTest.agentExecutable()
            try write("#!/bin/sh\ncase \"$*\" in *node-2*) exit 9;; esac\nexec \(real) \"$@\"\n", agent, mode: 0o755)
            let adapter = StandInAdapter(provider: "aws", stateDirectory: state, agentExecutable: agent)
            let wanted = try request("a", nodes: 4, port: freePort())
            do throws(ProviderError) {
                _ = try await adapter.provision(wanted)
                Issue.record("provisioned")
            } catch {
                #expect(error.kind == .transient)
                #expect(error.message.contains("node 2"))
            }
            #expect(world.processes() == [])
            #expect(world.leftovers() == [])
            #expect(try await adapter.describe(token: "a") == nil)
        }
    }

    @Test("without the agent's program the request can never work", arguments: ["missing", "plain.txt"])
    func noAgent(_ program: String) async throws {
        try await withTemporaryFolder { state in
            try write("not a program", "\(state)/plain.txt")
            let adapter = StandInAdapter(
                provider: "aws", stateDirectory: state, agentExecutable: "\(state)/\(program)")
            let wanted = try request("a")
            #expect(
                await failureKind { () throws(ProviderError) in _ = try await adapter.provision(wanted) } == .badRequest
            )
        }
    }

    @Test("this machine gives no accelerators")
    func accelerators() async throws {
        try await AdapterUnderTest.local.run { adapter, world in
            var wanted = try request("a")
            wanted.accelerator = AcceleratorCount(name: "A100", count: 8)
            let refused = wanted
            #expect(
                await failureKind { () throws(ProviderError) in _ = try await adapter.provision(refused) }
                    == .badRequest)
            #expect(world.leftovers() == [])
        }
    }

    @Test("a stopped agent does not keep its group from ending")
    func stoppedAgent() async throws {
        try await AdapterUnderTest.standIn.run { adapter, world in
            _ = try await adapter.provision(request("a"))
            kill(try world.agentPID("a"), SIGSTOP)
            let hasty = ProcessBackend(
                provider: world.provider, stateDirectory: world.state, agentExecutable: "none",
                grace: TimeSpan(milliseconds: 50), patience: TimeSpan(milliseconds: 50))
            try await hasty.terminate(token: "a")
            #expect(world.processes() == [])
            #expect(world.leftovers() == [])
        }
    }

    @Test(
        "a job that hides its environment and its parents is found while the agent lives and when it is dead",
        arguments: [false, true])
    func hidingJob(_ agentIsDead: Bool) async throws {
        try await AdapterUnderTest.standIn.run { adapter, world in
            let group = try await adapter.provision(request("a"))
            let hidden = "\(world.state)/hidden"
            let script = "env -i setsid sh -c 'cd /; echo $$ > \(hidden); exec sleep 1234' & sleep 1000"
            try await adapter.begin(script, on: group)
            while !Files.exists(hidden) { try await Task.sleep(for: .milliseconds(2)) }
            let pid = try #require(try text(hidden).flatMap { Int32($0.prefix { $0 != "\n" }) })
            #expect(ProcessTable.isAlive(pid))
            if agentIsDead { try await world.killAgent("a") }
            try await adapter.terminate(token: "a")
            #expect(!ProcessTable.isAlive(pid))
        }
    }

    @Test("a preempted group dies at once, is lost for all to see, and goes with terminate")
    func preemption() async throws {
        try await AdapterUnderTest.standIn.run { adapter, world in
            let group = try await adapter.provision(request("a", nodes: 2))
            try await adapter.begin("trap '' TERM; sleep 1000 & sleep 2000", on: group)
            let preemptible = try #require(adapter as? any PreemptibleAdapter)
            let channel = try await adapter.channel(group)
            let client = try await channel.connect()
            let end = Task { try await client.waitForExit(ofJob: "job") }
            try await preemptible.preempt(token: "a")
            await #expect(throws: AgentError.self) { _ = try await end.value }
            #expect(world.processes() == [])
            #expect(try await adapter.describe(token: "a")?.state == .lost)
            #expect(try await adapter.list(run: nil).map(\.state) == [.lost])
            try await preemptible.preempt(token: "a")
            try await preemptible.preempt(token: "never")
            #expect(await failureKind { () throws(ProviderError) in _ = try await channel.connect() } == .lost)
            try await adapter.terminate(token: "a")
            #expect(world.leftovers() == [])
        }
    }

    @Test("two groups do not touch each other", arguments: [("a", "ab"), ("a", "a.b"), ("r--s--1", "r--s--10")])
    func neighbours(_ first: String, _ second: String) async throws {
        try await AdapterUnderTest.standIn.run { adapter, world in
            for token in [first, second] {
                let group = try await adapter.provision(request(token))
                try await adapter.begin("sleep 1000", on: group)
            }
            try await world.killAgent(first)
            try await adapter.terminate(token: first)
            #expect(world.agents() == [try world.agentPID(second)])
            let group = try #require(try await adapter.describe(token: second))
            let client = try await adapter.channel(group).connect()
            #expect(try await client.state(ofJob: "job") == .running)
            await client.close()
        }
    }

    @Test("a state folder behind a link and one with a long path work")
    func places() async throws {
        try await withTemporaryFolder { root in
            let deep = "\(root)/\(String(repeating: "deep-", count: 20))/\(String(repeating: "er-", count: 30))"
            try Files.makeFolder(deep)
            #expect(symlink(deep, "\(root)/link") == 0)
            let agent = try AdapterUnderTest.agentExecutable()
            let linked = StandInAdapter(provider: "aws", stateDirectory: "\(root)/link", agentExecutable: agent)
            let direct = StandInAdapter(provider: "aws", stateDirectory: deep, agentExecutable: agent)
            let world = World(state: root, provider: "aws")
            defer { for pid in world.processes() { kill(pid, SIGKILL) } }
            let group = try await linked.provision(request("a"))
            try await linked.begin("sleep 1000", on: group)
            try await World(state: deep, provider: "aws").killAgent("a")
            try await direct.terminate(token: "a")
            #expect(world.processes() == [])
            #expect(try await linked.describe(token: "a") == nil)
        }
    }
}

/// What is known of groups that are gone.
@Suite("Books of groups on this machine", .timeLimit(.minutes(5))) struct GroupBooksTests {
    @Test(
        "say when a group was held, from its request until nothing of it was left", arguments: AdapterUnderTest.allCases
    )
    func span(kind: AdapterUnderTest) async throws {
        try await kind.run { adapter, _ in
            let adapter = try #require(adapter as? any BookkeepingAdapter)
            let begun = SystemScriptClock().now()
            let group = try await adapter.provision(try request("r--a--1"))
            #expect(try await adapter.held(token: group.token) == nil)
            try await adapter.terminate(token: group.token)
            let ended = SystemScriptClock().now()
            let held = try #require(try await adapter.held(token: group.token))
            // The two clocks may disagree by the time between two looks at them.
            let slack = TimeSpan.seconds(1)
            #expect(held.since >= begun + TimeSpan(milliseconds: -slack.milliseconds) && held.since <= held.until)
            #expect(held.until <= ended + slack)
            try await adapter.terminate(token: group.token)
            #expect(try await adapter.held(token: group.token) == held)
        }
    }
}
