import FoundationEssentials
import Glibc
import SkyCore
import SkyProcess
import SkyRuntime
import SkyTestSupport
import Testing

@testable import SkyProviders

@Suite("Hosts by OpenSSH, on bad days", .tags(.integration), .serialized, .timeLimit(.minutes(10)))
struct SSHSurvivalTests {
    @Test("a link that is cut and comes back loses neither the job nor a byte of its log")
    func cutLink() async throws {
        try await SSHUnderTest.use(1) { world in
            let adapter = try world.adapter()
            let (host, group) = (world.farm.hosts[0], try await adapter.provision(try world.request("a")))
            let channel = try await adapter.channel(to: group.nodes[0], of: group)
            let agent = try await channel.connect()
            let job = JobSpec(
                id: "job", run: "for i in 1 2 3; do echo $i; done; until [ -e go ]; do sleep 0.05; done; echo 4")
            _ = try await agent.submit(job)
            world.farm.cut(host)
            let broken = await agentFailure { () async throws(AgentError) in
                _ = try await agent.waitForExit(ofJob: "job")
            }
            #expect(broken == .disconnected)
            #expect(host.processes().count >= 3, "agent, supervisor and job live on")
            // Wanted while the host is still out of reach, and had once it is back.
            async let again = channel.connect()
            try await Task.sleep(for: .milliseconds(300))
            try await world.farm.boot(host)
            let second = try await again
            #expect(try await second.submit(job) == .running)
            try await channel.push(from: "/etc/hostname", to: "work/go")
            #expect(try await second.waitForExit(ofJob: "job") == 0)
            var log: [UInt8] = []
            for try await chunk in second.logs(ofJob: "job", from: 0, follow: true) { log += chunk.bytes }
            #expect(String(decoding: log, as: UTF8.self) == "1\n2\n3\n4\n")
            try await adapter.terminate(token: "a")
            #expect(host.processes().isEmpty)
        }
    }

    @Test("an agent that dies alone is started again, and its job goes on")
    func deadAgent() async throws {
        try await SSHUnderTest.use(1) { world in
            let adapter = try world.adapter()
            let group = try await adapter.provision(try world.request("a"))
            let channel = try await adapter.channel(to: group.nodes[0], of: group)
            let agent = try await channel.connect()
            _ = try await agent.submit(JobSpec(id: "job", run: "until [ -e go ]; do sleep 0.05; done; exit 7"))
            kill((agent as? AgentClient).map { Int32($0.agent.pid) } ?? 0, SIGKILL)
            let again = try await channel.connect()
            #expect(try await again.state(ofJob: "job") == .running)
            #expect(try await adapter.describe(token: "a")?.state == .running)
            try await channel.push(from: "/etc/hostname", to: "work/go")
            #expect(try await again.waitForExit(ofJob: "job") == 7)
            try await adapter.terminate(token: "a")
        }
    }

    @Test("people get in over the shared connection, with a terminal or without one, and go when the node does")
    func entrance() async throws {
        try await SSHUnderTest.use(1) { world in
            let adapter = try world.adapter()
            let group = try await adapter.provision(try world.request("a"))
            let channel = try await adapter.channel(to: group.nodes[0], of: group)
            let job = JobSpec(id: "job", run: "sleep 600", environment: ["LR": "0.1 'x'"])
            _ = try await channel.connect().submit(job)
            let said = "\(world.farm.folder)/said"
            func enter(_ command: String, hasTerminal: Bool) async throws -> SpawnedProcess {
                let way = try await channel.entrance(job: "job", command: command, hasTerminal: hasTerminal)
                return try ProcessSpawn(
                    way.executable, way.arguments, standardOutput: .append(path: said),
                    standardError: .append(path: said)
                ).start()
            }
            let plain = try await enter("pwd; echo \"$LR\"; test -t 1 || exit 4", hasTerminal: false)
            #expect(await plain.wait() == .exited(code: 4))
            let text = String(decoding: try Files.read(said) ?? [], as: UTF8.self)
            #expect(text == "\(channel.absolutePath("work"))\n0.1 'x'\n")
            let terminal = try await enter("test -t 1 && exit 5", hasTerminal: true)
            #expect(await terminal.wait() == .exited(code: 5))
            let staying = try await enter("echo in; exec sleep 600", hasTerminal: false)
            for _ in 0..<3000 where !String(decoding: try Files.read(said) ?? [], as: UTF8.self).contains("in\n") {
                try await Task.sleep(for: .milliseconds(20))
            }
            try await adapter.terminate(token: "a")
            #expect(world.farm.hosts[0].processes().isEmpty)
            #expect(await staying.wait() != .exited(code: 0))
        }
    }

