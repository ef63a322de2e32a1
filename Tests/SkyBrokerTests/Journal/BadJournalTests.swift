import FoundationEssentials
import GRDB
import Glibc
import SkyCore
import SkyProcess
import SkyTestSupport
import Testing

@testable import SkyBroker

/// Journals that are not as they should be: each is answered with what is the matter and what to do, and none is
/// written to.
@Suite("Journals in a bad way", .timeLimit(.minutes(2)))
struct BadJournalTests {
    /// A closed journal with a run of 200 events, and its path.
    private func withJournal(_ body: (String, RunID) async throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/journal.sqlite"
            let run = try #require(RunID("tickets-7k2m"))
            do {
                let journal = try Journal(path: path)
                #expect(try journal.begin(.launch, run: run))
                try await journal.append(JournalFixture.events(0..<200), to: run, after: 1, runEnded: false)
            }
            try await body(path, run)
        }
    }

    private func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path))) }

    private func replace(_ path: String, _ bytes: [UInt8]) throws { try Data(bytes).write(to: URL(filePath: path)) }

    private func failure(opening path: String) -> JournalError? {
        do throws(JournalError) {
            _ = try Journal(path: path)
            return nil
        } catch { return error }
    }

    @Test("a file that is no database, or another's database, is damaged and left alone")
    func notAJournal() async throws {
        try await withJournal { path, _ in
            let text = Array("this was a journal once\n".utf8) + [UInt8](repeating: 7, count: 5000)
            try replace(path, text)
            let error = try #require(failure(opening: path))
            #expect(error.kind == .damaged && error.description.contains(path))
            #expect(error.advice.contains { $0.contains("sky state check") })
            #expect(try bytes(path) == text)
            #expect(!Journal.check(path).isSound)
        }
    }

    @Test("a truncated journal is damaged, wherever it was cut", arguments: [100, 4096, 5000, 8192, 20_000])
    func truncated(length: Int) async throws {
        try await withJournal { path, run in
            let whole = try bytes(path)
            try #require(whole.count > 20_000)
            try replace(path, Array(whole[..<length]))
            let error = try #require(failure(opening: path), "cut at \(length)")
            #expect(error.kind == .damaged)
            #expect(try bytes(path) == Array(whole[..<length]))
            #expect(!Journal.check(path).isSound)
        }
    }

    @Test("a journal that is gone or empty is not made anew where there have been runs")
    func lost() async throws {
        try await withJournal { path, run in
            let runs = StateFolder(path: String(path.dropLast("/journal.sqlite".count))).folder(of: run)
            try FileManager.default.createDirectory(atPath: runs, withIntermediateDirectories: true)
            try replace(path, [])
            let emptied = try #require(failure(opening: path))
            #expect(emptied.kind == .lost && emptied.description.contains(run.text))
            #expect(emptied.advice.contains { $0.contains("sky state rebuild") })
            try FileManager.default.removeItem(atPath: path)
            #expect(failure(opening: path)?.kind == .lost)
            #expect(!FileManager.default.fileExists(atPath: path))
            #expect(try Journal(path: path, replacingLost: true).runs().isEmpty)
        }
    }

    @Test("an event whose bytes have changed is named, and the check counts what is readable before it")
    func altered() async throws {
        try await withJournal { path, run in
            var all = try bytes(path)
            // The text of the event 150 of the fixture, as the journal keeps it.
            let text = Array(#""processID":150"#.utf8)
            let place = try #require(
                (0..<all.count - text.count).first { all[$0..<$0 + text.count].elementsEqual(text) })
            all[place + text.count - 1] ^= 1
            try replace(path, all)
            let journal = try Journal(path: path)
            let error = #expect(throws: JournalError.self) { try journal.events(of: run) }
            #expect(error?.kind == .damaged)
            #expect(error?.description.contains("event 151 of run \(run) is not what was written") == true)
            let report = Journal.check(path)
            #expect(report.damaged.map(\.readable) == [151] && report.runs == 1)
        }
    }

    @Test("any page overwritten with noise is found by the check, and reading it never crashes", arguments: 0..<12)
    func noise(seed: Int) async throws {
        try await withJournal { path, run in
            var random = SeededGenerator(seed: UInt64(seed))
            var all = try bytes(path)
            let page = Int.random(in: 0..<all.count / 4096, using: &random) * 4096
            for index in page..<page + 4096 { all[index] = UInt8.random(in: 0...255, using: &random) }
            try replace(path, all)
            do throws(JournalError) {
                let journal = try Journal(path: path)
                for run in try journal.runs() { _ = try journal.events(of: run) }
            } catch {
                #expect([.damaged, .newer, .failed].contains(error.kind), "\(error)")
            }
            #expect(!Journal.check(path).isSound, "page \(page / 4096)")
        }
    }

    @Test("a journal of a newer version is refused with what to do, and an older one is brought up to date")
    func versions() async throws {
        try await withJournal { path, _ in
            do {
                let journal = try Journal(path: path)
                try journal.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('99')") }
            }
            let error = try #require(failure(opening: path))
            #expect(error.kind == .newer && error.description.contains("99") && error.advice.contains("update sky"))
        }
    }

    @Test("an event of a newer version is refused by the driver and shown by the trail")
    func newerEvent() async throws {
        try await withJournal { path, run in
            let journal = try Journal(path: path)
            let text = #"{"at":1700000000000,"dice":0,"event":{"teleported":{"stage":"one"}}}"#
            try journal.write { db in
                try db.execute(
                    sql: "UPDATE event SET body = ?, sum = ? WHERE seq = 5",
                    arguments: [text, JournalCoding.checksum(run: run.text, sequence: 5, body: text)])
            }
            let error = #expect(throws: JournalError.self) { try journal.events(of: run) }
            #expect(error?.kind == .newer && error?.description.contains("event 5 of run \(run)") == true)
            let records = try journal.records(of: run)
            #expect(records.count == 201 && records[5].event == nil && records[5].text == text)
        }
    }

    @Test("a lock that another process keeps is told of with its name, after the patience is over")
    func busy() async throws {
        try await withJournal { path, run in
            let journal = try Journal(path: path, patience: TimeSpan(milliseconds: 50))
            let lock = JournalLock(path: JournalPlace(path: path).lock, patience: TimeSpan.seconds(1))
            let error = try lock.hold {
                #expect(throws: JournalError.self) { try journal.request(.cancel, of: run) }
            }
            #expect(error?.kind == .busy && error?.description.contains("process \(getpid())") == true)
            try journal.request(.cancel, of: run)
            #expect(try journal.requests(of: run) == [.stop(.cancel)])
        }
    }
}

