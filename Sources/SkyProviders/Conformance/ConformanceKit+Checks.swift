import SkyCore
import SkyProcess
import SkyRuntime

extension ConformanceKit {
    /// What is tried, cheap before dear.
    public static let checks: [ConformanceCheck] = [
        never, impossible, oneToken, atOnce, lostAnswer, sameMachines, tags, terminate, goneIsGone, channel, gang,
        lease, stopAndStart, stoppedIsTerminated,
    ]

    private static let never = ConformanceCheck(
        id: "never-made", title: "a token that never was is known to nobody, and can be given back", nodes: 0,
        minutes: 0
    ) { trial in
        for token in [trial.token, "..", ""] {
            try trial.expect(try await trial.adapter.describe(token: token) == nil, "'\(token)' is described")
            try await trial.adapter.terminate(token: token)
        }
        try trial.expect(try await trial.listed().isEmpty, "something is listed that never was")
    }

    private static let impossible = ConformanceCheck(
        id: "all-or-nothing", title: "a request that cannot work is refused by its kind, and leaves nothing", nodes: 0,
        minutes: 0
    ) { trial in
        try await trial.expect([.badRequest], of: "a group of no nodes") {
            _ = try await trial.adapter.provision(trial.request(nodes: 0))
        }
        try await trial.expect([.badRequest, .quota, .noCapacity], of: "a group of 100,000 nodes") {
            _ = try await trial.adapter.provision(trial.request(nodes: 100_000))
        }
        try trial.expect(try await trial.listed().isEmpty, "part of a refused group is listed")
    }

    private static let oneToken = ConformanceCheck(
        id: "one-token", title: "one token is one group, however often it is asked for", nodes: 1, minutes: 5
    ) { trial in
        let wanted = trial.request()
        let group = try await trial.adapter.provision(wanted)
        try trial.expect(group.state == .running, "a provisioned group is \(group.state.rawValue)")
        try trial.expect(
            group.provider == trial.adapter.provider && group.region == wanted.region
                && group.instanceType == wanted.instanceType && group.run == wanted.run && group.token == wanted.token,
            "the group is not what was asked for: \(group)")
        try trial.expect(
            try await trial.adapter.provision(wanted).nodes == group.nodes, "a repeated request got other nodes")
        try trial.expect(
            try await trial.adapter.describe(token: wanted.token)?.nodes == group.nodes, "describe tells of other nodes"
        )
        try trial.expect(
            try await trial.listed().map(\.token) == [wanted.token], "it is not listed, or more than it is")
    }

    private static let atOnce = ConformanceCheck(
        id: "at-once", title: "one token asked for many times at once is one group", nodes: 1, minutes: 5
    ) { trial in
        let nodes = try await withThrowingTaskGroup(of: [String].self) { tasks in
            for _ in 0..<4 {
                tasks.addTask { try await trial.adapter.provision(trial.request()).nodes.map(\.id) }
            }
            var all: Set<[String]> = []
            for try await ids in tasks { all.insert(ids) }
            return all
        }
        try trial.expect(nodes.count == 1, "\(nodes.count) answers differ: \(nodes)")
        try trial.expect(try await trial.listed().count == 1, "more than one group is listed")
    }

    private static let lostAnswer = ConformanceCheck(
        id: "lost-answer", title: "a request whose answer nobody heard is the same request again", nodes: 1, minutes: 5
    ) { trial in
        // Whether it is cut off before, while or after the machines are made: the next one must find them.
        let unheard = Task { try? await trial.adapter.provision(trial.request()) }
        try? await Task.sleep(for: .milliseconds(20))
        unheard.cancel()
        let group = try await trial.adapter.provision(trial.request())
        _ = await unheard.value
        try trial.expect(group.state == .running, "the group is \(group.state.rawValue)")
        try trial.expect(try await trial.listed().count == 1, "more than one group is listed")
    }

    private static let sameMachines = ConformanceCheck(
        id: "same-machines", title: "a token does not come to mean other machines", nodes: 1, minutes: 5
    ) { trial in
        let group = try await trial.adapter.provision(trial.request())
        try await trial.expect([.badRequest], of: "the same token for two nodes") {
            _ = try await trial.adapter.provision(trial.request(nodes: 2))
        }
        try trial.expect(
            try await trial.adapter.describe(token: group.token)?.nodes == group.nodes, "the first group has changed")
    }

    private static let tags = ConformanceCheck(
        id: "tags", title: "what is rented is found by its run's tag, and by no other's", nodes: 1, minutes: 5
    ) { trial in
        let group = try await trial.adapter.provision(trial.request())
        try trial.expect(
            try await trial.adapter.list(run: nil).contains { $0.token == group.token && $0.run == group.run },
            "a list of everything leaves it out")
        try trial.expect(try await trial.listed().count == 1, "its run's list leaves it out")
        guard let other = RunID("\(runName)-other") else { return }
        try trial.expect(
            try await !trial.adapter.list(run: other).contains { $0.token == group.token }, "another run's list has it")
    }

