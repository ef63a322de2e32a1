import Glibc
import SkyCore
import SkyProcess
import Testing

@testable import SkyRuntime

@Suite("setting a node up", .timeLimit(.minutes(5)))
struct SetupTests {
    private func job(_ id: String, _ setup: String, key: String?, run: String = "true") -> JobSpec {
        JobSpec(id: id, setup: setup, run: run, setupKey: key)
    }

    private func count(_ node: TestNode) throws -> Int {
        try (Files.read("\(node.directory)/work/count") ?? []).count { $0 == UInt8(ascii: "\n") }
    }

    @Test("is done once for each key, whatever jobs come later, and every time without one")
    func once() async throws {
        try await withAgent { node, agent in
            let setup = "echo x >> count"
            for (id, key, expected) in [
                ("a", "k1", 1), ("b", "k1", 1), ("c", "k2", 2), ("d", nil, 3), ("e", nil, 4), ("f", "k2", 4),
            ] {
                _ = try await agent.submit(job(id, setup, key: key, run: "test -s count"))
                #expect(try await agent.waitForExit(ofJob: id) == 0)
                #expect(try count(node) == expected, "\(id)")
            }
            try await node.killAgent()
            try await node.start()
            let next = try await node.connect()
            _ = try await next.submit(job("g", setup, key: "k1"))
            #expect(try await next.waitForExit(ofJob: "g") == 0)
            #expect(try count(node) == 4)
        }
    }

    @Test("one that changed the working directory is done again where that is another, and one that did not is not")
    func elsewhere() async throws {
        try await withAgent { node, agent in
            for (setup, key, expected) in [
                ("echo x >> ../count; touch made", "k1", 2), ("echo x >> ../count", "k2", 3),
            ] {
                for (id, work) in [("a", "one"), ("b", "one"), ("c", "two"), ("d", "two")] {
                    var job = job("\(id)-\(key)", setup, key: key)
                    job.workID = work
                    _ = try await agent.submit(job)
                    #expect(try await agent.waitForExit(ofJob: job.id) == 0)
                }
                let lines = try (Files.read("\(node.directory)/count") ?? []).count { $0 == UInt8(ascii: "\n") }
                #expect(lines == expected, "\(key)")
            }
        }
    }

    @Test("one that fails, or is killed, is done again")
    func failed() async throws {
        try await withAgent { node, agent in
            let setup = "echo x >> count; test -e good || exit 3"
            _ = try await agent.submit(job("a", setup, key: "k"))
            #expect(try await agent.waitForExit(ofJob: "a") == 3)
            _ = try await agent.submit(job("b", "echo x >> count; exec sleep 1000", key: "k"))
            try await eventually { try count(node) == 2 }
            try await agent.kill(job: "b", grace: .seconds(30))
            try Files.replace("\(node.directory)/work/good", with: [], durability: .processes)
            _ = try await agent.submit(job("c", setup, key: "k"))
            #expect(try await agent.waitForExit(ofJob: "c") == 0)
            #expect(try count(node) == 3)
        }
    }

    @Test(
        "jobs that come at once wait for the one that does it, or do it when that one dies; they can be killed meanwhile"
    )
    func together() async throws {
        try await withAgent { node, agent in
            let setup = "echo x >> count; while [ ! -e go ]; do sleep 0.02; done"
            _ = try await agent.submit(job("a", setup, key: "k"))
            try await eventually { try count(node) == 1 }
            for id in ["b", "c", "d"] { _ = try await agent.submit(job(id, setup, key: "k")) }
            try await agent.kill(job: "b", grace: .seconds(30))
            #expect(try await agent.waitForExit(ofJob: "b") == 143)
            kill(try await node.supervisor(of: "a"), SIGKILL)
            #expect(try await agent.waitForExit(ofJob: "a") == 137)
            try await eventually { try count(node) == 2 }
            try Files.replace("\(node.directory)/work/go", with: [], durability: .processes)
            for id in ["c", "d"] { #expect(try await agent.waitForExit(ofJob: id) == 0) }
            #expect(try count(node) == 2)
        }
    }

    @Test("a job whose time is over while it waits for another's setup ends for that", arguments: ["k", "../k"])
    func overtime(key: String) async throws {
        try await withAgent { node, agent in
            var late = job("b", "true", key: key)
            late.limits = JobLimits(time: TimeSpan(milliseconds: 300))
            guard key == "k" else {
                let error = await #expect(throws: AgentError.self) { try await agent.submit(late) }
                #expect(error?.kind == .refused)
                return
            }
            _ = try await agent.submit(job("a", "echo x >> count; exec sleep 1000", key: key))
            try await eventually { try count(node) == 1 }
            _ = try await agent.submit(late)
            #expect(try await agent.waitForEnd(ofJob: "b") == JobEnd(code: 143, exceeded: .time))
        }
    }
}
