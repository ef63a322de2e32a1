import Glibc
import SkyCore
import SkyProcess
import SkyTestSupport
import Testing

@testable import SkyRuntime

/// Whether agents can give their supervisors control groups on this machine.
private let hasGroups: Bool = {
    let group = ControlGroup.ofThisProcess?.makeChild("sky-0-0-\(getpid())")
    group?.remove()
    return group != nil
}()

@Suite("Control groups of jobs", .enabled(if: hasGroups), .timeLimit(.minutes(5)))
struct GroupTests {
    /// Of a job that runs.
    private func group(of id: String, on node: TestNode) async throws -> ControlGroup {
        _ = try await node.supervisor(of: id)
        return try #require(node.job(id).supervisorGroup())
    }

    @Test("each job that runs has one, which goes with its supervisor")
    func each() async throws {
        try await withAgent { node, agent in
            let command = "cat /proc/self/cgroup; sleep 100"
            for id in ["a", "b"] { _ = try await agent.submit(JobSpec(id: id, run: command)) }
            let groups = [try await group(of: "a", on: node), try await group(of: "b", on: node)]
            #expect(groups[0] != groups[1])
            for (id, group) in zip(["a", "b"], groups) {
                var text = ""
                for try await chunk in agent.logs(ofJob: id, from: 0, follow: true) {
                    text += String(decoding: chunk.bytes, as: UTF8.self)
                    if text.contains("0::") { break }
                }
                let name = try #require(group.path.split(separator: "/").last)
                #expect(text.split(separator: "\n").contains { $0.hasPrefix("0::/") && $0.hasSuffix("/\(name)") })
                #expect(group.hasProcesses)
            }
            try await agent.shutdown(grace: .zero)
            for group in groups { #expect(!Files.exists(group.path)) }
        }
    }

    @Test("what runs from whoever would kill it is ended all the same")
    func runners() async throws {
        try await withAgent { node, agent in
            // Each starts the next, in a session of its own, and ends.
            let hop = "trap '' TERM\necho x >> hops.$1\n[ -e stop ] || setsid sh hop.sh $1 &\n"
            let command = """
                cat > hop.sh <<'END'
                \(hop)END
                for i in 1 2 3 4 5 6; do setsid sh hop.sh $i & done
                while [ ! -s hops.6 ]; do sleep 0.01; done
                echo ready
                sleep 100
                """
            _ = try await agent.submit(JobSpec(id: "j", run: command))
            for try await _ in agent.logs(ofJob: "j", from: 0, follow: true) { break }
            let group = try await group(of: "j", on: node)
            try await agent.kill(job: "j", grace: .zero)
            #expect(node.survivors() == [node.agentPID])
            #expect(try await [.exited(code: 137), .exited(code: 143)].contains(agent.state(ofJob: "j")))
            // That supervisor has left its group: another has the next job.
            try await eventually { !Files.exists(group.path) || !group.hasProcesses }
            _ = try await agent.submit(JobSpec(id: "next", run: "true"))
            #expect(try await agent.waitForExit(ofJob: "next") == 0)
        }
    }

    @Test("what has cleared its environment and lost all parents does not outlive agent and supervisor")
    func orphans() async throws {
        try await withAgent { node, agent in
            let command = """
                setsid env -i sh -c 'echo $$ > pid; exec sleep 1000' &
                while [ ! -s pid ]; do sleep 0.01; done
                echo ready
                sleep 100
                """
            _ = try await agent.submit(JobSpec(id: "j", run: command))
            for try await _ in agent.logs(ofJob: "j", from: 0, follow: true) { break }
            let bytes = try #require(try Files.read("\(node.directory)/work/pid"))
            let pid = try #require(Int32(String(decoding: bytes, as: UTF8.self).filter(\.isNumber)))
            let group = try await group(of: "j", on: node)
            let supervisor = try await node.supervisor(of: "j")
            // Both at once: the agent must not look after it.
            kill(try #require(node.agentPID), SIGSTOP)
            kill(supervisor, SIGKILL)
            try await node.killAgent()
            try await eventually { !ProcessTable.isAlive(supervisor) }
            #expect(ProcessTable.isAlive(pid))
            try await node.start()
            let next = try await node.connect()
            #expect(try await next.waitForExit(ofJob: "j") == 137)
            #expect(!ProcessTable.isAlive(pid))
            #expect(!Files.exists(group.path))
            await next.close()
        }
    }

    @Test("where the kernel kills what is born in one, jobs run without")
    func killedSurroundings() async throws {
        try await withTemporaryFolder { folder in
            // Some kernels remember that the agent's own group was killed once, and take those born beside it for its members.
            let name = "sky-test-\(getpid())-killed"
            let surroundings = try #require(ControlGroup.ofThisProcess?.makeChild(name))
            try surroundings.killAll()
            defer { surroundings.remove() }
            let node = TestNode(directory: folder)
            let command = "echo 0 > \(surroundings.path)/cgroup.procs && exec \"$@\""
            let agent = try ProcessSpawn(
                "/bin/sh", ["-c", command, "sh", try TestNode.executable, "serve", "--dir", folder],
                leadership: .session, standardOutput: .null, standardError: .null
            ).start()
            let client = try await eventually { try? await node.connect() }
            for number in 0..<3 {
                _ = try await client.submit(JobSpec(id: "j\(number)", run: "exit \(number)"))
                #expect(try await client.waitForExit(ofJob: "j\(number)") == number)
            }
            try await client.shutdown(grace: .zero)
            #expect(await agent.wait() == .exited(code: 0))
            await client.close()
        }
    }

    @Test("one that a dead agent has left is removed by the next, and no other's")
    func sweep() async throws {
        let current = try #require(ControlGroup.ofThisProcess)
        let own = try #require(ProcessIdentity.current)
        let left = try #require(current.makeChild("sky-\(own.pid)-\(own.startTicks + 1)-1"))
        let kept = try #require(current.makeChild("sky-\(own.pid)-\(own.startTicks)-1"))
        defer { for group in [left, kept] { group.remove() } }
        try await withAgent { _, agent in
            _ = try await agent.submit(JobSpec(id: "j", run: "true"))
            #expect(try await agent.waitForExit(ofJob: "j") == 0)
        }
        #expect(!Files.exists(left.path))
        #expect(Files.exists(kept.path))
    }
}
