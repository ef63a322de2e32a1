import Glibc
import SkyTestSupport
import Testing

@testable import SkyProcess

@Suite("the table of processes", .timeLimit(.minutes(5)))
struct ProcessTableTests {
    @Test("a process is alive until it ends, a zombie is not")
    func alive() async throws {
        let pid = try ProcessSpawn("/bin/sleep", ["100"]).startUnmanaged()
        #expect(ProcessTable.isAlive(pid))
        kill(pid, SIGKILL)
        // Not reaped: it stays a zombie.
        while ProcessTable.isAlive(pid) { try await Task.sleep(for: .milliseconds(1)) }
        #expect(ProcessTable.status(of: pid)?.isGone == true)
        #expect(kill(pid, 0) == 0)
        waitpid(pid, nil, 0)
        #expect(ProcessTable.status(of: pid) == nil)
    }

    @Test("a name with spaces and parentheses confuses nobody")
    func awkwardName() async throws {
        try await withTemporaryFolder { folder in
            let program = "\(folder)/a) Z (b"
            #expect(symlink("/bin/sleep", program) == 0)
            let process = try ProcessSpawn(program, ["100"]).start()
            #expect(ProcessTable.status(of: process.pid)?.parent == getpid())
            #expect(ProcessTable.isAlive(process.pid))
            // The kernel lets the starter go on a moment before it has written the arguments down.
            while ProcessTable.arguments(of: process.pid).isEmpty { try await Task.sleep(for: .milliseconds(1)) }
            #expect(ProcessTable.arguments(of: process.pid) == [program, "100"])
            process.signal(SIGKILL)
            _ = await process.wait()
        }
    }

    @Test("descendants are found at any depth, with a group and session of their own or not")
    func descendants() async throws {
        try await withTemporaryFolder { folder in
            let script = "sleep 100 & setsid sh -c 'sleep 100 & echo > \(folder)/ready; wait' & wait"
            let process = try ProcessSpawn("/bin/sh", ["-c", script], environment: ["MARK": folder]).start()
            while !Files.exists("\(folder)/ready") { try await Task.sleep(for: .milliseconds(1)) }
            let below = ProcessTable.descendants(of: process.pid)
            #expect(below.count == 3)
            #expect(Set(below.map(\.session)).count == 2)
            let marked = ProcessTable.withVariable("MARK") { $0 == folder }
            #expect(Set(marked.map(\.pid)) == Set(below.map(\.pid) + [process.pid]))
            #expect(ProcessTable.withVariable("MAR") { _ in true }.isEmpty)
            for status in below { kill(status.pid, SIGKILL) }
            process.signal(SIGKILL)
            _ = await process.wait()
        }
    }

    @Test("an identity is one process's, and survives being written down")
    func identity() throws {
        let own = try #require(ProcessIdentity.current)
        #expect(own.isAlive)
        #expect(ProcessIdentity("\(own)\n") == own)
        var other = own
        other.startTicks += 1
        #expect(!other.isAlive)
        other = own
        other.boot = "another"
        #expect(!other.isAlive)
    }

    @Test("what is no identity is none", arguments: ["", "1", "1 2", "0 2 x", "-5 2 x", "a 2 x", "1 b x", "1 2 x y"])
    func noIdentity(text: String) {
        #expect(ProcessIdentity(text) == nil)
    }
}
