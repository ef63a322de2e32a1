import Testing

/// What only two processes can show of the simulator.
@Suite(.serialized, .timeLimit(.minutes(5))) struct SimulationTests {
    @Test("two processes write the same journals byte for byte for one seed")
    func sameAcrossProcesses() async throws {
        try await SkyUnderTest.use { sky in
            func journal() async throws -> String {
                let answer = try await sky(
                    "simulate", "pipelines/hello/pipeline.yaml", "--seed", "11", "--runs", "3", "--journal")
                try #require(answer.exitCode == 0, "\(answer.errors)")
                return answer.output
            }
            let first = try await journal()
            #expect(first.split(separator: "\n").count > 30)
            #expect(try await journal() == first)
        }
    }
}
