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
            try node.letGo("go1")
            for try await chunk in agent.logs(ofJob: "j", from: 0, follow: true) {
                seen += String(decoding: chunk.bytes, as: UTF8.self)
                let next = seen.split(separator: "\n").count + 1
                try node.letGo("go\(next)")
            }
            #expect(seen == "1\n2\n3\n")
        }
    }

    @Test("what goes to standard error is marked, and both come in the order in which they were written")
    func streams() async throws {
        try await withAgent { node, agent in
            let command = "for n in 1 2 3; do echo out$n; sleep 0.2; echo err$n >&2; sleep 0.2; done"
            _ = try await agent.submit(JobSpec(id: "j", run: command))
            var (bytes, marks): ([UInt8], [LogMark]) = ([], [])
            for try await chunk in agent.logs(ofJob: "j", from: 0, follow: true) {
                bytes += chunk.bytes
                marks += chunk.marks
            }
            #expect(String(decoding: bytes, as: UTF8.self) == "out1\nerr1\nout2\nerr2\nout3\nerr3\n")
            var streams: [LogStream: String] = [:]
            for (index, mark) in marks.enumerated() {
                let end = index + 1 < marks.count ? Int(marks[index + 1].offset) : bytes.count
                streams[mark.stream, default: ""] += String(decoding: bytes[Int(mark.offset)..<end], as: UTF8.self)
            }
            #expect(streams == [.output: "out1\nout2\nout3\n", .errors: "err1\nerr2\nerr3\n"])
            #expect(zip(marks, marks.dropFirst()).allSatisfy { $0.at <= $1.at })
            // From the middle of a stretch the marks before are known already.
            var later: [LogMark] = []
            for try await chunk in agent.logs(ofJob: "j", from: 12, follow: false) { later += chunk.marks }
            #expect(later == marks.filter { $0.offset >= 12 })
        }
    }

    @Test("many changes from one stream to the other come through whole")
    func manyMarks() async throws {
        try await withAgent { _, agent in
            let command = "i=0; while [ $i -lt 6000 ]; do echo o; echo e >&2; i=$((i+1)); done"
            _ = try await agent.submit(JobSpec(id: "j", run: command))
            _ = try await agent.waitForExit(ofJob: "j")
            var bytes: [UInt8] = []
            for try await chunk in agent.logs(ofJob: "j", from: 0, follow: false) {
                #expect(chunk.offset == Int64(bytes.count))
                #expect(chunk.marks.count <= 4096)
                bytes += chunk.bytes
            }
            #expect(bytes.count == 24_000)
        }
    }

    @Test("of a job that prints much the latest is kept, and each byte of it stays where it was, whoever dies")
    func rotated() async throws {
        try await withNode { node in
            let agent = try await node.connect()
            let job = JobSpec(
                id: "j", run: "seq 1 300000; while [ ! -e go ]; do sleep 0.02; done; seq 300001 600000",
                limits: JobLimits(log: DataSize("1MB")))
            _ = try await agent.submit(job)
            let whole = (1...600_000).map { "\($0)\n" }.joined()
            let half = Int64((1...300_000).map { "\($0)\n" }.joined().utf8.count)
            try await eventually { node.job("j").logSize == half }
            var early: LogChunk?
            for try await chunk in agent.logs(ofJob: "j", from: 10, follow: false) {
                early = chunk
                break
            }
            let first = try #require(early)
            #expect(first.offset > 500_000 && first.offset < half - 900_000)
            #expect(first.bytes == Array(whole.utf8.dropFirst(Int(first.offset)).prefix(first.bytes.count)))
            // Which stream it is follows from a mark before.
            #expect(first.marks.first?.stream == .output)
            try await node.killAgent()
            try await node.start()
            let next = try await node.connect()
            try node.letGo()
            _ = try await next.waitForExit(ofJob: "j")
            let rest = try await next.wholeLog(ofJob: "j", from: Int64(whole.utf8.count - 200_000))
            #expect(rest == String(decoding: whole.utf8.suffix(200_000), as: UTF8.self))
            var status = stat()
            #expect(stat(node.job("j").log, &status) == 0 && status.st_blocks * 512 < 2_000_000)
        }
    }

    @Test("marks are read as they were written, halves and zeros left out", arguments: LogStream.allCases)
    func marks(stream: LogStream) {
        let marks = [LogMark(offset: 5, stream: stream, at: Instant(millisecondsSince1970: 7))]
        #expect(LogMarks.decode(LogMarks.encode(marks) + [1, 2, 3]) == marks)
        #expect(LogMarks.decode([UInt8](repeating: 0, count: 40)).isEmpty)
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
