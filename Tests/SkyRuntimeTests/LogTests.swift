import FoundationEssentials
import Glibc
import SkyCore
import SkyProcess
import Testing

@testable import SkyRuntime

@Suite("following logs", .timeLimit(.minutes(5)))
struct LogTests {
    @Test("a log resumes at the byte, wherever it stopped", arguments: [0, 1, 99_999, 524_288, 588_894, 588_895])
    func resume(offset: Int) async throws {
        try await withAgent { node, agent in
            _ = try await agent.submit(JobSpec(id: "j", run: "seq 1 100000"))
            #expect(try await agent.waitForExit(ofJob: "j") == 0)
            let whole = try #require(try Files.read(node.job("j").log))
            #expect(whole.count == 588_895)
            let rest = try await agent.wholeLog(ofJob: "j", from: Int64(offset))
            #expect(rest == String(decoding: whole.dropFirst(offset), as: UTF8.self))
        }
    }

    @Test("chunks follow each other without gap or overlap, whatever bytes they hold")
    func binary() async throws {
        try await withAgent { node, agent in
            let job = JobSpec(id: "j", run: "head -c 3000000 /dev/urandom | tee copy; sleep 0.05; cat copy")
            _ = try await agent.submit(job)
            var bytes: [UInt8] = []
            for try await chunk in agent.logs(ofJob: "j", from: 0, follow: true) {
                #expect(chunk.offset == Int64(bytes.count))
                bytes += chunk.bytes
            }
            let copy = try #require(try Files.read("\(node.directory)/work/copy"))
            #expect(bytes == copy + copy)
        }
    }

    @Test("what a job writes comes at once")
    func live() async throws {
        try await withAgent { node, agent in
            let command = "for n in 1 2 3; do while [ ! -e go$n ]; do sleep 0.005; done; echo $n; done"
            _ = try await agent.submit(JobSpec(id: "j", run: command))
            _ = try await node.supervisor(of: "j")
            var seen = ""
            try Files.makeFolder("\(node.directory)/work")
            try Files.replace("\(node.directory)/work/go1", with: [], durability: .processes)
            for try await chunk in agent.logs(ofJob: "j", from: 0, follow: true) {
                seen += String(decoding: chunk.bytes, as: UTF8.self)
                let next = seen.split(separator: "\n").count + 1
                try Files.replace("\(node.directory)/work/go\(next)", with: [], durability: .processes)
            }
            #expect(seen == "1\n2\n3\n")
        }
    }

    @Test("without following, a log ends where it is now")
    func snapshot() async throws {
        try await withAgent { _, agent in
            _ = try await agent.submit(JobSpec(id: "j", run: "echo one; sleep 100"))
            for try await _ in agent.logs(ofJob: "j", from: 0, follow: true) { break }
            #expect(try await agent.wholeLog(ofJob: "j", follow: false) == "one\n")
            #expect(try await agent.wholeLog(ofJob: "j", from: 1000, follow: false) == "")
        }
    }

    @Test("a follower that gives up holds up nobody")
    func cancelled() async throws {
        try await withAgent { _, agent in
            _ = try await agent.submit(JobSpec(id: "j", run: "while [ ! -e go ]; do sleep 0.01; done"))
            let follower = Task { try await agent.wholeLog(ofJob: "j") }
            let waiter = Task { try await agent.waitForExit(ofJob: "j") }
            try await Task.sleep(for: .milliseconds(20))
            follower.cancel()
            waiter.cancel()
            let error = await #expect(throws: AgentError.self) { try await waiter.value }
            #expect(error?.kind == .disconnected)
            _ = try? await follower.value
            _ = try await agent.submit(JobSpec(id: "go", run: "touch go"))
            #expect(try await agent.waitForExit(ofJob: "j") == 0)
        }
    }

    @Test("a log has no byte before its first")
    func negative() async throws {
        try await withAgent { _, agent in
            _ = try await agent.submit(JobSpec(id: "j", run: "true"))
            await #expect(throws: AgentError.self) { try await agent.wholeLog(ofJob: "j", from: -1) }
        }
    }
}
