import FoundationEssentials
import Testing

/// A pipeline of six stages, one after the other, each of which appends a line to a file outside its node when it has done
/// its work.
struct Chain: Sendable {
    static let stages = ["a", "b", "c", "d", "e", "f"]

    private let sky: SkyUnderTest
    private let name: String
    private let text: String
    /// Where stages write what they have done.
    private let ledger: String
    /// The last stage waits for this file, so that no run is over before harm was done to it.
    private let leave: String

    /// - Parameters:
    ///   - work: shell that each stage runs before it says that it is done.
    ///   - rules: more lines of each stage.
    ///   - infra: where they run.
    ///   - head: more lines of the pipeline.
    init(
        _ sky: SkyUnderTest, name: String, work: String, rules: String = "", infra: String = "local", head: String = ""
    ) {
        self.sky = sky
        self.name = name
        let path = "\(sky.home)/\(name).ledger"
        let leave = "\(path).go"
        (ledger, self.leave) = (path, leave)
        let stages = Self.stages.enumerated().map { index, stage in
            let inputs = index == 0 ? "" : "    inputs: {before: \(Self.stages[index - 1]).out}\n"
            let before = index == 0 ? "" : #"cat "$SKY_INPUT_BEFORE"; "#
            let isLast = index == Self.stages.count - 1
            let patience = isLast ? "for i in $(seq 6000); do [ -e '\(leave)' ] && break; sleep 0.05; done" : ":"
            return """
                  \(stage):
                    resources: {infra: \(infra), cpus: 1+}
                \(rules)\(inputs)    outputs: {out: {size: 1KB}}
                    run: |
                      \(work)
                      \(patience)
                      until { \(before)echo \(stage); } > "$SKY_OUTPUT_OUT"; do sleep 0.2; done
                      echo "\(stage) $SKY_ATTEMPT" >> "\(path)"
                """
        }
        text = "name: \(name)\n\(head)stages:\n" + stages.joined(separator: "\n") + "\n"
    }

    /// Begins a run that finds nothing done before, with an empty ledger.
    func launch() async throws -> String {
        for file in [ledger, leave] { try? FileManager.default.removeItem(atPath: file) }
        let file = try sky.write(text, as: "\(name).yaml")
        let launch = try await sky("launch", file, "--yes", "--detach", "--no-cache")
        try #require(launch.exitCode == 0, "\(launch.output)\(launch.errors)")
        return try sky.runName(name, in: launch)
    }

    /// Does `harm` again and again until the run has ended; gives the sum of what it says.
    func follow(_ run: String, _ harm: () async throws -> Int) async throws -> Int {
        var sum = 0
        for _ in 0..<5000 {
            let state = try await sky.status(of: run).state
            if state != "running" {
                let screen = try await sky("status", run).output
                try #require(state == "succeeded", "\(screen)")
                return sum
            }
            sum += try await harm()
            _ = try sky.write("", as: "\(name).ledger.go")
        }
        Issue.record("the run does not end")
        throw CancellationError()
    }

    func lines() throws -> [String] { try sky.text(of: ledger).split(separator: "\n").map(String.init) }

    /// Every stage has done its work just once, in its only try.
    func expectWorkDoneOnce(in status: RunStatus) async throws {
        let isDoneOnce = status.stages.allSatisfy { $0.attempts == 1 }
        let history = isDoneOnce ? "" : try await sky("events", status.run).output
        #expect(isDoneOnce, "\(history)")
        #expect(try lines() == Self.stages.map { "\($0) 1" })
    }
}
