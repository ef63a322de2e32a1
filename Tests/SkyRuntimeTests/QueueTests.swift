import Glibc
import SkyCore
import SkyProcess
import SkyTestSupport
import Testing

@testable import SkyRuntime

@Suite("the queue of a node")
struct JobQueueTests {
    private func needs(_ devices: Int = 0, cpus: Int = 0, memory: Int64 = 0, of total: Int = 4) -> JobNeeds {
        JobNeeds(
            accelerator: "A100", devicesOnNode: total, devices: devices, cpus: cpus,
            memory: memory > 0 ? DataSize(bytes: memory) : nil)
    }

    @Test("jobs have different accelerators, the lowest that are free")
    func indexes() {
        var queue = JobQueue(cpus: 8, memory: 100)
        for (id, count) in [("a", 1), ("b", 2), ("c", 2), ("d", 1)] { queue.add(id, needs(count)) }
        // d must not take what c waits for.
        #expect(queue.startable() == [.init(id: "a", devices: [0]), .init(id: "b", devices: [1, 2])])
        #expect(queue.waitingIDs == ["c", "d"])
        queue.remove("a")
        #expect(queue.startable() == [.init(id: "c", devices: [0, 3])])
        queue.remove("b")
        #expect(queue.startable() == [.init(id: "d", devices: [1])])
    }

    @Test("who wants nothing that anybody in front waits for goes first")
    func backfill() {
        var queue = JobQueue(cpus: 8, memory: 100)
        queue.add("all", needs(4, cpus: 2))
        queue.add("head", needs(1, cpus: 4))
        queue.add("small", needs(0, cpus: 2))
        queue.add("large", needs(0, cpus: 3))
        queue.add("none", needs())
        #expect(queue.startable().map(\.id) == ["all", "small", "none"])
        queue.remove("all")
        #expect(queue.startable().map(\.id) == ["head"])
    }

    @Test("a job that waits can be taken out, and what was started before is counted")
    func removal() {
        var queue = JobQueue(cpus: 1, memory: 1)
        queue.resume("old", needs(2), devices: [1, 3])
        queue.add("a", needs(3))
        queue.add("b", needs(2))
        #expect(queue.startable().isEmpty)
        queue.remove("a")
        #expect(queue.startable() == [.init(id: "b", devices: [0, 2])])
        #expect(queue.devices(of: "old") == [1, 3] && queue.devices(of: "no").isEmpty)
    }

    @Test("what a node can never give is said")
    func problems() {
        let queue = JobQueue(cpus: 8, memory: 1_000_000_000)
        #expect(queue.problem(of: needs(5)) == "the job wants 5 accelerators, and the node has 4")
        #expect(queue.problem(of: needs(cpus: 9)) == "the job wants 9 processors, and the node has 8")
        #expect(queue.problem(of: needs(memory: 2_000_000_000))?.hasPrefix("the job wants 2.00 GB of memory") == true)
        #expect(queue.problem(of: needs(-1)) != nil && queue.problem(of: needs(4, cpus: 8)) == nil)
    }

    @Test(
        "in any course of events nothing is given twice, and no later job holds up an earlier one", arguments: 0..<200)
    func random(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var queue = JobQueue(cpus: 8, memory: 100)
        var all: [String: JobNeeds] = [:]
        var (running, order): ([String: [Int]], [String]) = ([:], [])
        for step in 0..<60 {
            if Bool.random(using: &random) || running.isEmpty {
                let id = "j\(step)"
                let wants = needs(
                    .random(in: 0...4, using: &random), cpus: .random(in: 0...8, using: &random),
                    memory: .random(in: 0...100, using: &random))
                all[id] = wants
                order.append(id)
                queue.add(id, wants)
            } else if let ended = running.keys.sorted().randomElement(using: &random) {
                running[ended] = nil
                queue.remove(ended)
            }
            for start in queue.startable() {
                running[start.id] = start.devices
                #expect(start.devices.count == all[start.id]?.devices)
            }
            let devices = running.values.flatMap { $0 }
            #expect(Set(devices).count == devices.count && devices.allSatisfy((0..<4).contains))
            let held = running.keys.compactMap { all[$0] }
            #expect(held.reduce(0) { $0 + $1.cpus } <= 8)
            #expect(held.reduce(0) { $0 + ($1.memory?.bytes ?? 0) } <= 100)
        }
        // With nothing new, all of them have their turn.
        for _ in 0..<200 where !queue.waitingIDs.isEmpty {
            let next = try #require(running.keys.sorted().first)
            running[next] = nil
            queue.remove(next)
            for start in queue.startable() { running[start.id] = start.devices }
        }
        #expect(queue.waitingIDs.isEmpty)
    }

