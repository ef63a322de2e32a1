import Glibc
import SkyBroker
import SkyCore
import SkyProcess

/// Many processes that open one journal at the same instant, write to it and leave.
struct Crowd {
    let folder: String
    let executable: String

    private var journal: String { "\(folder)/journal.sqlite" }

    /// One of them: writes a run of its own, opening the journal anew `openings` times.
    static func member(journal path: String, run name: String, openings: Int, events: Int) async throws {
        guard let sample = SampleRun(name) else { throw Failure("'\(name)' cannot be a run's name") }
        var count = 0
        for opening in 0..<openings {
            let journal = try Journal(path: path)
            if opening == 0 {
                guard try journal.begin(sample.launch, run: sample.run) else { throw Failure("\(name) is taken") }
                count = 1
            }
            for _ in 0..<events {
                try await journal.append([sample.event(count)], to: sample.run, after: count, runEnded: false)
                count += 1
            }
            guard try journal.events(of: sample.run).count == count else { throw Failure("\(name) lost an event") }
            _ = try journal.list()
        }
    }

    /// Starts `members` at once, some of which are killed on the way, and sees that all others finish and that nothing
    /// is missing.
    func gather(_ members: Int, openings: Int, events: Int, killed: Int = 0) async throws -> Bool {
        var processes: [SpawnedProcess] = []
        for member in 0..<members {
            let arguments = ["member", journal, "crowd-\(member)", String(openings), String(events)]
            processes.append(try ProcessSpawn(executable, arguments).start())
        }
        for victim in processes.prefix(killed) {
            usleep(UInt32.random(in: 1000...30_000))
            kill(victim.pid, SIGKILL)
        }
        var failures = 0
        for (number, process) in processes.enumerated() {
            let end = await process.wait()
            if number >= killed, end.shellCode != 0 { failures += 1 }
        }
        let journal = try Journal(path: journal)
        var missing = 0
        for number in killed..<members {
            guard let run = RunID("crowd-\(number)") else { continue }
            if try journal.events(of: run).count != 1 + openings * events { missing += 1 }
        }
        for run in try journal.runs() { _ = try journal.events(of: run) }
        print(
            "\(members) processes at once, each opening \(openings) times and writing \(openings * events) events, "
                + "\(killed) killed: \(failures) failed, \(missing) incomplete")
        return failures == 0 && missing == 0
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String

        init(_ description: String) { self.description = description }
    }
}
