import Glibc
import SkyCore
import SkyProcess
import Testing

@testable import SkyRuntime

@Suite("limits of jobs", .timeLimit(.minutes(5)))
struct LimitTests {
    @Test("a job whose time is over ends with all that it has started, however that hid, and says why")
    func time() async throws {
        try await withAgent { node, agent in
            // In the background, in a session of its own, and its parents are gone.
            let command = """
                setsid sh -c 'sh -c "trap \\"\\" TERM; echo > there; while :; do sleep 0.05; done" & exit 0' &
                while [ ! -e there ]; do sleep 0.01; done
                sleep 1000
                """
            let limits = JobLimits(time: .seconds(5))
            let job = JobSpec(id: "j", run: command, limits: limits)
            _ = try await agent.submit(job)
            #expect(try await agent.waitForEnd(ofJob: "j") == JobEnd(code: 143, exceeded: .time))
            #expect(Files.exists("\(node.directory)/work/there"))
            #expect(node.survivors() == [node.agentPID])
            #expect(try await agent.submit(job) == .exited(code: 143, exceeded: .time))
        }
    }

    @Test("time counts over setup and run together, and one that ends well after its time has not done so")
    func timeOfBoth() async throws {
        try await withAgent { _, agent in
            let setup = "trap 'exit 0' TERM; while :; do sleep 0.02; done"
            let limits = JobLimits(time: TimeSpan(milliseconds: 300))
            _ = try await agent.submit(JobSpec(id: "j", setup: setup, run: "echo run", limits: limits))
            #expect(try await agent.waitForEnd(ofJob: "j") == JobEnd(code: 143, exceeded: .time))
            #expect(try await !agent.wholeLog(ofJob: "j").contains("run"))
        }
    }

    @Test("a job that is done in time, or killed before, has exceeded nothing")
    func inTime() async throws {
        try await withAgent { _, agent in
            let limits = JobLimits(time: .hour, memory: DataSize("1GB"))
            _ = try await agent.submit(JobSpec(id: "done", run: "exit 3", limits: limits))
            #expect(try await agent.waitForEnd(ofJob: "done") == JobEnd(code: 3))
            _ = try await agent.submit(JobSpec(id: "killed", run: "sleep 1000", limits: limits))
            try await agent.kill(job: "killed", grace: .seconds(60))
            #expect(try await agent.waitForEnd(ofJob: "killed") == JobEnd(code: 143))
        }
    }

    @Test("its supervisor keeps the time while no agent is there, and the next one hears of it")
    func withoutAgent() async throws {
        try await withNode { node in
            let agent = try await node.connect()
            let limits = JobLimits(time: TimeSpan(milliseconds: 500))
            _ = try await agent.submit(JobSpec(id: "j", run: "sleep 1000", limits: limits))
            _ = try await node.supervisor(of: "j")
            try await node.killAgent()
            try await eventually { node.job("j").end() != nil }
            try await node.start()
            let next = try await node.connect()
            #expect(try await next.waitForEnd(ofJob: "j") == JobEnd(code: 143, exceeded: .time))
        }
    }

    @Test("a job whose processes together have more memory than they may is ended")
    func memory() async throws {
        try await withAgent { node, agent in
            // Twice 48 MB, in two processes. The last command is none that the shell could become, and so forget them.
            let hog = "x=$(head -c 48000000 /dev/zero | tr '\\0' x); echo ready; sleep 1000; echo $x"
            let command = "(\(hog)) & (\(hog)) & wait"
            _ = try await agent.submit(
                JobSpec(id: "hog", run: command, limits: JobLimits(memory: DataSize("64MB"))))
            #expect(try await agent.waitForEnd(ofJob: "hog") == JobEnd(code: 137, exceeded: .memory))
            _ = try await agent.submit(
                JobSpec(
                    id: "good", run: "x=$(head -c 8000000 /dev/zero | tr '\\0' x); sleep 0.5; exit 4",
                    limits: JobLimits(memory: DataSize("64MB"))))
            #expect(try await agent.waitForEnd(ofJob: "good") == JobEnd(code: 4))
            #expect(node.survivors() == [node.agentPID])
        }
    }

    @Test("a job finds the limits and the mask that are said, and no descriptor of the agent's")
    func surroundings() async throws {
        try await withAgent { _, agent in
            let command = "ulimit -n; ulimit -Hn; ulimit -c; umask; exec ls /proc/self/fd"
            _ = try await agent.submit(JobSpec(id: "j", run: command, limits: JobLimits(files: 128)))
            let lines = try await agent.wholeLog(ofJob: "j").split(separator: "\n").map(String.init)
            #expect(lines.prefix(4) == ["128", "128", "0", "0022"])
            // The last is the folder that ls reads.
            #expect(lines.dropFirst(4) == ["0", "1", "2", "3"])
        }
    }

    @Test(
        "a job with a limit that cannot be is refused",
        arguments: [
            JobLimits(time: .zero), JobLimits(memory: .zero), JobLimits(files: 3),
        ])
    func refused(limits: JobLimits) async throws {
        try await withAgent { _, agent in
            let error = await #expect(throws: AgentError.self) {
                try await agent.submit(JobSpec(id: "j", run: "true", limits: limits))
            }
            #expect(error?.kind == .refused && error?.message.contains("a job needs") == true)
        }
    }

    @Test("an end is read as it was written", arguments: [JobEnd(code: 0), JobEnd(code: 137, exceeded: .memory)])
    func texts(end: JobEnd) {
        #expect(JobEnd(end.text) == end)
        #expect(JobEnd("143 boredom") == nil && JobEnd("") == nil && JobEnd("????") == nil)
    }
}