    @Test("a host that was started anew in the middle of a job is a lost node, and free for the next")
    func reboot() async throws {
        try await SSHUnderTest.use(1) { world in
            let adapter = try world.adapter()
            let host = world.farm.hosts[0]
            let group = try await adapter.provision(try world.request("a"))
            let channel = try await adapter.channel(to: group.nodes[0], of: group)
            _ = try await channel.connect().submit(JobSpec(id: "job", run: "sleep 600"))
            world.farm.crash(host)
            #expect(host.processes().isEmpty)
            try await world.farm.boot(host)
            #expect(await refusal { _ = try await channel.connect() } == .lost)
            #expect(try await adapter.describe(token: "a")?.state == .lost)
            // Somebody else need not wait for the one who had it.
            let other = try world.adapter(broker: "b")
            #expect(try await other.provision(try world.request("b", run: "run-bbbb")).state == .running)
            #expect(await refusal { _ = try await channel.connect() } == .lost)
            try await adapter.terminate(token: "a")
            #expect(try await other.describe(token: "b")?.state == .running)
            try await other.terminate(token: "b")
            #expect(host.processes().isEmpty)
        }
    }

    @Test("two brokers never have the same host, and half a gang is none")
    func brokers() async throws {
        try await SSHUnderTest.use(3) { world in
            let (a, b) = (try world.adapter(broker: "a"), try world.adapter(broker: "b"))
            let one = try await a.provision(try world.request("one", nodes: 2))
            #expect(
                await refusal {
                    _ = try await b.provision(try world.request("two", nodes: 2, run: "run-bbbb"))
                } == .noCapacity)
            // What the second had for a moment is free again.
            #expect(try await b.list(run: RunID("run-bbbb")).isEmpty)
            let three = try await b.provision(try world.request("three", run: "run-bbbb"))
            #expect(Set((one.nodes + three.nodes).map(\.id)).count == 3)
            try await a.terminate(token: "one")
            let two = try await b.provision(try world.request("two", nodes: 2, run: "run-bbbb"))
            #expect(two.nodes.map(\.rank) == [0, 1])
            for token in ["two", "three"] { try await b.terminate(token: token) }
            for host in world.farm.hosts { #expect(host.processes().isEmpty && leftovers(of: host).isEmpty) }
        }
    }

