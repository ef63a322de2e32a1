import Glibc
import SkyCore
import SkyProcess
import SkyTestSupport
import Testing

@testable import SkyRuntime

@Suite("what a node uses", .timeLimit(.minutes(5)))
struct StatsTests {
    @Test("the processor time and memory of a job are those of all its processes, also of those that have ended")
    func jobs() async throws {
        try await withAgent { node, agent in
            let burn = "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done"
            let command = "sh -c '\(burn)'; setsid sh -c '\(burn); echo > burnt; sleep 1000' & sleep 1000"
            _ = try await agent.submit(JobSpec(id: "j", run: command))
            try await eventually { Files.exists("\(node.directory)/work/burnt") }
            let before = try await agent.stats()
            let job = try #require(before.jobs.first)
            #expect(before.jobs.count == 1 && job.id == "j" && job.processes >= 3)
            #expect(job.busy >= 20 && job.memory > 300_000)
            #expect(before.cpus > 0 && before.busy > 0 && before.memoryTotal > before.memoryAvailable)
            #expect(before.diskTotal >= before.diskFree && before.diskFree > 0)
            try await Task.sleep(for: .milliseconds(20))
            let after = try await agent.stats()
            #expect(after.at > before.at && after.busy >= before.busy && after.jobs[0].busy >= job.busy)
            #expect(after.received >= before.received && after.diskWritten >= before.diskWritten)
        }
    }

    @Test("a job of an agent before this one is counted too; one that waits is not")
    func adopted() async throws {
        try await withNode { node in
            let agent = try await node.connect()
            let needs = JobNeeds(accelerator: "A100", devicesOnNode: 1, devices: 1)
            _ = try await agent.submit(JobSpec(id: "a", run: "sleep 1000", needs: needs))
            _ = try await agent.submit(BesideRequest(id: "b", like: "a", run: "sleep 1000", devices: 1))
            _ = try await node.supervisor(of: "a")
            try await node.killAgent()
            try await node.start()
            let next = try await node.connect()
            try await eventually { try await next.stats().jobs.first?.processes ?? 0 > 0 }
            #expect(try await next.stats().jobs.map(\.id) == ["a"])
        }
    }

    @Test("what NVIDIA's tool prints is read, damaged lines left out")
    func gpus() {
        let text = """
            0, NVIDIA A100-SXM4-40GB, 87, 12288, 40960\r
            1, NVIDIA A100-SXM4-40GB, [N/A], 0, 40960
            No devices were found
            x, y, 1, 2, 3

            """
        #expect(
            GPUProbe.read(text) == [
                NodeStats.GPU(
                    index: 0, name: "NVIDIA A100-SXM4-40GB", utilization: 87, memoryUsed: 12288 << 20,
                    memoryTotal: 40960 << 20),
                NodeStats.GPU(
                    index: 1, name: "NVIDIA A100-SXM4-40GB", utilization: 0, memoryUsed: 0, memoryTotal: 40960 << 20),
            ])
    }

    @Test("the tool is asked in the background, and a failure of it is no answer")
    func probe() async throws {
        try await withTemporaryFolder { folder in
            func ask(_ text: String) async throws -> [NodeStats.GPU]? {
                let program = "\(folder)/tool"
                try await writeProgram(program, text)
                let probe = GPUProbe(output: "\(folder)/gpus.csv", program: program)
                probe.ask()
                #expect(probe.gpus == nil)
                let pid = try #require(probe.child)
                var status: Int32 = 0
                while waitpid(pid, &status, 0) < 0, errno == EINTR {}
                #expect(!probe.childEnded(pid + 1, .exited(code: 0)))
                #expect(probe.childEnded(pid, ProcessEnd(waitStatus: status)))
                #expect(!Files.exists("\(folder)/gpus.csv"))
                return probe.gpus
            }
            let gpus = try await ask("#!/bin/sh\necho '3, T4, 5, 1, 2'\n")
            #expect(gpus?.map(\.index) == [3])
            #expect(try await ask("#!/bin/sh\necho '3, T4, 5, 1, 2'\nexit 9\n") == nil)
        }
    }
}
