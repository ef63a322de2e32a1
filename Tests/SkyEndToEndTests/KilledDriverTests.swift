import FoundationEssentials
import Glibc
import SkyProcess
import SkyTestSupport
import Testing

/// The real driver on real processes, killed over and over.
@Suite("A driver that is killed again and again", .timeLimit(.minutes(10)))
struct KilledDriverTests {
    /// Six stages, each of which appends a line to a file outside its node when it has done its work.
    ///
    /// - Parameter work: seconds that each takes.
    private static func pipeline(ledger: String, work: Double) -> String {
        let names = ["a", "b", "c", "d", "e", "f"]
        let stages = names.enumerated().map { index, name in
            let inputs = index == 0 ? "" : "    inputs: {before: \(names[index - 1]).out}\n"
            let command = index == 0 ? "echo \(name)" : #"cat "$SKY_INPUT_BEFORE"; echo \#(name)"#
            return """
                  \(name):
                    resources: {cpus: 2, memory: 4}
                \(inputs)    outputs: {out: {size: 1KB}}
                    run: |
                      sleep \(work)
                      { \(command); } > "$SKY_OUTPUT_OUT"
                      echo "\(name) $SKY_ATTEMPT" >> "\(ledger)"
                """
        }
        return "name: killed\nstages:\n" + stages.joined(separator: "\n") + "\n"
    }

    /// `SKY_KILLS=100 swift test --filter KilledDriverTests` for a long look.
    private let kills = ProcessInfo.processInfo.environment["SKY_KILLS"].flatMap(Int.init) ?? 30

    @Test("the run succeeds, its artifacts are right, no work that was done is done again, and no process is left")
    func kills() async throws {
        try await SkyUnderTest.use { sky in
            let ledger = "\(sky.home)/ledger"
            // Long enough for all kills to fall into one run, as a rule; what is missing falls into another.
            let file = try sky.write(Self.pipeline(ledger: ledger, work: 0.13 * Double(kills)))
            var random = SeededGenerator(seed: 7)
            var killed = 0
            while killed < kills {
                let launch = try await sky("launch", file, "--yes", "--detach", "--no-cache")
                try #require(launch.exitCode == 0, "\(launch.errors)")
                let run = try sky.runName("killed", in: launch)
                killed += try await drive(run, sky, &random)
                let status = try await sky.status(of: run)
                #expect(status.state == "succeeded")
                #expect(status.stages.allSatisfy { $0.attempts == 1 }, "\(status.stages.map(\.attempts))")
                let lines = try sky.text(of: ledger).split(separator: "\n").map(String.init)
                #expect(lines == ["a", "b", "c", "d", "e", "f"].map { "\($0) 1" })
                try FileManager.default.removeItem(atPath: ledger)
                try await sky.wait("no process of the run is left") { sky.processes.isEmpty }
            }
        }
    }

    /// Until the run has ended; every driver is killed after a moment, and another one picks the run up.
    private func drive(_ run: String, _ sky: SkyUnderTest, _ random: inout SeededGenerator) async throws -> Int {
        var killed = 0
        while try await sky.status(of: run).state != "succeeded" {
            try #require(killed < 500)
            try await Task.sleep(for: .milliseconds(Int.random(in: 0...400, using: &random)))
            for driver in sky.processes(whoseCommandHas: "driver \(run)") {
                _ = kill(driver, SIGKILL)
                killed += 1
            }
        }
        return killed
    }
}