/// What needs a file system of its own, and so the rights to mount one.
@Suite("Journals on small and read-only disks", .serialized, .timeLimit(.minutes(2)))
struct SmallDiskTests {
    private func withDisk(_ body: (String) async throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            guard mount("tmpfs", folder, "tmpfs", 0, "size=1m") == 0 else {
                print("SKIPPED, not tested: mounting a small disk needs root (\(String(cString: strerror(errno))))")
                return
            }
            defer { umount2(folder, Int32(MNT_DETACH)) }
            try await body(folder)
        }
    }

    @Test("a disk that fills up loses nothing: appends are refused, and go on when there is space again")
    func full() async throws {
        try await withDisk { folder in
            let path = "\(folder)/journal.sqlite"
            let journal = try Journal(path: path)
            let run = try #require(RunID("tickets-7k2m"))
            #expect(try journal.begin(.launch, run: run))
            let filler = open("\(folder)/filler", O_WRONLY | O_CREAT, 0o600)
            let block = [UInt8](repeating: 1, count: 4096)
            while write(filler, block, block.count) == block.count {}
            close(filler)
            var count = 1
            var refusal: JournalError?
            while refusal == nil, count < 5000 {
                do throws(JournalError) {
                    try await journal.append(
                        JournalFixture.events(count..<count + 10), to: run, after: count, runEnded: false)
                    count += 10
                } catch { refusal = error }
            }
            #expect(refusal?.kind == .full, "\(String(describing: refusal))")
            #expect(refusal?.advice.contains { $0.contains("sky purge") } == true)
            #expect(try journal.events(of: run).count == count)
            #expect(try Journal(path: path).events(of: run).count == count)

            unlink("\(folder)/filler")
            try await journal.append(JournalFixture.events([1]), to: run, after: count, runEnded: true)
            #expect(try Journal(path: path).events(of: run).count == count + 1)
            #expect(Journal.check(path).isSound)
        }
    }

    @Test("a journal that may only be read says so, and can still be checked")
    func readOnly() async throws {
        try await withDisk { folder in
            let path = "\(folder)/journal.sqlite"
            let run = try #require(RunID("tickets-7k2m"))
            do { #expect(try Journal(path: path).begin(.launch, run: run)) }
            let left = Files.names(in: "/proc/self/fd").compactMap { Files.absolutePath("/proc/self/fd/\($0)") }
            #expect(left.filter { $0.hasPrefix(folder) } == [], "a journal that is closed keeps nothing open")
            // A child that another test is just starting may have a copy of our descriptors for a moment.
            var isReadOnly = false
            for _ in 0..<200 where !isReadOnly {
                isReadOnly = mount("tmpfs", folder, "tmpfs", UInt(MS_REMOUNT | MS_RDONLY), nil) == 0
                if !isReadOnly { try await Task.sleep(for: .milliseconds(20)) }
            }
            try #require(isReadOnly, "\(String(cString: strerror(errno)))")
            let error = #expect(throws: JournalError.self) { try Journal(path: path) }
            #expect(error?.kind == .notWritable)
            #expect(error?.advice.contains { $0.contains("sky state check") } == true)
            let report = Journal.check(path)
            #expect(report.isSound && report.events == 1, "\(report)")
        }
    }
}

