import FoundationEssentials
import Glibc
import SkyProcess
import SkyTestSupport
import Testing

/// A small one of `Benchmarks/crowd.py`.
@Suite("Runs launched at the same moment", .timeLimit(.minutes(15)))
struct CrowdTests {
    private let count = ProcessInfo.processInfo.environment["SKY_CROWD"].flatMap(Int.init) ?? 24

    @Test("from as many shells all finish, each stage in its first try, and nobody hears of a locked journal")
    func crowd() async throws {
        try await SkyUnderTest.use { sky in
            let answers = try await withThrowingTaskGroup(of: SkyUnderTest.Answer.self) { shells in
                for number in 0..<count {
                    let file = try sky.write(
                        """
                        name: crowd
                        stages:
                          one:
                            resources: {infra: local, cpus: 1+}
                            outputs: {out: {size: 1KB}}
                            run: echo \(number) > "$SKY_OUTPUT_OUT"
                          two:
                            inputs: {out: one.out}
                            resources: {infra: local, cpus: 1+}
                            run: cat "$SKY_INPUT_OUT" >> "\(sky.home)/ledger"
                        """, as: "crowd-\(number).yaml")
                    shells.addTask { try await sky("launch", file, "--yes") }
                }
                return try await shells.reduce(into: []) { $0.append($1) }
            }
            for answer in answers {
                #expect(answer.exitCode == 0, "\(answer.errors)")
                #expect(!answer.errors.contains("locked") && !answer.errors.contains("writing to the journal"))
            }
            let status = try await sky("status", "--output", "json")
            let runs = try JSONDecoder().decode(StatusList.self, from: Data(status.output.utf8)).runs
            #expect(runs.count == count && runs.allSatisfy { $0.state == "succeeded" })
            #expect(runs.flatMap(\.stages).allSatisfy { $0.attempts == 1 })
            let lines = try sky.text(of: "\(sky.home)/ledger").split(separator: "\n").compactMap { Int($0) }
            #expect(lines.sorted() == Array(0..<count))
            for run in runs {
                let log = try sky.text(of: "\(sky.home)/state/runs/\(run.run)/driver.log")
                #expect(!log.contains("locked") && !log.contains("writing to the journal"), "\(log)")
            }
            try await sky.wait("no process is left") { sky.processes.isEmpty }
        }
    }
}
