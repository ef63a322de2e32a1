import Glibc
import SkyCore
import SkyProcess
import SkyRuntime
import SkyTestSupport
import Testing

@testable import SkyProviders

@Suite(
    "A cluster that Slurm manages", .tags(.integration), .serialized, .timeLimit(.minutes(10)),
    .enabled(if: LoopbackSlurm.canRun, "\(LoopbackSlurm.obstacle ?? "")"))
struct SlurmAdapterTests {
    @Test("keeps all that is relied upon")
    func conformance() async throws {
        try await SlurmUnderTest.use { world in
            let adapter = try await world.adapter()
            let kit = try #require(
                ConformanceKit(adapter, region: "hpc", instanceType: SlurmUnderTest.wholeNode, nonce: "t1"))
            for check in ConformanceKit.checks {
                let outcome = await kit.perform(check)
                #expect(outcome.complaint == nil, "\(check.id): \(outcome)")
            }
            #expect(try await world.slurm.queue().isEmpty)
        }
    }

    @Test("one token asked for by two brokers that do not know of each other is one job")
    func twoBrokers() async throws {
        try await SlurmUnderTest.use { world in
            let (a, b) = (try await world.adapter(), try await world.adapter(broker: "b"))
            let request = try world.request("run-abcd--one--1")
            async let first = a.provision(request)
            async let second = b.provision(request)
            let groups = try await [first, second]
            #expect(groups[0].nodes == groups[1].nodes)
            #expect(try await world.slurm.queue().count == 1)
            try await b.terminate(token: request.token)
            #expect(await refusal { _ = try await a.provision(request) } == .lost)
            #expect(try await world.slurm.queue().isEmpty)
        }
    }

    @Test("a part of a node is had beside another part of it, and reached at its own agent")
    func parts() async throws {
        try await SlurmUnderTest.use(LoopbackSlurm.Shape(nodes: 1, gpus: 2, partitions: Self.main)) { world in
            let adapter = try await world.adapter()
            let half = "2c-1.9g-A100x1"
            #expect(adapter.clusters.clusters[0].machines.map(\.machineType) == ["4c-3.9g-A100x2", half])
            let groups = [
                try await adapter.provision(try world.request("run-abcd--a--1", type: half)),
                try await adapter.provision(try world.request("run-abcd--b--1", type: half)),
            ]
            var devices: Set<String> = []
            for group in groups {
                let agent = try await adapter.channel(to: group.nodes[0], of: group).connect()
                _ = try await agent.submit(JobSpec(id: "job", run: "echo $CUDA_VISIBLE_DEVICES"))
                #expect(try await agent.waitForExit(ofJob: "job") == 0)
                var log: [UInt8] = []
                for try await chunk in agent.logs(ofJob: "job", from: 0, follow: true) { log += chunk.bytes }
                devices.insert(String(decoding: log, as: UTF8.self))
                await agent.close()
            }
            #expect(devices.count == 2, "\(devices)")
            for group in groups { try await adapter.terminate(token: group.token) }
        }
    }

    private static let main = ["PartitionName=main Default=YES MaxTime=INFINITE"]

    @Test("what waits in the queue says why, and is taken back when it has waited long enough")
    func queue() async throws {
        try await SlurmUnderTest.use { world in
            let adapter = try await world.adapter { $0.queueLimit = .seconds(4) }
            let first = try await adapter.provision(try world.request("run-abcd--first--1", nodes: 2))
            let late = try world.request("run-abcd--late--1")
            let asked = Task { try await adapter.provision(late) }
            var reason: String?
            for _ in 0..<400 where reason == nil {
                reason = adapter.waiting.reason(late.token)
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(try #require(reason).contains("waits in the queue (") == true)
            do {
                _ = try await asked.value
                Issue.record("there was room")
            } catch let error as ProviderError {
                #expect(
                    error.kind == .noCapacity && error.message.contains("waits in the queue (Resources"), "\(error)")
            }
            #expect(adapter.waiting.reason(late.token) == nil)
            #expect(try await world.slurm.queue().keys.sorted() == [first.token])
            // Taken back is not given back: it may be asked for again.
            try await adapter.terminate(token: first.token)
            #expect(try await adapter.provision(late).state == .running)
            try await adapter.terminate(token: late.token)
        }
    }

    @Test("a job of a low partition is preempted for one of a high one: its group is lost, and says so")
    func preemption() async throws {
        let partitions = [
            "PartitionName=main Default=YES MaxTime=INFINITE PriorityTier=10 PreemptMode=OFF",
            "PartitionName=spot MaxTime=INFINITE PriorityTier=1 PreemptMode=REQUEUE GraceTime=1",
        ]
        try await SlurmUnderTest.use(LoopbackSlurm.Shape(partitions: partitions)) { world in
            let adapter = try await world.adapter()
            #expect(adapter.clusters.clusters[0].facts?.nodes.map(\.isPreemptible) == [false, true])
            let cheap = try world.request("run-abcd--cheap--1", nodes: 2, partition: "spot", isSpot: true)
            let victim = try await adapter.provision(cheap)
            let agent = try await adapter.channel(to: victim.nodes[0], of: victim).connect()
            _ = try await agent.submit(JobSpec(id: "job", run: "sleep 600"))
            let urgent = try world.request("run-abcd--urgent--1", nodes: 2, partition: "main")
            #expect(try await adapter.provision(urgent).state == .running)
            let left = try await adapter.describe(token: cheap.token)
            #expect(left?.state == .lost && left?.reason?.contains("preempted") == true, "\(String(describing: left))")
            // Whoever waits for its job learns that this was no end of the job's own.
            do {
                let code = try await agent.waitForExit(ofJob: "job")
                Issue.record("the job ended with \(code)")
            } catch let error as AgentError { #expect([.ending, .disconnected].contains(error.kind), "\(error)") }
            #expect(await refusal { _ = try await adapter.provision(cheap) } == .lost)
            let stranger = try await world.adapter(broker: "b")
            #expect(await refusal { _ = try await stranger.provision(cheap) } == .lost)
            for token in [cheap.token, urgent.token] { try await adapter.terminate(token: token) }
            #expect(try await world.slurm.queue().isEmpty)
        }
    }

    @Test(
        "a job that an administrator puts back into the queue is lost to its group, and does nothing when it begins again"
    )
    func requeue() async throws {
        try await SlurmUnderTest.use { world in
            let adapter = try await world.adapter()
            let group = try await adapter.provision(try world.request("run-abcd--one--1"))
            let job = try #require(try adapter.load(group.token)?.job)
            _ = try await world.slurm.output(["scontrol", "update", "JobId=\(job)", "Requeue=1"])
            _ = try await world.slurm.output(["scontrol", "requeue", "\(job)"])
            let now = try await adapter.describe(token: group.token)
            #expect(now?.state == .lost && now?.reason?.contains("\(job)") == true, "\(String(describing: now))")
            // Slurm lets such a job wait for two minutes.
            _ = try await world.slurm.output(["scontrol", "update", "JobId=\(job)", "StartTime=now"])
            for _ in 0..<600 {
                if try await world.slurm.queue().isEmpty { break }
                try await Task.sleep(for: .milliseconds(100))
            }
            #expect(try await world.slurm.queue().isEmpty)
            #expect(try await adapter.describe(token: group.token)?.state == .lost)
            try await adapter.terminate(token: group.token)
            #expect(try await adapter.list(run: nil).isEmpty)
        }
    }

    @Test("a node that dies takes its group with it")
    func nodeFailure() async throws {
        try await SlurmUnderTest.use { world in
            let adapter = try await world.adapter()
            let group = try await adapter.provision(try world.request("run-abcd--gang--1", nodes: 2))
            await world.slurm.crash("n2")
            var now: NodeGroup?
            for _ in 0..<360 {
                now = try await adapter.describe(token: group.token)
                if now?.state == .lost { break }
                try await Task.sleep(for: .milliseconds(500))
            }
            #expect(now?.state == .lost && now?.reason?.contains("job") == true, "\(String(describing: now))")
            try await world.slurm.boot("n2")
            try await adapter.terminate(token: group.token)
            #expect(try await adapter.list(run: nil).isEmpty)
        }
    }

    @Test("an agent that is killed is started again, and finds its jobs")
    func killedAgent() async throws {
        try await SlurmUnderTest.use { world in
            let adapter = try await world.adapter()
            let group = try await adapter.provision(try world.request("run-abcd--one--1"))
            let channel = try await adapter.channel(to: group.nodes[0], of: group)
            let agent = try await channel.connect()
            _ = try await agent.submit(JobSpec(id: "job", run: "sleep 3; echo survived; exit 5"))
            let agents = ProcessTable.all().filter { process in
                let words = ProcessTable.arguments(of: process.pid)
                // Supervisors are copies of it under another name.
                let name = ((try? Files.read("/proc/\(process.pid)/comm")) ?? nil) ?? []
                return String(decoding: name, as: UTF8.self) == "sky-agent\n" && words.contains("serve")
                    && words.contains { $0.contains("run-abcd--one--1.") }
            }
            for process in agents { kill(process.pid, SIGKILL) }
            #expect(!agents.isEmpty)
            let next = try await channel.connect()
            let code = try await next.waitForExit(ofJob: "job")
            #expect(code == 5)
            await next.close()
            try await adapter.terminate(token: group.token)
        }
    }

    @Test("what no cluster gives is refused by its kind before a job is submitted, or by Slurm itself")
    func refusals() async throws {
        try await SlurmUnderTest.use { world in
            let adapter = try await world.adapter()
            func kind(_ change: (inout NodeGroupRequest) -> Void) async throws -> ProviderError.Kind? {
                var request = try world.request("run-abcd--no--1")
                change(&request)
                return await refusal { [request] in _ = try await adapter.provision(request) }
            }
            #expect(try await kind { $0.numNodes = 3 } == .quota)
            #expect(try await kind { $0.instanceType = "128c-512g" } == .noCapacity)
            #expect(try await kind { $0.region = "hpx" } == .badRequest)
            #expect(try await kind { $0.zone = "gpu" } == .noCapacity)
            let wrong = try await world.adapter(broker: "b") { $0.terms.qos = "nobody" }
            let request = try world.request("run-abcd--no--2")
            let refused = await refusal { _ = try await wrong.provision(request) }
            // Without accounting there are no QOS, and Slurm does not look at the word.
            #expect(refused == nil || refused == .badRequest)
            try await wrong.terminate(token: request.token)
            #expect(try await world.slurm.queue().isEmpty)
        }
    }

    @Test("a login host by OpenSSH does as well; a link that breaks in the middle of a job is made again")
    func loginHost() async throws {
        try await SSHFarm.use(1) { farm in
            try Files.makeFolder("\(farm.folder)/run", mode: 0o700)
            try await SlurmUnderTest.use { world in
                let adapter = try await world.adapter(environment: ["XDG_RUNTIME_DIR": "\(farm.folder)/run"]) {
                    cluster in
                    var login = SSHHost(pool: "hpc", name: "m1", shape: SSHShape(cores: 0, memoryGiB: 0))
                    login.sshConfig = farm.config
                    cluster.login = login
                }
                let kit = try #require(
                    ConformanceKit(adapter, region: "hpc", instanceType: SlurmUnderTest.wholeNode, nonce: "t2"))
                for check in ConformanceKit.checks where ["lost-answer", "channel", "gang"].contains(check.id) {
                    let outcome = await kit.perform(check)
                    #expect(outcome.complaint == nil, "\(check.id): \(outcome)")
                }
                let group = try await adapter.provision(try world.request("run-abcd--one--1"))
                let channel = try await adapter.channel(to: group.nodes[0], of: group)
                let agent = try await channel.connect()
                _ = try await agent.submit(JobSpec(id: "job", run: "sleep 3; exit 5"))
                farm.cut(farm.hosts[0])
                await #expect(throws: AgentError.self) { _ = try await agent.waitForExit(ofJob: "job") }
                async let next = channel.connect()
                try await farm.boot(farm.hosts[0])
                let code = try await next.waitForExit(ofJob: "job")
                #expect(code == 5)
                try await adapter.terminate(token: group.token)
                #expect(try await world.slurm.queue().isEmpty)
            }
        }
    }

    @Test("a stranger with the same settings describes, reaches and gives back what another broker has made")
    func stranger() async throws {
        try await SlurmUnderTest.use { world in
            let made = try await world.adapter().provision(try world.request("run-abcd--gang--1", nodes: 2))
            let stranger = try await world.adapter(broker: "b")
            let found = try #require(try await stranger.list(run: made.run).first)
            #expect(found.state == .running && found.instanceType == made.instanceType && found.nodes.count == 2)
            let agent = try await stranger.channel(to: found.nodes[1], of: found).connect()
            await agent.close()
            // Also where somebody has removed Sky's folder.
            try Disk.remove("\(world.slurm.folder)/home/sky/groups")
            #expect(try await stranger.list(run: nil).map(\.token) == [made.token])
            try await stranger.terminate(token: made.token)
            #expect(try await world.slurm.queue().isEmpty)
        }
    }
}
