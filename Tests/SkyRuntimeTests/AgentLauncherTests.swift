import Glibc
import SkyCore
import SkyProcess
import SkyTestSupport
import Testing

@testable import SkyRuntime

@Suite("Agents that are killed before they are ready", .timeLimit(.minutes(5)))
struct AgentLauncherTests {
    /// A launcher whose agent kills itself in its first starts and counts them.
    private func withLauncher(
        killedAtFirst kills: Int, _ body: (AgentLauncher, TestNode, _ starts: () throws -> Int) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let program = "\(folder)/agent"
            try await writeProgram(
                program,
                """
                #!/bin/sh
                echo start >> "\(folder)/starts"
                [ "$(wc -l < "\(folder)/starts")" -gt \(kills) ] || kill -9 $$
                exec "\(try TestNode.executable)" "$@"

                """)
            try Files.makeFolder("\(folder)/node")
            let node = TestNode(directory: "\(folder)/node")
            try await body(AgentLauncher(executable: program), node) {
                String(decoding: try #require(try Files.read("\(folder)/starts")), as: UTF8.self).count { $0 == "\n" }
            }
            _ = try? await node.connect().shutdown(grace: .zero)
        }
    }

    @Test("are started again")
    func again() async throws {
        try await withLauncher(killedAtFirst: 4) { launcher, node, starts in
            try await launcher.start(directory: node.directory)
            try #expect(starts() == 5)
            let agent = try await node.connect()
            _ = try await agent.submit(JobSpec(id: "job", run: "exit 7"))
            #expect(try await agent.waitForExit(ofJob: "job") == 7)
        }
    }

    @Test("but not for ever, and the error names how they ended")
    func notForEver() async throws {
        try await withLauncher(killedAtFirst: 1000) { launcher, node, starts in
            let error = await #expect(throws: AgentError.self) { try await launcher.start(directory: node.directory) }
            let text = "\(try #require(error))"
            #expect(text.hasSuffix("it ended with 137"))
            try #expect(starts() == 5)
        }
    }
}
