import FoundationEssentials
import Glibc
import SkyProcess
import SkyTestSupport
import Testing

/// The built `sky`, with a home of its own that is gone afterwards, and every process it left in it.
struct SkyUnderTest: Sendable {
    let home: String
    let repository: String
    let binary: String
    /// What `sky` is started by, if not directly.
    private var entry: [String] = []

    private(set) var variables: [String: String] = [:]

    /// The same, with more variables for all that it starts.
    func with(_ variables: [String: String]) -> SkyUnderTest {
        var other = self
        other.variables = variables
        return other
    }

    /// The same, seen by commands that are started by `entry`.
    func entering(_ entry: [String]) -> SkyUnderTest {
        var other = self
        other.entry = entry
        return other
    }

    static func use<Result>(_ body: (SkyUnderTest) async throws -> Result) async throws -> Result {
        try await withTemporaryFolder { home in
            let sky = try SkyUnderTest(home: home)
            do {
                let result = try await body(sky)
                await sky.endEverything()
                return result
            } catch {
                await sky.endEverything()
                throw error
            }
        }
    }

    private init(home: String) throws {
        self.home = home
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        repository = tests.deletingLastPathComponent().path
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        // Optimised code may be wrong where other code is not: SKY_TEST_BINARY=$PWD/.build/release/sky tests that.
        let other = ProcessInfo.processInfo.environment["SKY_TEST_BINARY"].map { URL(filePath: $0).path }
        binary = other ?? URL(filePath: own).deletingLastPathComponent().appending(path: "sky").path
        try #require(FileManager.default.isExecutableFile(atPath: binary), "no \(binary)")
        // All homes share what was made of the catalog once: a debug build takes seconds for it.
        let cache = URL(filePath: own).deletingLastPathComponent().appending(path: "end-to-end-cache").path
        try FileManager.default.createDirectory(atPath: cache, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: "\(home)/cache", withDestinationPath: cache)
    }

    struct Answer: Sendable {
        let exitCode: Int
        let output: String
        let errors: String
    }

    var environment: [String: String] {
        var all = ProcessInfo.processInfo.environment.merging(variables) { _, own in own }
        all["SKY_HOME"] = home
        all["SKY_ROOT"] = repository
        all["NO_COLOR"] = "1"
        return all
    }

    /// Runs `sky` with these arguments to its end.
    func callAsFunction(_ arguments: String...) async throws -> Answer {
        entry.isEmpty
            ? try await run(binary, arguments) : try await run("/usr/bin/env", entry + [binary] + arguments)
    }

    func run(_ executable: String, _ arguments: [String]) async throws -> Answer {
        let name = "\(home)/call-\(UInt32.random(in: 0 ... .max))"
        let process = try ProcessSpawn(
            executable, arguments, environment: environment, workingDirectory: repository,
            standardOutput: .append(path: "\(name).out"), standardError: .append(path: "\(name).err")
        ).start()
        let end = await process.wait()
        return Answer(exitCode: end.shellCode, output: try text(of: "\(name).out"), errors: try text(of: "\(name).err"))
    }

    func text(of path: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
    }

    /// A file with this text in the home.
    func write(_ text: String, as name: String = "pipeline.yaml") throws -> String {
        let path = "\(home)/\(name)"
        try Data(text.utf8).write(to: URL(filePath: path))
        return path
    }