    @Test("on a node that is a part of a machine, the positions are those among its own devices")
    func parts() {
        #expect(DeviceVariables.part("0,2", of: "4,5,6,7") == "4,6" && DeviceVariables.part("", of: "4,5") == "")
        #expect(DeviceVariables.part("1", of: nil) == "1" && DeviceVariables.part("0,1", of: "0-3") == "0-3")
        #expect(DeviceVariables.part("1,9", of: "GPU-a1,GPU-b2") == "GPU-b2")
    }

    @Test(
        "programs find their accelerators under the name that they look for",
        arguments: [
            ("A100", 8, [1, 3], ["CUDA_VISIBLE_DEVICES": "1,3"]), ("A100", 8, [], ["CUDA_VISIBLE_DEVICES": ""]),
            ("tpu-v5e", 8, [0, 1], ["TPU_VISIBLE_CHIPS": "0,1", "TPU_VISIBLE_DEVICES": "0,1"]),
            ("tpu-v5e", 2, [0, 1], [:]), ("Inferentia2", 6, [2], ["NEURON_RT_VISIBLE_CORES": "4,5"]),
            ("Trainium", 16, [0, 3], ["NEURON_RT_VISIBLE_CORES": "0,1,6,7"]),
            ("MI300X", 8, [7], ["HIP_VISIBLE_DEVICES": "7"]), ("Gaudi2", 8, [1], ["HABANA_VISIBLE_MODULES": "1"]),
        ] as [(String, Int, [Int], [String: String])])
    func variables(accelerator: String, total: Int, indexes: [Int], expected: [String: String]) {
        let needs = JobNeeds(accelerator: accelerator, devicesOnNode: total, devices: indexes.count)
        #expect(DeviceVariables.of(needs, indexes: indexes) == expected)
    }
}

@Suite("jobs that share a node", .timeLimit(.minutes(5)))
struct SharedNodeTests {
    private static let untilGo = "echo \"$CUDA_VISIBLE_DEVICES\"; while [ ! -e go ]; do sleep 0.02; done"

    private func main(_ devices: Int, run: String = untilGo) -> JobSpec {
        JobSpec(
            id: "main", setup: "echo x >> count", run: run, environment: ["LR": "0.1"], setupKey: "k",
            needs: JobNeeds(accelerator: "A100", devicesOnNode: 4, devices: devices))
    }

    @Test("a command beside a job has its folder, variables and setup, and accelerators of its own or none")
    func beside() async throws {
        try await withAgent { node, agent in
            #expect(try await agent.submit(main(2)) == .running)
            let request = BesideRequest(
                id: "b", like: "main", run: "echo $CUDA_VISIBLE_DEVICES $LR; wc -l < count", devices: 2)
            #expect(try await agent.submit(request) == .running)
            #expect(try await agent.waitForExit(ofJob: "b") == 0)
            #expect(try await agent.wholeLog(ofJob: "b").contains("2,3 0.1\n1\n"))
            _ = try await agent.submit(
                BesideRequest(id: "c", like: "main", run: "echo \"[$CUDA_VISIBLE_DEVICES]\""))
            #expect(try await agent.wholeLog(ofJob: "c").contains("[]\n"))
            try node.letGo()
            #expect(try await agent.waitForExit(ofJob: "main") == 0)
            #expect(try await agent.wholeLog(ofJob: "main") == "0,1\n")
        }
    }

