import Glibc
import SkyCore
import SkyProcess
import SkyTestSupport
import Testing

@testable import SkyRuntime

@Suite("Supervisors that go from job to job")
struct SupervisorPoolTests {
    @Test("one after the other, jobs have the same supervisor, and nothing of each other")
    func sameOne() async throws {
        try await withNode { node in
            let agent = try await node.connect()
            var seen: Set<Int32> = []
            var openFiles: Set<String> = []
            // The supervisor may have a file open for a moment, when its job begins: the least of some looks.
            let supervisorFiles =
                "for i in 1 2 3 4 5; do sleep 0.02; ls /proc/$PPID/fd | wc -l; done | sort -n | head -1"
            // Each wants the whole node, so that the next begins when one ends.
            let all = JobNeeds(cpus: max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
            let wait = JobSpec(id: "first", run: "while [ ! -e go ]; do sleep 0.01; done", needs: all)
            _ = try await agent.submit(wait)
            for number in 0..<10 {
                let job = JobSpec(
                    id: "job\(number)", run: "ls /proc/self/fd | wc -l; \(supervisorFiles)", needs: all)
                #expect(try await agent.submit(job) == .queued)
            }
            _ = try await agent.submit(JobSpec(id: "go", run: "touch go"))
            for number in 0..<10 {
                #expect(try await agent.waitForExit(ofJob: "job\(number)") == 0)
                openFiles.insert(try await agent.wholeLog(ofJob: "job\(number)"))
                seen.insert(try #require(node.job("job\(number)").supervisorIdentity()).pid)
            }
            // That of the first, or of the one that let it go.
            #expect(seen.count <= 2)
            #expect(openFiles.count == 1, "\(openFiles)")
            try await agent.shutdown(grace: .zero)
            #expect(node.idleSupervisors().isEmpty)
        }
    }

    @Test("at the same time, each job has its own, and they go when nobody needs them")
    func ownOnes() async throws {
        try await withNode { node in
            let agent = try await node.connect()
            for number in 0..<20 {
                _ = try await agent.submit(JobSpec(id: "job\(number)", run: "while [ ! -e go ]; do sleep 0.01; done"))
            }
            _ = try await agent.submit(JobSpec(id: "go", run: "touch go"))
            for number in 0..<20 { #expect(try await agent.waitForExit(ofJob: "job\(number)") == 0) }
            let seen = try (0..<20).map { try #require(node.job("job\($0)").supervisorIdentity()).pid }
            #expect(Set(seen).count == 20)
            #expect(try await comesTrue { node.idleSupervisors().count <= 16 })
            #expect(try await comesTrue { node.idleSupervisors().isEmpty })
            _ = try await agent.submit(JobSpec(id: "late", run: "true"))
            #expect(try await agent.waitForExit(ofJob: "late") == 0)
        }
    }

    @Test("one that is killed while it waits, or is asked to end, is replaced", arguments: [SIGKILL, SIGTERM])
    func killedIdle(signal: Int32) async throws {
        try await withNode { node in
            let agent = try await node.connect()
            for number in 0..<10 {
                _ = try await agent.submit(JobSpec(id: "job\(number)", run: "echo x >> count"))
                #expect(try await agent.waitForExit(ofJob: "job\(number)") == 0)
                for pid in node.idleSupervisors() { kill(pid, signal) }
            }
            #expect(
                try Files.read("\(node.directory)/work/count")
                    == Array(repeating: Array("x\n".utf8), count: 10).flatMap { $0 })
        }
    }

    @Test("a job with its own limit of open files leaves none to those after it")
    func limitedFiles() async throws {
        try await withNode { node in
            let agent = try await node.connect()
            let jobs = [
                JobSpec(id: "before", run: "ulimit -n"),
                JobSpec(id: "limited", run: "ulimit -n", limits: JobLimits(files: 200)),
                JobSpec(id: "after", run: "ulimit -n"),
            ]
            var logs: [String] = []
            for job in jobs {
                _ = try await agent.submit(job)
                #expect(try await agent.waitForExit(ofJob: job.id) == 0)
                logs.append(try await agent.wholeLog(ofJob: job.id))
            }
            #expect(logs[1] == "200\n")
            #expect(logs[2] == logs[0] && logs[0] != logs[1])
        }
    }

    @Test("a kill that comes when its job has just ended does not reach the next")
    func lateKill() async throws {
        try await withNode { node in
            let agent = try await node.connect()
            for number in 0..<30 {
                _ = try await agent.submit(JobSpec(id: "a\(number)", run: "true"))
                async let killed: Void = agent.kill(job: "a\(number)", grace: .zero)
                _ = try await agent.waitForExit(ofJob: "a\(number)")
                _ = try await agent.submit(JobSpec(id: "b\(number)", run: "true"))
                #expect(try await agent.waitForExit(ofJob: "b\(number)") == 0)
                try await killed
            }
        }
    }

    @Test("those that wait go with their agent, however it ends")
    func withAgent() async throws {
        try await withNode { node in
            let agent = try await node.connect()
            _ = try await agent.submit(JobSpec(id: "job", run: "true"))
            #expect(try await agent.waitForExit(ofJob: "job") == 0)
            kill(try #require(node.agentPID), SIGKILL)
            #expect(try await comesTrue { NodeProcesses(directory: node.directory).alive().isEmpty })
        }
    }
}