    @Test("where a pool lets groups wait, all gangs get their turn, say what they wait for, and can be given up")
    func queue() async throws {
        try await SSHUnderTest.use(2) { world in
            _ = try await world.adapter(broker: "a").provision(try world.request("first"))
            let waiter = try world.adapter(broker: "b", queue: .seconds(600))
            let gangs = ["g1", "g2"].map { token in
                Task { try await waiter.provision(try world.request(token, nodes: 2, run: "run-bbbb")) }
            }
            for token in ["g1", "g2"] {
                #expect(try await comesTrue { waiter.waiting.reason(token)?.contains("held by first") ?? false })
                #expect(waiter.waiting.reason(token)?.hasPrefix("waits for 2 hosts at once of pool rack (") == true)
            }
            let givenUp = Task { try await waiter.provision(try world.request("never", nodes: 2, run: "run-bbbb")) }
            #expect(try await comesTrue { waiter.waiting.reason("never") != nil })
            try await waiter.terminate(token: "never")
            #expect(await refusal { _ = try await givenUp.value } == .lost)

            try await world.adapter(broker: "a").terminate(token: "first")
            func isUp(_ token: String) throws -> Bool { try waiter.load(token)?.state == .running }
            #expect(try await comesTrue { try isUp("g1") || isUp("g2") })
            let one = try isUp("g1") ? "g1" : "g2"
            let other = one == "g1" ? "g2" : "g1"
            try await waiter.terminate(token: one)
            #expect(try await comesTrue { try isUp(other) })
            for gang in gangs { #expect(try await gang.value.nodes.count == 2) }
            #expect(try await waiter.list(run: nil).map(\.token) == [other])
            #expect(waiter.waiting.reason(other) == nil)
            try await waiter.terminate(token: other)
            for host in world.farm.hosts { #expect(host.processes().isEmpty && leftovers(of: host).isEmpty) }
        }
    }

    @Test("brokers that all want a gang at once get one each or none, and leave nothing", arguments: [1, 2])
    func rush(round: Int) async throws {
        try await SSHUnderTest.use(4) { world in
            let won = try await withThrowingTaskGroup(of: NodeGroup?.self) { tasks in
                for broker in ["a", "b", "c", "d"] {
                    tasks.addTask {
                        let adapter = try world.adapter(broker: broker)
                        do { return try await adapter.provision(try world.request("t-\(broker)", nodes: 2)) } catch {
                            #expect((error as? ProviderError)?.kind == .noCapacity, "\(error)")
                            return nil
                        }
                    }
                }
                var won: [NodeGroup] = []
                for try await group in tasks { if let group { won.append(group) } }
                return won
            }
            let hosts = won.flatMap(\.nodes).map(\.id)
            #expect(won.count <= 2 && Set(hosts).count == hosts.count, "\(hosts)")
            #expect(try await world.adapter().list(run: nil).map(\.token).sorted() == won.map(\.token).sorted())
            for group in won { try await world.adapter(broker: "z").terminate(token: group.token) }
            for host in world.farm.hosts { #expect(host.processes().isEmpty && leftovers(of: host).isEmpty) }
        }
    }

    @Test("a broker without a journal finds what is there, reaches it, and gives it back")
    func noJournal() async throws {
        try await SSHUnderTest.use(2) { world in
            let group = try await world.adapter().provision(try world.request("a", nodes: 2))
            let stranger = try world.adapter(broker: "stranger")
            let found = try await stranger.list(run: nil)
            #expect(found.map(\.token) == ["a"] && found[0].nodes.map(\.id) == group.nodes.map(\.id))
            #expect(found[0].state == .running && found[0].run == group.run)
            await (try await stranger.channel(to: found[0].nodes[1], of: found[0]).connect()).close()
            try await stranger.terminate(token: "a")
            #expect(try await stranger.list(run: nil).isEmpty)
            // Nor does the one that made it make it again.
            #expect(
                await refusal {
                    _ = try await world.adapter().provision(try world.request("a", nodes: 2))
                } == .lost)
        }
    }

    @Test("a host that is down is passed over, and named when there is no other")
    func down() async throws {
        try await SSHUnderTest.use(2) { world in
            let adapter = try world.adapter()
            world.farm.cut(world.farm.hosts[0])
            let group = try await adapter.provision(try world.request("a"))
            #expect(group.nodes.map(\.id) == ["rack/m2"])
            do {
                _ = try await adapter.provision(try world.request("b"))
                Issue.record("there was no host left")
            } catch let error as ProviderError {
                #expect(error.kind == .noCapacity)
                #expect(error.message.contains("rack/m1 does not answer: ssh: connect to host"), "\(error.message)")
                #expect(error.message.contains("rack/m2: held by a, rank 0"), "\(error.message)")
            }
            try await adapter.terminate(token: "a")
        }
    }

    private func leftovers(of host: SSHFarm.Host) -> [String] {
        let hosts = "\(host.home)/.sky-host/hosts"
        return Files.names(in: hosts).flatMap { Files.names(in: "\(hosts)/\($0)/nodes") }
    }

    private func agentFailure(_ body: () async throws(AgentError) -> Void) async -> AgentError.Kind? {
        do throws(AgentError) { try await body() } catch { return error.kind }
        return nil
    }
}
