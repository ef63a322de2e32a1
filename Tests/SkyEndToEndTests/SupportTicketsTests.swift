import FoundationEssentials
import Glibc
import SkyProcess
import Testing

/// The pipeline of the README, through the built binary, from raw tickets to a service that answers.
@Suite(.serialized, .timeLimit(.minutes(5))) struct SupportTicketsTests {
    @Test("three clouds, one command: trained, served, nothing personal handed on, and all given back")
    func wholeLife() async throws {
        try await SkyUnderTest.use { sky in
            let launch = try await sky("launch", "pipelines/support-tickets/pipeline.yaml", "--yes")
            try #require(launch.exitCode == 0, "\(launch.output)\(launch.errors)")
            let run = try sky.runName("support-tickets", in: launch)
            let status = try await sky.status(of: run)
            #expect(status.state == "serving")
            #expect(try status.stages.map { try #require($0.provider) } == ["azure", "gcp", "aws"])
            #expect(try status.stage("preprocess").instance_type?.contains("DC") == true)
            #expect(try status.stage("serve").instance_type?.hasPrefix("inf2") == true)

            try await checkAccuracy(sky, run)
            try await checkService(sky, url: try #require(try status.stage("serve").url))
            try await checkPrivacy(sky)

            let down = try await sky("down", run, "--yes")
            #expect(down.exitCode == 0, "\(down.errors)")
            #expect(sky.processes.isEmpty, "left: \(sky.processes)")
            #expect(try await sky.status(of: run).state == "succeeded")
            #expect(Files.names(in: "\(sky.home)/state/nodes/aws").allSatisfy { $0.hasPrefix(".") })
        }
    }

    private func checkAccuracy(_ sky: SkyUnderTest, _ run: String) async throws {
        let logs = try await sky("logs", run, "train")
        let match = try #require(logs.output.firstMatch(of: /accuracy ([0-9.]+).*baseline ([0-9.]+)/), "\(logs.output)")
        let (accuracy, baseline) = (try #require(Double(match.1)), try #require(Double(match.2)))
        #expect(accuracy > 0.9)
        #expect(accuracy > baseline + 0.3)
    }

    private func checkService(_ sky: SkyUnderTest, url: String) async throws {
        let ticket = #"{"text": "I was charged twice on my invoice, please refund the payment"}"#
        let answer = try await sky.run("/usr/bin/curl", ["-sS", "-d", ticket, "\(url)/classify"])
        #expect(answer.exitCode == 0, "\(answer.errors)")
        #expect(answer.output.contains(#""category""#), "\(answer.output)")
    }

    /// What `train` reads is in the store of its region: nothing that the generator planted may stand in any of it.
    private func checkPrivacy(_ sky: SkyUnderTest) async throws {
        let made = try await sky.run(
            "/usr/bin/env", ["python3", "\(sky.repository)/pipelines/support-tickets/make_tickets.py", "--planted"])
        let planted = try JSONDecoder().decode(Planted.self, from: Data(made.output.utf8))
        #expect(planted.strings.count > 1000)
        let files = try filesBelow("\(sky.home)/state/stores/gcp")
        let texts = try files.map { String(decoding: try Data(contentsOf: URL(filePath: $0)), as: UTF8.self) }
        #expect(texts.contains { $0.contains("[NAME]") && $0.contains("[EMAIL]") }, "no tickets in the store")
        for text in texts {
            let words = Set(text.split { !$0.isLetter && $0 != "'" && $0 != "-" }.map(String.init))
            let found = planted.strings.filter { strstr(text, $0) != nil } + planted.words.filter(words.contains)
            #expect(found.isEmpty, "handed on: \(found.prefix(5))")
        }
    }

    private func filesBelow(_ folder: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: folder).map { "\(folder)/\($0)" }
            .filter { !Files.isFolder($0) }
    }

    @Test("a word changed in train.py: preprocess is found by its digest and not run again")
    func reuse() async throws {
        try await SkyUnderTest.use { sky in
            let pipeline = try sky.copy(ofPipeline: "support-tickets")
            let first = try await sky("launch", "\(pipeline)/pipeline.yaml", "--yes")
            try #require(first.exitCode == 0, "\(first.errors)")
            let firstRun = try sky.runName("support-tickets", in: first)
            let script = try sky.text(of: "\(pipeline)/train.py") + "\n# changed\n"
            try Data(script.utf8).write(to: URL(filePath: "\(pipeline)/train.py"))
            let second = try await sky("launch", "\(pipeline)/pipeline.yaml", "--yes")
            try #require(second.exitCode == 0, "\(second.errors)")
            let status = try await sky.status(of: try sky.runName("support-tickets", in: second))
            #expect(try status.stage("preprocess").reused_from == firstRun)
            #expect(try status.stage("preprocess").attempts == 0)
            #expect(try status.stage("train").reused_from == nil)
            #expect(try status.stage("train").attempts == 1)
            for run in [firstRun, status.run] { _ = try await sky("down", run, "--yes") }
        }
    }

    @Test("the driver is killed while it trains: resume finishes the run, and nothing is done twice")
    func killedDriver() async throws {
        try await SkyUnderTest.use { sky in
            let go = "\(sky.home)/go"
            let pipeline = try sky.supportTickets(trainingWaitsFor: go)
            let launch = try await sky("launch", pipeline, "--yes", "--detach")
            try #require(launch.exitCode == 0, "\(launch.output)\(launch.errors)")
            let run = try sky.runName("support-tickets", in: launch)
            try await sky.wait("train runs") { try await sky.status(of: run).stage("train").state == "running" }
            let drivers = sky.processes(whoseCommandHas: "driver \(run)")
            try #require(drivers.count == 1)
            for driver in drivers { _ = kill(driver, SIGKILL) }
            try Files.replace(go, with: [], durability: .processes)
            let resume = try await sky("resume", run)
            #expect(resume.exitCode == 0, "\(resume.errors)")
            try await sky.wait("it serves") { try await sky.status(of: run).state == "serving" }
            let status = try await sky.status(of: run)
            #expect(try status.stage("preprocess").attempts == 1)
            #expect(try status.stage("train").attempts == 1)
            #expect(sky.processes(whoseCommandHas: "python3 train.py").isEmpty)
            let log = try await sky("logs", run, "train")
            #expect(log.output.matches(of: /held-out accuracy/).count == 1)
            #expect(log.output.matches(of: /waiting/).count == 1)
            _ = try await sky("down", run, "--yes")
            try await sky.wait("no process of the run is left") { sky.processes.isEmpty }
        }
    }
}

/// What the generator planted.
private struct Planted: Decodable {
    /// Must not stand anywhere.
    let strings: [String]
    /// Parts of names: must not stand as words.
    let words: [String]

    init(from decoder: any Decoder) throws {
        var kinds = try decoder.singleValueContainer().decode([String: [String]].self)
        words = kinds.removeValue(forKey: "name_parts") ?? []
        strings = kinds.values.flatMap { $0 }
    }
}
