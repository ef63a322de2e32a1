import FoundationEssentials
import Glibc
import SkyProcess
import SkyTestSupport
import Testing

/// What is rented is found and given back with no journal at hand.
@Suite("Without a journal", .timeLimit(.minutes(10)))
struct GarbageTests {
    private struct Garbage: Decodable {
        struct Group: Decodable {
            let token: String
            let run: String
            let why: String
            let removed: Bool
        }
        let groups: [Group]
    }

    private func garbage(_ sky: SkyUnderTest, _ more: String..., status: Int) async throws -> [Garbage.Group] {
        let answer = try await sky.run(sky.binary, ["gc", "--output", "json"] + more)
        #expect(answer.exitCode == status, "\(answer.output)\(answer.errors)")
        return try JSONDecoder().decode(Garbage.self, from: Data(answer.output.utf8)).groups
    }

    /// Launches a stage that never ends, and waits until it has begun.
    private func launch(_ sky: SkyUnderTest, _ name: String) async throws -> String {
        let file = try sky.write(
            """
            name: \(name)
            stages:
              nap:
                resources: {infra: local, cpus: 1+}
                run: exec sleep 100000
            """, as: "\(name).yaml")
        let launch = try await sky("launch", file, "--yes", "--detach")
        try #require(launch.exitCode == 0, "\(launch.output)\(launch.errors)")
        let run = try sky.runName(name, in: launch)
        try await sky.wait("the stage runs") { try await sky.status(of: run).stage("nap").state == "running" }
        return run
    }

    /// As a disk does that breaks: the brokers are gone, and so is all that they knew.
    private func loseJournal(_ sky: SkyUnderTest, withRuns: Bool = false) async throws {
        let drivers = sky.processes(whoseCommandHas: " driver ")
        for pid in drivers { kill(pid, SIGKILL) }
        try await sky.wait("the drivers are dead") { !drivers.contains(where: ProcessTable.isAlive) }
        try sky.loseJournal(withRuns: withRuns)
    }

    @Test("gc leaves live runs alone, and gives back what no journal knows")
    func collect() async throws {
        try await SkyUnderTest.use { sky in
            let lost = try await launch(sky, "lost")
            #expect(try await garbage(sky, "--yes", status: 0).isEmpty)
            try await loseJournal(sky, withRuns: true)
            let live = try await launch(sky, "live")
            let found = try await garbage(sky, status: 1)
            #expect(found.map(\.run) == [lost])
            #expect(found.map(\.why) == ["unknown"] && found.allSatisfy { !$0.removed })
            let removed = try await garbage(sky, "--yes", status: 0)
            #expect(removed.map(\.token) == ["\(lost)--nap--1"] && removed.allSatisfy(\.removed))
            #expect(try await garbage(sky, status: 0).isEmpty)
            #expect(try await sky.status(of: live).stage("nap").state == "running")
            let down = try await sky("down", live, "--yes")
            #expect(down.exitCode == 0, "\(down.errors)")
            try await sky.wait("nothing runs") { sky.processes(whoseCommandHas: "sleep 100000").isEmpty }
        }
    }

    @Test("a lost journal's runs are rebuilt, shown, left alone by gc, and given back by down")
    func rebuild() async throws {
        try await SkyUnderTest.use { sky in
            let run = try await launch(sky, "lost")
            try await loseJournal(sky)
            let refused = try await sky("status")
            #expect(refused.exitCode == 2 && refused.errors.contains("sky state rebuild"), "\(refused.errors)")
            for _ in 1...2 {
                let rebuild = try await sky("state", "rebuild")
                #expect(rebuild.exitCode == 0, "\(rebuild.errors)")
                #expect(rebuild.output.contains(run) && rebuild.output.contains("rebuilt"))
            }
            let status = try await sky.status(of: run)
            #expect(status.state == "rebuilt")
            #expect(try status.stage("nap").provider == "local")
            #expect(try await sky("status").output.contains("rebuilt"))
            #expect(try await garbage(sky, "--yes", status: 0).isEmpty)
            #expect(!sky.processes(whoseCommandHas: "sleep 100000").isEmpty)
            let down = try await sky("down", run, "--yes")
            #expect(down.exitCode == 0, "\(down.errors)")
            #expect(sky.processes.isEmpty)
            #expect(try await sky("status", run).exitCode == 2)
        }
    }
}