    @Test("one that does not fit waits, is listed, can be waited for, and begins when there is room")
    func waits() async throws {
        try await withAgent { node, agent in
            _ = try await agent.submit(main(4))
            let request = BesideRequest(id: "b", like: "main", run: "echo $CUDA_VISIBLE_DEVICES", devices: 1)
            #expect(try await agent.submit(request) == .queued)
            #expect(try await agent.submit(request) == .queued)
            #expect(try await agent.state(ofJob: "b") == .queued)
            async let log = agent.wholeLog(ofJob: "b")
            let jobs = try await agent.jobs()
            #expect(jobs.map(\.id) == ["main", "b"] && jobs.map(\.isQueued) == [false, true])
            #expect(jobs[0].devices == [0, 1, 2, 3] && jobs[1].command == "echo $CUDA_VISIBLE_DEVICES")
            try node.letGo()
            #expect(try await agent.waitForExit(ofJob: "b") == 0)
            #expect(try await log.contains("0\n"))
            #expect(try await agent.jobs().isEmpty)
        }
    }

    @Test("one that waits can be killed, and never begins")
    func killed() async throws {
        try await withAgent { node, agent in
            _ = try await agent.submit(main(4))
            _ = try await agent.submit(BesideRequest(id: "b", like: "main", run: "touch begun", devices: 1))
            async let code = agent.waitForExit(ofJob: "b")
            try await Task.sleep(for: .milliseconds(50))
            try await agent.kill(job: "b", grace: .zero)
            #expect(try await code == 143)
            try node.letGo()
            #expect(try await agent.waitForExit(ofJob: "main") == 0)
            #expect(try await agent.state(ofJob: "b") == .exited(code: 143))
            #expect(!Files.exists("\(node.directory)/work/begun"))
        }
    }

    @Test("the next agent knows who has what and who waits, in the order in which they came")
    func restart() async throws {
        try await withNode { node in
            let agent = try await node.connect()
            _ = try await agent.submit(main(4))
            for id in ["z", "a"] {
                _ = try await agent.submit(
                    BesideRequest(id: id, like: "main", run: "echo \(id) $CUDA_VISIBLE_DEVICES >> order", devices: 4))
            }
            try await node.killAgent()
            try await node.start()
            let next = try await node.connect()
            let jobs = try await next.jobs()
            #expect(jobs.map(\.id) == ["main", "z", "a"] && jobs[0].devices == [0, 1, 2, 3])
            try node.letGo()
            for id in ["z", "a"] { #expect(try await next.waitForExit(ofJob: id) == 0) }
            let order = try Files.read("\(node.directory)/work/order") ?? []
            #expect(String(decoding: order, as: UTF8.self) == "z 0,1,2,3\na 0,1,2,3\n")
        }
    }

    @Test("what can never be is refused, and a node that ends does not begin what waits")
    func refused() async throws {
        try await withAgent { node, agent in
            _ = try await agent.submit(main(4))
            for request in [
                BesideRequest(id: "b", like: "main", run: "true", devices: 5),
                BesideRequest(id: "b", like: "main", run: "true", cpus: 100_000),
                BesideRequest(id: "b", like: "other", run: "true"),
                BesideRequest(id: "../b", like: "main", run: "true"),
            ] {
                let error = await #expect(throws: AgentError.self) { try await agent.submit(request) }
                #expect(error?.kind == .refused)
            }
            _ = try await agent.submit(BesideRequest(id: "b", like: "main", run: "touch begun", devices: 4))
            try await agent.shutdown(grace: .seconds(30))
            try await eventually { node.survivors().isEmpty }
            #expect(!Files.exists("\(node.directory)/work/begun"))
            #expect(node.job("b").end() == JobEnd(code: 143))
        }
    }
}
