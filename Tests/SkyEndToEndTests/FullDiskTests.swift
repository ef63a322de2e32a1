import FoundationEssentials
import Glibc
import SkyTestSupport
import Testing

/// The journal, the stores and the nodes on a disk that is full again and again.
@Suite("A disk that is full", .timeLimit(.minutes(15)))
struct FullDiskTests {
    private static let reason: Comment = "no small disk can be mounted here, so that what a full one does is NOT tested"

    private func use(_ body: (SkyUnderTest, SmallDisk) async throws -> Void) async throws {
        try await SkyUnderTest.use { plain in
            let disk = try await SmallDisk(for: plain, megabytes: 48)
            defer { disk.letGo() }
            try await body(plain.entering(disk.entry), disk)
        }
    }

    @Test("in the middle of a run costs patience and nothing else", .enabled(if: SmallDisk.isPossible, reason))
    func inTheMiddle() async throws {
        try await use { sky, disk in
            let chain = Chain(sky, name: "full", work: "sleep 0.2")
            var random = SeededGenerator(seed: 17)
            let run = try await chain.launch()
            var fillings = 0
            _ = try await chain.follow(run) {
                try await Task.sleep(for: .milliseconds(Int.random(in: 0...300, using: &random)))
                try disk.fill()
                fillings += 1
                let status = try await sky("status", run)
                #expect(isClear(status), "\(status)")
                try await Task.sleep(for: .milliseconds(Int.random(in: 0...1500, using: &random)))
                disk.makeRoom()
                return 1
            }
            #expect(fillings > 0)
            try await chain.expectWorkDoneOnce(in: sky.status(of: run))
            try await sky.wait("nothing but the disk's holder is left") { sky.processes.count == 1 }
        }
    }

    @Test(
        "and a driver that dies with it: the run is picked up when there is room",
        .enabled(if: SmallDisk.isPossible, reason))
    func andADeadDriver() async throws {
        try await use { sky, disk in
            let chain = Chain(sky, name: "dead", work: "sleep 0.2")
            var random = SeededGenerator(seed: 18)
            let run = try await chain.launch()
            _ = try await chain.follow(run) {
                try await Task.sleep(for: .milliseconds(Int.random(in: 0...300, using: &random)))
                try disk.fill()
                try await Task.sleep(for: .milliseconds(Int.random(in: 0...500, using: &random)))
                let killed = sky.kill(whoseCommandHas: "driver \(run)")
                let look = try await sky("status", run)
                #expect(isClear(look), "\(look)")
                disk.makeRoom()
                return killed
            }
            try await chain.expectWorkDoneOnce(in: sky.status(of: run))
            try await sky.wait("nothing but the disk's holder is left") { sky.processes.count == 1 }
        }
    }

    @Test("at the launch is said, and starts nothing", .enabled(if: SmallDisk.isPossible, reason))
    func atTheLaunch() async throws {
        try await use { sky, disk in
            // Makes the journal.
            #expect(try await sky("status").exitCode == 0)
            try disk.fill()
            let file = try sky.write("name: late\nresources: {infra: local, cpus: 1+}\nrun: echo here\n")
            let refused = try await sky("launch", file, "--yes")
            #expect(refused.exitCode == 2 && isClear(refused), "\(refused)")
            #expect(sky.processes.count == 1)
            disk.makeRoom()
            let launch = try await sky("launch", file, "--yes")
            #expect(launch.exitCode == 0, "\(launch)")
        }
    }

    /// It did what was asked, or said why not.
    private func isClear(_ answer: SkyUnderTest.Answer) -> Bool {
        answer.exitCode == 0
            || answer.exitCode == 2
                && ["No space left on device", "no space is left"].contains { answer.errors.contains($0) }
    }
}
