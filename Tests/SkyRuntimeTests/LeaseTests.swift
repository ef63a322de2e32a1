import Glibc
import SkyCore
import SkyProcess
import SkyTestSupport
import Testing

@testable import SkyRuntime

@Suite("leases", .timeLimit(.minutes(5)))
struct LeaseTests {
    private static let short = TimeSpan(milliseconds: 300)

    /// A job whose processes hide: sessions and environments of their own, deaf to being asked to end.
    private static let hidden = """
        setsid env -i sh -c 'trap "" TERM; while :; do sleep 0.05; done' &
        echo ready; trap '' TERM; while :; do sleep 0.05; done
        """

    private func start(_ job: JobSpec, on agent: AgentClient) async throws {
        _ = try await agent.submit(job)
        for try await _ in agent.logs(ofJob: job.id, from: 0, follow: true) { break }
    }

    @Test("a node that nobody renews ends itself, with all that its jobs have started")
    func runsOut() async throws {
        try await withNode(lease: .hour) { node in
            let agent = try await node.connect()
            try await start(JobSpec(id: "j", run: Self.hidden), on: agent)
            let tree = node.survivors()
            #expect(tree.count >= 4)
            let code = Task { try await agent.waitForExit(ofJob: "j") }
            try await agent.renewLease(for: Self.short)
            let error = await #expect(throws: AgentError.self) { try await code.value }
            #expect(error?.kind == .ending || error?.kind == .disconnected)
            try await eventually { node.survivors().isEmpty }
            #expect(tree.filter(ProcessTable.isAlive).isEmpty)
            #expect(NodeEnd.hasBegun(in: node.directory))
            // What is on the disk outlives the lease.
            #expect(node.job("j").end() != nil)
        }
    }

    @Test("a lease given at the start runs out too")
    func fromTheStart() async throws {
        try await withNode(lease: Self.short) { node in
            try await eventually { node.survivors().isEmpty }
            #expect(NodeEnd.hasBegun(in: node.directory))
        }
    }

