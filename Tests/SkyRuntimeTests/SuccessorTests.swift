import SkyCore
import SkyProcess
import SkyTestSupport
import Testing

@testable import SkyRuntime

@Suite("Jobs that take over the folder of one that is over")
struct SuccessorTests {
    @Test("find nothing of it, and it is forgotten")
    func takesOver() async throws {
        try await withNode { node in
            let agent = try await node.connect()
            let limits = JobLimits(log: DataSize(bytes: 1 << 20))
            let first = JobSpec(
                id: "first", setup: "echo set up", run: "seq 20000; echo wrong >&2; exit 3", limits: limits,
                needs: JobNeeds(cpus: 1))
            _ = try await agent.submit(first)
            #expect(try await agent.waitForExit(ofJob: "first") == 3)
            var former = "first"
            for number in 0..<5 {
                let job = JobSpec(id: "job\(number)", run: "echo \(number)", successorOf: former)
                _ = try await agent.submit(job)
                #expect(try await agent.submit(job) != .exited(code: 3))
                #expect(try await agent.waitForExit(ofJob: job.id) == 0)
                #expect(try await agent.wholeLog(ofJob: job.id) == "\(number)\n")
                #expect(try await agent.state(ofJob: former) == nil)
                former = job.id
            }
            #expect(Files.names(in: "\(node.directory)/jobs") == ["job4"])
            #expect(!Files.exists(node.job("job4").script("setup")))
        }
    }

    @Test("leave one alone that goes on, or that nobody knows")
    func leavesAlone() async throws {
        try await withNode { node in
            let agent = try await node.connect()
            _ = try await agent.submit(JobSpec(id: "long", run: "while [ ! -e go ]; do sleep 0.01; done; exit 7"))
            for former in ["long", "unknown"] {
                _ = try await agent.submit(JobSpec(id: "after-\(former)", run: "true", successorOf: former))
                #expect(try await agent.waitForExit(ofJob: "after-\(former)") == 0)
            }
            _ = try await agent.submit(JobSpec(id: "go", run: "touch go"))
            #expect(try await agent.waitForExit(ofJob: "long") == 7)
            #expect(Files.names(in: "\(node.directory)/jobs") == ["after-long", "after-unknown", "go", "long"])
        }
    }

    @Test("are made whole where an agent died over them")
    func diedOverIt() async throws {
        try await withTemporaryFolder { folder in
            let node = TestNode(directory: folder)
            // Half of one, in the files of another.
            try JobFolder(path: "\(folder)/next-job").create(JobSpec(id: "old", setup: "exit 9", run: "exit 8"))
            try JobFolder(path: "\(folder)/next-job").recordEnd(JobEnd(code: 4))
            try await node.start()
            let agent = try await node.connect()
            _ = try await agent.submit(JobSpec(id: "j", run: "exit 5", successorOf: "gone"))
            #expect(try await agent.waitForExit(ofJob: "j") == 5)
            #expect(!Files.exists("\(folder)/next-job"))
            try await agent.shutdown(grace: .zero)
        }
    }
}