    /// The run that a launch told of.
    func runName(_ pipeline: String, in answer: Answer) throws -> String {
        let name = try Regex("\(pipeline)-[2-9b-z]{4}")
        let text = answer.output + answer.errors
        return String(text[try #require(text.firstMatch(of: name), "\(text)").range])
    }

    /// The processes that belong to this home: drivers, agents and supervisors, and jobs with all that they started.
    var processes: [ProcessStatus] {
        ProcessTable.withVariable("SKY_HOME") { $0 == home }
            + ProcessTable.withVariable("SKY_JOB_DIR") { $0.hasPrefix("\(home)/") }
    }

    /// Those whose arguments, joined by blanks, contain `text`, and that are no shell unless `text` is a script's name.
    func processes(whoseCommandHas text: String) -> [Int32] {
        processes.map(\.pid).filter { pid in
            let bytes = (try? Files.read("/proc/\(pid)/cmdline")) ?? nil
            let command = String(decoding: (bytes ?? []).map { $0 == 0 ? UInt8(ascii: " ") : $0 }, as: UTF8.self)
            return command.contains(text) && (text.hasSuffix(".sh") || !command.hasPrefix("/bin/sh"))
        }
    }

    /// Kills those at once, unasked.
    ///
    /// - Returns: how many there were.
    func kill(whoseCommandHas text: String) -> Int {
        processes(whoseCommandHas: text).count { Glibc.kill($0, SIGKILL) == 0 }
    }

    /// Agents alone: supervisors are copies of them under another name.
    func killAgents() -> Int {
        processes.map(\.pid).count { pid in
            let name = ((try? Files.read("/proc/\(pid)/comm")) ?? nil) ?? []
            return String(decoding: name, as: UTF8.self) == "sky-agent\n" && Glibc.kill(pid, SIGKILL) == 0
        }
    }

    func status(of run: String) async throws -> RunStatus {
        let answer = try await self("status", run, "--output", "json")
        try #require(answer.exitCode == 0, "\(answer.errors)")
        let list = try JSONDecoder().decode(StatusList.self, from: Data(answer.output.utf8))
        return try #require(list.runs.first)
    }

    /// Asks again and again, for five minutes at most, until `condition` holds.
    func wait(_ what: String, until condition: () async throws -> Bool) async throws {
        let clock = ContinuousClock()
        let end = clock.now.advanced(by: .seconds(300))
        while clock.now < end {
            let begun = clock.now
            if try await condition() { return }
            // Most looks are a command of `sky`: many tests that look all the time would leave nothing to what they look at.
            let look = clock.now - begun
            try await Task.sleep(for: max(.milliseconds(50), min(look, .milliseconds(500))))
        }
        Issue.record("waited five minutes in vain: \(what)")
        throw CancellationError()
    }

    /// A copy of the support-tickets pipeline whose training says `waiting` and begins when there is a file `go`, on machines that
    /// are not taken back.
    func supportTickets(trainingWaitsFor go: String) throws -> String {
        let path = try supportTickets(port: try #require(freePort()))
        let text = try text(of: path)
            .replacing("use_spot: true ", with: "use_spot: false")
            .replacing(
                "run: python3 train.py",
                with: "run: echo waiting; until [ -e \(go) ]; do sleep 0.1; done; python3 train.py")
        try Data(text.utf8).write(to: URL(filePath: path))
        return path
    }

    /// A copy of the support-tickets pipeline that serves at that port: tests side by side share this machine, and what
    /// plays a rented machine in them has no ports of its own.
    func supportTickets(port: Int) throws -> String {
        let path = "\(try copy(ofPipeline: "support-tickets"))/pipeline.yaml"
        let text = try text(of: path)
        try #require(text.contains("port: 8080 "))
        try Data(text.replacing("port: 8080 ", with: "port: \(port) ").utf8).write(to: URL(filePath: path))
        return path
    }

    /// A copy of a pipeline's folder that a test may edit.
    func copy(ofPipeline name: String) throws -> String {
        let copy = "\(home)/\(name)"
        try FileManager.default.copyItem(atPath: "\(repository)/pipelines/\(name)", toPath: copy)
        return copy
    }

    /// - Parameter withRuns: the folders of runs too, so that nothing says that there ever was a journal.
    func loseJournal(withRuns: Bool) throws {
        for name in Files.names(in: "\(home)/state") where name.hasPrefix("journal") {
            unlink("\(home)/state/\(name)")
        }
        if withRuns { try FileManager.default.removeItem(atPath: "\(home)/state/runs") }
    }

    private func endEverything() async {
        for process in processes { _ = Glibc.kill(process.pid, SIGKILL) }
        for _ in 0..<3000 {
            if processes.isEmpty { return }
            try? await Task.sleep(for: .milliseconds(20))
        }
    }
}

struct StatusList: Decodable { let runs: [RunStatus] }

struct RunStatus: Decodable {
    let run: String
    let state: String
    let cost_usd: String
    let stages: [StageStatus]

    func stage(_ name: String) throws -> StageStatus { try #require(stages.first { $0.stage == name }) }
}

struct StageStatus: Decodable {
    let stage: String
    let state: String
    let provider: String?
    let region: String?
    let instance_type: String?
    let attempts: Int
    let url: String?
    let reused_from: String?
    let message: String?
}
