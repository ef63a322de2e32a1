import FoundationEssentials
import Glibc
import SkyCore
import SkyProcess
import SkyTestSupport
import Testing

@testable import SkyBroker

@Suite("Many processes at one journal", .serialized, .timeLimit(.minutes(5)))
struct CrowdTests {
    /// `journal-bench member`, which writes a run of its own and leaves.
    private func member(_ number: Int, of path: String, openings: Int = 1) throws -> SpawnedProcess {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let program = URL(filePath: own).deletingLastPathComponent().appending(path: "journal-bench").path
        return try ProcessSpawn(program, ["member", path, "crowd-\(number)", "\(openings)", "3"]).start()
    }

    @Test("200 processes that open a journal which is not there yet at the same instant all finish")
    func allAtOnce() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/journal.sqlite"
            let members = try (0..<200).map { try member($0, of: path) }
            for one in members { #expect(await one.wait().shellCode == 0) }
            let journal = try Journal(path: path)
            #expect(try journal.runs().count == 200)
            for run in try journal.runs() { #expect(try journal.events(of: run).count == 4) }
        }
    }

    @Test("processes that are killed on the way hold up nobody, and leave whole events")
    func killed() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/journal.sqlite"
            let members = try (0..<40).map { try member($0, of: path, openings: 4) }
            for victim in members.prefix(20) {
                try await Task.sleep(for: .milliseconds(5))
                kill(victim.pid, SIGKILL)
            }
            for (number, one) in members.enumerated() {
                let end = await one.wait()
                if number >= 20 { #expect(end.shellCode == 0) }
            }
            let journal = try Journal(path: path)
            for number in 20..<40 {
                #expect(try journal.events(of: #require(RunID("crowd-\(number)"))).count == 13)
            }
            for run in try journal.runs() { #expect(try !journal.events(of: run).isEmpty) }
            #expect(Journal.check(path).isSound)
        }
    }
}