    @Test("a node that is renewed goes on beyond its lease, and one that had none has one then")
    func renewed() async throws {
        try await withAgent { node, agent in
            let before = try node.folder.lease.load()
            #expect(before == nil)
            _ = try await agent.submit(JobSpec(id: "j", run: "while [ ! -e go ]; do sleep 0.01; done"))
            var deadlines: [Int64] = []
            for hours in 1...5 {
                try await agent.renewLease(for: .seconds(Int64(hours) * 3600))
                deadlines.append(try #require(try node.folder.lease.load()).deadline)
            }
            #expect(deadlines == deadlines.sorted() && Set(deadlines).count == 5)
            // Many leases long, as long as each renewal comes in time.
            let brief = TimeSpan.seconds(2)
            let end = ContinuousClock.now + .seconds(5)
            var last = monotonicMilliseconds()
            while true {
                let isLast = ContinuousClock.now >= end
                // Before it is asked: the answer may be heard long after the agent has given it.
                let asked = monotonicMilliseconds()
                do { try await agent.renewLease(for: isLast ? .hour : brief) } catch {
                    // A machine that stood still for a whole lease proves nothing.
                    if monotonicMilliseconds() - last > brief.milliseconds / 2 { return }
                    throw error
                }
                if isLast { break }
                last = asked
                try await Task.sleep(for: .milliseconds(100))
            }
            #expect(try await agent.state(ofJob: "j") == .running)
            #expect(!NodeEnd.hasBegun(in: node.directory))
        }
    }

    @Test("an agent that is killed and started again goes on with the lease that there is")
    func restart() async throws {
        try await withNode(lease: .hour) { node in
            let agent = try await node.connect()
            try await agent.renewLease(for: .seconds(1800))
            let before = try #require(try node.folder.lease.load())
            try await node.killAgent()
            try await node.start(lease: .hour)
            let after = try node.folder.lease.load()
            #expect(after == before)
            try await start(JobSpec(id: "j", run: Self.hidden), on: try await node.connect())
            try await node.connect().renewLease(for: Self.short)
            try await node.killAgent()
            // Whether the lease has run out by then or does a little later: the node ends.
            try? await node.start(lease: .hour)
            try await eventually { node.survivors().isEmpty }
            #expect(NodeEnd.hasBegun(in: node.directory))
        }
    }

    @Test("without an agent, supervisors end their jobs when the lease has run out")
    func noAgent() async throws {
        // On a machine too busy to kill the agent before its lease has run out, once more with more time.
        for span in [TimeSpan.seconds(2), .seconds(20), .seconds(100)] {
            let isShown = try await withNode(lease: span) { node in
                guard let pid = node.agentPID, let agent = try? await node.connect(),
                    (try? await start(JobSpec(id: "j", run: Self.hidden), on: agent)) != nil
                else { return false }
                kill(pid, SIGKILL)
                try await eventually { !ProcessTable.isAlive(pid) }
                guard !NodeEnd.hasBegun(in: node.directory) else { return false }
                try await eventually { node.survivors().isEmpty }
                let lease = try node.folder.lease
                #expect(lease.hasEnded && lease.cutShort("j"))
                return true
            }
            if isShown { return }
        }
        Issue.record("the agent was never dead before its lease had run out")
    }

    @Test("a node that has ended is not started again")
    func noWayBack() async throws {
        try await withNode(lease: Self.short) { node in
            try await eventually { node.survivors().isEmpty }
            let error = await #expect(throws: AgentError.self) { try await node.start(lease: .hour) }
            #expect(error?.message.contains("lease") == true, "\(error as Any)")
            #expect(node.survivors().isEmpty)
        }
    }

    @Test("a machine is given back by its command, when all jobs are gone, and refuses work meanwhile")
    func command() async throws {
        try await withTemporaryFolder { folder in
            let node = TestNode(directory: folder)
            try await AgentLauncher(executable: TestNode.executable).start(
                directory: folder, lease: .hour,
                nodeEnd: .command("echo down >> '\(folder)/given-back'"))
            let agent = try await node.connect()
            _ = try await agent.submit(JobSpec(id: "done", run: "exit 3"))
            #expect(try await agent.waitForExit(ofJob: "done") == 3)
            try await start(JobSpec(id: "j", run: Self.hidden), on: agent)
            try await agent.renewLease(for: Self.short)
            try await eventually { Files.exists("\(folder)/given-back") }
            #expect(node.job("j").end() != nil)
            // The command did not take this machine away: its agent says what is, until it does.
            #expect(try await agent.waitForExit(ofJob: "done") == 3)
            for call in [JobSpec(id: "j", run: ""), JobSpec(id: "new", run: "true")] {
                let error = await #expect(throws: AgentError.self) { try await agent.submit(call) }
                #expect(error?.kind == .ending)
            }
            let late = await #expect(throws: AgentError.self) { try await agent.renewLease(for: .hour) }
            #expect(late?.kind == .ending)
            // An agent that dies in between is started again by the machine, and ends it all the same.
            try await node.killAgent()
            unlink("\(folder)/given-back")
            try await node.start()
            try await eventually { Files.exists("\(folder)/given-back") }
            await NodeProcesses(directory: folder).cutPower()
        }
    }

    @Test("a span that is none is refused", arguments: [0, -1, .min, .max, LeaseRecord.longest.milliseconds + 1])
    func noSpan(_ milliseconds: Int64) async throws {
        try await withAgent { node, agent in
            let error = await #expect(throws: AgentError.self) {
                try await agent.renewLease(for: TimeSpan(milliseconds: milliseconds))
            }
            #expect(error?.kind == .refused)
            let lease = try node.folder.lease.load()
            #expect(lease == nil)
        }
    }

    @Test("a lease of an earlier run of the machine begins anew, and one of this run keeps its end")
    func boots() {
        var record = LeaseRecord(.hour, end: .processes)
        #expect(record.goingOn() == record)
        record.deadline += 86_400_000
        #expect(record.goingOn().deadline <= monotonicMilliseconds() + TimeSpan.hour.milliseconds)
        record.boot = "another"
        record.deadline = 5
        let anew = record.goingOn()
        #expect(anew.boot == ProcessIdentity.currentBoot && anew.deadline > monotonicMilliseconds())
        #expect(LeaseRecord(text: anew.text) == anew)
        record.end = .command("shutdown -h now\n  || poweroff")
        #expect(LeaseRecord(text: record.text) == record)
        for broken in ["", "1 2", "1 2 3", "0 2 3\n", "a 2 3\n", "\n\n\n"] { #expect(LeaseRecord(text: broken) == nil) }
        #expect(record.grace == .seconds(30))
        #expect(LeaseRecord(.seconds(4), end: .processes).grace == .seconds(1))
    }

    @Test("what an agent is told of a lease on its command line")
    func arguments() throws {
        let wanted = AgentArguments.Command.serve(
            directory: "/d", readyDescriptor: nil,
            AgentArguments.Lease(span: .seconds(7200), end: .command("shutdown -h now")))
        let line = AgentCommand.arguments(
            "serve", directory: "/d", lease: .seconds(7200), nodeEnd: .command("shutdown -h now"))
        #expect(try AgentArguments(line).command == wanted)
        #expect(try AgentArguments(["serve", "--dir", "/d", "--lease", "2h"]).command != wanted)
        for wrong in ["0s", "-1s", "2", "soon", "400d"] {
            #expect(throws: AgentArguments.Wrong.self) {
                try AgentArguments(["serve", "--dir", "/d", "--lease", wrong])
            }
        }
    }
}
