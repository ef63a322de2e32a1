import Glibc
import SkyCore
import SkyProcess
import SkyTestSupport
import Testing

@testable import SkyRuntime

@Suite("A node that is taken away by a signal")
struct TakenNodeTests {
    @Test("ends its jobs, and says of them that they were cut short")
    func taken() async throws {
        try await withTemporaryFolder { folder in
            let directory = "\(folder)/node"
            let agent = try ProcessSpawn(
                TestNode.executable, ["serve", "--dir", directory, "--ends-by-signal"], leadership: .session,
                standardOutput: .null, standardError: .null
            ).start()
            let client = try await eventually { try? await AgentClient(connectingTo: directory) }
            // It takes its time, and says at last that all went well.
            _ = try await client.submit(
                JobSpec(id: "job", run: "trap 'sleep 0.3; exit 0' TERM; echo up; while :; do sleep 0.05; done"))
            try await eventually { try await client.wholeLog(ofJob: "job", follow: false).contains("up") }
            agent.signal(SIGTERM)
            do {
                let code = try await client.waitForExit(ofJob: "job")
                Issue.record("the job ended with \(code)")
            } catch let error as AgentError { #expect(error.kind == .ending, "\(error)") }
            #expect(await agent.wait().shellCode == 0)
            #expect(LeaseFile(folder: directory).cutShort("job"))
        }
    }
}