@Suite("One journal and two machines", .timeLimit(.minutes(1)))
struct MachineTests {
    private let alpha = MachineIdentity(host: "alpha", boot: "a-1", installation: "a")
    private let beta = MachineIdentity(host: "beta", boot: "b-1", installation: "b")

    private func failure(opening path: String, on machine: MachineIdentity) -> JournalError? {
        do throws(JournalError) {
            _ = try Journal(path: path, machine: machine)
            return nil
        } catch { return error }
    }

    @Test("the second machine is refused while the first has the journal open, or runs in it have not ended")
    func refused() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/journal.sqlite"
            let run = try #require(RunID("tickets-7k2m"))
            do {
                let first = try Journal(path: path, machine: alpha)
                let open = try #require(failure(opening: path, on: beta))
                #expect(open.kind == .elsewhere && open.description.contains("'alpha', which has it open"))
                #expect(open.advice.contains { $0.contains("sky state claim") })
                #expect(try first.begin(.launch, run: run))
            }
            let left = try #require(failure(opening: path, on: beta))
            #expect(left.description.contains("1 of its runs have not ended"))
            try await Journal(path: path, machine: alpha).append(
                JournalFixture.events([1]), to: run, after: 1, runEnded: true)
            #expect(failure(opening: path, on: beta) == nil, "nothing is under way any more")
            #expect(failure(opening: path, on: alpha) == nil, "and back again")
        }
    }

    @Test("the same machine after a restart, and another container on it, go on")
    func sameMachine() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/journal.sqlite"
            let run = try #require(RunID("tickets-7k2m"))
            #expect(try Journal(path: path, machine: alpha).begin(.launch, run: run))
            let restarted = MachineIdentity(host: "alpha", boot: "a-2", installation: "a")
            let container = MachineIdentity(host: "3f9c1", boot: "a-2", installation: "")
            #expect(try Journal(path: path, machine: restarted).runs() == [run])
            #expect(try Journal(path: path, machine: container).runs() == [run])
            #expect(failure(opening: path, on: beta)?.kind == .elsewhere)
        }
    }

    @Test("claiming makes it this machine's, whatever is under way")
    func claimed() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/journal.sqlite"
            let run = try #require(RunID("tickets-7k2m"))
            #expect(try Journal(path: path, machine: alpha).begin(.launch, run: run))
            #expect(throws: JournalError.self) { try Journal(path: path) }
            #expect(try Journal.claim(path) == "alpha")
            #expect(try Journal(path: path).runs() == [run])
        }
    }
}