    private static let terminate = ConformanceCheck(
        id: "terminate", title: "what is given back is gone, and may be given back twice", nodes: 1, minutes: 5
    ) { trial in
        let group = try await trial.adapter.provision(trial.request())
        try await trial.adapter.terminate(token: group.token)
        try trial.expect(try await trial.listed().isEmpty, "it is still listed")
        let after = try await trial.adapter.describe(token: group.token)
        try trial.expect(after == nil || after?.state == .lost, "it is described as \(after?.state.rawValue ?? "")")
        try await trial.adapter.terminate(token: group.token)
        try await trial.expect([.lost], of: "a channel to what is gone") {
            _ = try await trial.adapter.channel(to: group.nodes[0], of: group).connect()
        }
    }

    private static let goneIsGone = ConformanceCheck(
        id: "gone-is-gone", title: "nothing is made under a token that was given back, however late it was asked for",
        nodes: 1, minutes: 5
    ) { trial in
        // Whichever of the two is first: when both have answered, there is nothing.
        for delay in [0, 5, 40] {
            let late = trial.request("-\(delay)")
            let asked = Task { try? await trial.adapter.provision(late) }
            try? await Task.sleep(for: .milliseconds(delay))
            try await trial.adapter.terminate(token: late.token)
            _ = await asked.value
            try trial.expect(try await trial.listed().isEmpty, "a request that was under way has made something")
        }
        let group = try await trial.adapter.provision(trial.request())
        try await trial.adapter.terminate(token: group.token)
        try await trial.expect([.lost], of: "asking again under a token that was given back") {
            _ = try await trial.adapter.provision(trial.request())
        }
        try trial.expect(try await trial.listed().isEmpty, "it was made again")
    }

    private static let channel = ConformanceCheck(
        id: "channel", title: "a node runs a job, says how it ended, and carries files both ways", nodes: 1, minutes: 6
    ) { trial in
        let group = try await trial.adapter.provision(trial.request())
        let (channel, agent) = try await trial.connect(group)
        let folder = "/tmp/\(runName)-\(UInt64.random(in: 0 ... .max))"
        defer { try? Disk.remove(folder) }
        try Files.makeFolder(folder, mode: 0o700)
        try Files.replace("\(folder)/in.txt", with: "there and back\n".utf8, durability: .processes)
        try await channel.push(from: "\(folder)/in.txt", to: "work/in.txt")
        _ = try await agent.submit(JobSpec(id: "job", run: "cat in.txt; cp in.txt out.txt; exit 7"))
        let code = try await agent.waitForExit(ofJob: "job")
        try trial.expect(code == 7, "the job ended with \(code), not 7")
        var log: [UInt8] = []
        for try await chunk in agent.logs(ofJob: "job", from: 0, follow: true) { log += chunk.bytes }
        await agent.close()
        try trial.expect(log == Array("there and back\n".utf8), "the log is not what the job wrote")
        try trial.expect(try await channel.exists("work/out.txt"), "a file that the job wrote is not there")
        try await channel.pull(from: "work/out.txt", to: "\(folder)/out.txt")
        try trial.expect(try Files.read("\(folder)/out.txt") == log, "the file came back changed")
        try await trial.expect([.badRequest], of: "a path that leaves the node") {
            try await channel.push(from: "\(folder)/in.txt", to: "../../../x")
        }
    }

    private static let gang = ConformanceCheck(
        id: "gang", title: "a gang has its ranks, its addresses, and an agent on each node", nodes: 2, minutes: 6
    ) { trial in
        let group = try await trial.adapter.provision(trial.request(nodes: 2))
        try trial.expect(group.nodes.map(\.rank) == [0, 1], "its ranks are \(group.nodes.map(\.rank))")
        try trial.expect(Set(group.nodes.map(\.id)).count == 2, "its nodes share a name")
        try trial.expect(group.nodes.allSatisfy { !$0.address.isEmpty }, "a node has no address")
        for rank in 0..<2 { await (try await trial.connect(group, rank)).agent.close() }
    }

    private static let lease = ConformanceCheck(
        id: "lease", title: "a node whose lease nobody renews ends itself", nodes: 1, minutes: 10
    ) { trial in
        let group = try await trial.adapter.provision(trial.request(lease: .hour))
        let agent = try await trial.connect(group).agent
        try await agent.renewLease(for: TimeSpan(milliseconds: 500))
        await agent.close()
        let end = ContinuousClock.now + .seconds(300)
        while ContinuousClock.now < end {
            let now = try await trial.adapter.describe(token: group.token)
            if now == nil || now?.state == .lost { return }
            try await Task.sleep(for: .milliseconds(200))
        }
        throw ConformanceFailure(description: "five minutes after its lease ran out it is still there")
    }
}
