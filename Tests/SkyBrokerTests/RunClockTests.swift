import SkyCore
import SkyProcess
import SkyTestSupport
import Synchronization
import Testing

@testable import SkyBroker

@Suite("The clock of a run") struct RunClockTests {
    private let wall = Instant(millisecondsSince1970: 1_800_000_000_000)

    private func withRun(_ body: (RunID, StateFolder) throws -> Void) async throws {
        try await withTemporaryFolder { path in
            let run = try #require(RunID("clock-2222"))
            let folder = StateFolder(path: path)
            try Files.makeFolder(folder.folder(of: run))
            try body(run, folder)
        }
    }

    @Test(
        "begins with the wall clock, and is the same for the next driver and for lookers, whatever the wall clock says then"
    )
    func goesOn() async throws {
        try await withRun { run, folder in
            #expect(RunClock.look(at: run, in: folder) == nil)
            let first = RunClock.drive(run, in: folder, wall: wall, last: nil)
            let started = first.now()
            #expect(started >= wall && started < wall + .hour)
            for jump in [-86_400_000, 86_400_000] {
                let moved = Instant(millisecondsSince1970: wall.millisecondsSince1970 + Int64(jump))
                let next = RunClock.drive(run, in: folder, wall: moved, last: nil)
                #expect(next.now() >= started && next.now() < started + .hour)
            }
            let look = try #require(RunClock.look(at: run, in: folder)).now()
            #expect(look >= started && look < started + .hour)
        }
    }

    @Test("of another run of the machine counts no more: then the wall clock does, or the journal if that is ahead")
    func machineStartedAnew() async throws {
        try await withRun { run, folder in
            for (last, expected) in [(wall + .hour, wall + .hour), (wall, wall + .seconds(60))] {
                try Files.replace(folder.clock(of: run), with: "another-boot 12345\n".utf8, durability: .processes)
                #expect(RunClock.look(at: run, in: folder) == nil)
                let clock = RunClock.drive(run, in: folder, wall: wall + .seconds(60), last: last)
                #expect(clock.now() >= expected && clock.now() < expected + .hour)
            }
        }
    }

    @Test("whose note cannot be read begins anew", arguments: ["", "x", "a b c", "\0"])
    func unreadable(text: String) async throws {
        try await withRun { run, folder in
            try Files.replace(folder.clock(of: run), with: text.utf8, durability: .processes)
            let clock = RunClock.drive(run, in: folder, wall: wall, last: nil)
            #expect(clock.now() >= wall && clock.now() < wall + .hour)
            #expect(RunClock.look(at: run, in: folder) != nil)
        }
    }

    @Test("adds what the boot clock does, and nothing else")
    func steps() {
        let milliseconds = Mutex<Int64>(500)
        let clock = RunClock(wallAt: wall) { milliseconds.withLock { $0 } }
        #expect(clock.now() == wall)
        milliseconds.withLock { $0 = 1500 }
        #expect(clock.now() == wall + .seconds(1))
    }
}
