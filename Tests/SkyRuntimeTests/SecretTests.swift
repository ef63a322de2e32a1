import SkyCore
import SkyProcess
import SkyTestSupport
import Testing

@testable import SkyRuntime

@Suite("secrets of jobs", .timeLimit(.minutes(5)))
struct SecretTests {
    private func secrets(_ node: TestNode, _ job: String) -> String { "\(node.directory)/jobs/\(job)/secrets" }

    @Test("a job knows its secrets, and no file of the node does once it has ended well")
    func forgotten() async throws {
        try await withAgent { node, agent in
            let job = JobSpec(
                id: "j", run: "echo ${#TOKEN} $A; until [ -e ../go ]; do sleep 0.01; done", environment: ["A": "plain"],
                secrets: ["TOKEN": "hush hush", "A": "hidden"])
            _ = try await agent.submit(job)
            for try await chunk in agent.logs(ofJob: "j", from: 0, follow: true) {
                #expect(String(decoding: chunk.bytes, as: UTF8.self) == "9 plain\n")
                break
            }
            #expect(try node.job("j").loadSpec() == job)
            let bytes = try Files.read("\(node.directory)/jobs/j/job.json") ?? []
            let specification = String(decoding: bytes, as: UTF8.self)
            #expect(specification.contains("plain") && !specification.contains("hush"))
            try Files.put("\(node.directory)/go", [])
            #expect(try await agent.waitForExit(ofJob: "j") == 0)
            #expect(!Files.exists(secrets(node, "j")))
            #expect(try await agent.submit(job) == .exited(code: 0), "and it is the same job still")
        }
    }

    @Test("after a failure they stay with the node, so that people find the job's surroundings")
    func kept() async throws {
        try await withAgent { node, agent in
            _ = try await agent.submit(JobSpec(id: "j", run: "exit 3", secrets: ["TOKEN": "hush"]))
            #expect(try await agent.waitForExit(ofJob: "j") == 3)
            #expect(Files.exists(secrets(node, "j")))
            _ = try await agent.submit(BesideRequest(id: "b", like: "j", run: "test $TOKEN = hush"))
            #expect(try await agent.waitForExit(ofJob: "b") == 0)
            #expect(!Files.exists(secrets(node, "b")))
        }
    }

    @Test("a job that is made in the folder of one that has failed finds none of its secrets")
    func successor() async throws {
        try await withAgent { node, agent in
            _ = try await agent.submit(JobSpec(id: "a", run: "exit 3", secrets: ["TOKEN": "hush"]))
            _ = try await agent.waitForExit(ofJob: "a")
            #expect(Files.exists(secrets(node, "a")))
            var next = JobSpec(id: "b", run: "echo [$TOKEN]")
            next.successorOf = "a"
            _ = try await agent.submit(next)
            #expect(try await agent.wholeLog(ofJob: "b") == "[]\n")
            #expect(!Files.exists(secrets(node, "a")) && !Files.exists(secrets(node, "b")))
        }
    }

    @Test("an agent gets none of a person's keys from whoever starts it")
    func agentsVariables() {
        let all = [
            "PATH": "/bin", "HOME": "/h", "SKY_HOME": "/s", "AWS_SECRET_ACCESS_KEY": "k", "HF_TOKEN": "t",
            "SKY_HANDED_ON": "CUDA_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES": "1",
        ]
        let kept = AgentCommand.environment(from: all)
        #expect(Set(kept.keys) == ["PATH", "HOME", "SKY_HOME", "SKY_HANDED_ON", "CUDA_VISIBLE_DEVICES"])
    }
}
