import FoundationEssentials
import Glibc
import SkyProcess
import SkyTestSupport
import Testing

/// `sky provider test`, as a person types it.
@Suite("Testing a provider", .timeLimit(.minutes(10)))
struct ProviderTestTests {
    private struct Result: Decodable {
        struct Check: Decodable {
            let id: String
            let kept: Bool
            let message: String?
        }
        let checks: [Check]
    }

    @Test("local, a stand-in and mock keep all of it, and leave nothing", arguments: ["local", "aws", "mock"])
    func kept(provider: String) async throws {
        try await SkyUnderTest.use { sky in
            let answer = try await sky("provider", "test", provider, "--yes", "--output", "json")
            #expect(answer.exitCode == 0, "\(answer.output)\(answer.errors)")
            let result = try JSONDecoder().decode(Result.self, from: Data(answer.output.utf8))
            #expect(result.checks.count >= 11 && result.checks.allSatisfy(\.kept))
            // What made the agents ends a moment after the program that it made them for.
            try await sky.wait("no process is left") { sky.processes.isEmpty }
            #expect(try await sky("gc").exitCode == 0)
        }
    }

    @Test("a test that is killed leaves nothing behind once it is run again")
    func killed() async throws {
        try await SkyUnderTest.use { sky in
            for delay in [20, 100, 300, 700] {
                let process = try ProcessSpawn(
                    sky.binary, ["provider", "test", "local", "--yes"], environment: sky.environment,
                    standardOutput: .null, standardError: .null
                ).start()
                try await Task.sleep(for: .milliseconds(delay))
                process.signal(SIGKILL)
                _ = await process.wait()
            }
            let again = try await sky("provider", "test", "local", "--yes")
            #expect(again.exitCode == 0, "\(again.output)\(again.errors)")
            #expect(!again.output.contains("BROKEN"))
            try await sky.wait("no process is left") { sky.processes.isEmpty }
        }
    }

    @Test("a provider that is not there is named with its nearest")
    func unknown() async throws {
        try await SkyUnderTest.use { sky in
            let answer = try await sky("provider", "test", "locla", "--yes")
            #expect(answer.exitCode == 2)
            #expect(answer.errors.contains("did you mean 'local'?"), "\(answer.errors)")
        }
    }
}
