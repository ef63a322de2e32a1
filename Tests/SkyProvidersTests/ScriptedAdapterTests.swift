import FoundationEssentials
import SkyCore
import SkyProviders
import SkyTestSupport
import Testing

@Suite("A scripted adapter")
struct ScriptedAdapterTests {
    /// A scripted adapter over a fake, with its state in a fresh folder.
    private func scripted<Result>(
        _ configure: (inout ProviderScript) -> Void, seed: UInt64 = 1, clock: ManualClock = ManualClock(),
        _ body: (ScriptedAdapter, FakeAdapter) async throws -> Result
    ) async throws -> Result {
        var script = ProviderScript()
        configure(&script)
        var whole = MockScript(seed: seed)
        whole.providers["mock"] = script
        let mine = try #require(whole.script(for: "mock"))
        return try await withTemporaryFolder { folder in
            let fake = FakeAdapter()
            let adapter = ScriptedAdapter(base: fake, script: mine, stateFile: "\(folder)/s/state.json", clock: clock)
            return try await body(adapter, fake)
        }
    }

    @Test("without rules everything goes through")
    func calm() async throws {
        try await scripted({ _ in }) { adapter, fake in
            let group = try await adapter.provision(request("a", nodes: 3))
            #expect(group.nodes.count == 3)
            #expect(try await adapter.describe(token: "a") == group)
            #expect(try await adapter.list(run: RunID("r")) == [group])
            #expect(try await adapter.list(run: RunID("other")) == [])
            try await adapter.terminate(token: "a")
            #expect(try await fake.describe(token: "a") == nil)
        }
    }

    @Test("a stock-out of a zone ends after its first calls, and other zones never had it")
    func stockout() async throws {
        try await scripted({ $0.stockouts = [FaultRule(zone: "a", first: 2)] }) { adapter, fake in
            for number in 1...2 {
                let wanted = try request("t\(number)", zone: "a")
                #expect(
                    await failureKind { () throws(ProviderError) in _ = try await adapter.provision(wanted) }
                        == .noCapacity)
            }
            _ = try await adapter.provision(request("other", zone: "b"))
            _ = try await adapter.provision(request("unzoned"))
            _ = try await adapter.provision(request("t3", zone: "a"))
            #expect(fake.madeCount == 3)
        }
    }

    @Test("a stock-out for a time ends with it")
    func stockoutForATime() async throws {
        let clock = ManualClock()
        try await scripted({ $0.stockouts = [FaultRule(lasting: .seconds(30))] }, clock: clock) { adapter, _ in
            let wanted = try request("a")
            let refused = { () async in
                await failureKind { () throws(ProviderError) in _ = try await adapter.provision(wanted) } == .noCapacity
            }
            #expect(await refused())
            clock.advance(.seconds(29))
            #expect(await refused())
            clock.advance(.seconds(1))
            #expect(await !refused())
        }
    }

    @Test("a group that is there is neither out of stock nor over quota")
    func repetition() async throws {
        try await scripted({
            $0.quotas = [Quota(groups: 1)]
            $0.lostReplies = [FaultRule(first: 1)]
        }) { adapter, fake in
            let wanted = try request("a")
            #expect(
                await failureKind { () throws(ProviderError) in _ = try await adapter.provision(wanted) } == .transient)
            #expect(try await fake.describe(token: "a") != nil)
            #expect(try await adapter.provision(wanted).token == "a")
            #expect(fake.madeCount == 1)
        }
    }

    @Test("a quota counts groups and nodes of its region and is free again after terminate")
    func quota() async throws {
        try await scripted({ $0.quotas = [Quota(region: "r1", groups: 2), Quota(nodes: 4)] }) { adapter, _ in
            let full = { (token: String, region: String, nodes: Int) async throws in
                let wanted = try request(token, region: region, nodes: nodes)
                return await failureKind { () throws(ProviderError) in _ = try await adapter.provision(wanted) }
                    == .quota
            }
            #expect(try await !full("a", "r1", 1))
            #expect(try await !full("b", "r1", 1))
            #expect(try await full("c", "r1", 1))
            #expect(try await full("d", "r2", 5))
            #expect(try await !full("d", "r2", 4))
            #expect(try await full("e", "r2", 1))
            try await adapter.terminate(token: "a")
            #expect(try await !full("c", "r1", 1))
        }
    }

    @Test("two at once cannot both take the last place")
    func quotaUnderConcurrency() async throws {
        try await scripted({ $0.quotas = [Quota(groups: 3)] }) { adapter, fake in
            await withTaskGroup(of: Void.self) { tasks in
                for number in 0..<16 {
                    tasks.addTask { _ = try? await adapter.provision(request("t\(number)")) }
                }
            }
            #expect(fake.madeCount == 3)
        }
    }

    @Test("a failed provision holds no place")
    func failureFreesThePlace() async throws {
        try await scripted({ $0.quotas = [Quota(groups: 1)] }) { adapter, fake in
            fake.failNext(ProviderError(.noCapacity, provider: "mock", "none"))
            let wanted = try request("a")
            #expect(
                await failureKind { () throws(ProviderError) in _ = try await adapter.provision(wanted) } == .noCapacity
            )
            _ = try await adapter.provision(request("b"))
        }
    }

    @Test("calls beyond the rate limit are passing trouble until the period is over")
    func rateLimit() async throws {
        let clock = ManualClock()
        try await scripted({ $0.rateLimit = RateLimit(calls: 3, per: .seconds(1)) }, clock: clock) { adapter, _ in
            let limited = { () async in
                await failureKind { () throws(ProviderError) in _ = try await adapter.describe(token: "x") }
                    == .transient
            }
            for _ in 1...3 { #expect(await !limited()) }
            #expect(await limited())
            clock.advance(.seconds(1))
            #expect(await !limited())
        }
    }

    @Test("an unknown account fails every call")
    func credentials() async throws {
        try await scripted({ $0.credentialFailures = [FaultRule()] }) { adapter, fake in
            let wanted = try request("a")
            let kinds = [
                await failureKind { () throws(ProviderError) in _ = try await adapter.provision(wanted) },
                await failureKind { () throws(ProviderError) in _ = try await adapter.describe(token: "a") },
                await failureKind { () throws(ProviderError) in _ = try await adapter.list(run: nil) },
                await failureKind { () throws(ProviderError) in try await adapter.terminate(token: "a") },
            ]
            #expect(kinds == Array(repeating: .credentials, count: 4))
            #expect(fake.madeCount == 0)
        }
    }

    @Test("a group that does not boot is given back")
    func bootFailure() async throws {
        try await scripted({ $0.bootFailures = [FaultRule(first: 1)] }) { adapter, fake in
            let wanted = try request("a")
            #expect(
                await failureKind { () throws(ProviderError) in _ = try await adapter.provision(wanted) } == .transient)
            #expect(fake.madeCount == 1)
            #expect(try await fake.describe(token: "a") == nil)
            #expect(try await adapter.provision(wanted).state == .running)
        }
    }

    @Test("calls take the time the script gives them")
    func latency() async throws {
        let clock = ManualClock()
        try await scripted(
            {
                $0.provisionLatency = SpanRange(.seconds(2), .seconds(4))
                $0.terminateLatency = SpanRange(.seconds(1), .seconds(1))
            }, clock: clock
        ) { adapter, _ in
            _ = try await adapter.provision(request("a"))
            _ = try await adapter.provision(request("b"))
            try await adapter.terminate(token: "a")
            let slept = clock.slept
            #expect(slept.count == 3)
            #expect(slept.prefix(2).allSatisfy { $0 >= .seconds(2) && $0 <= .seconds(4) })
            #expect(slept[0] != slept[1])
            #expect(slept.last == .seconds(1))
        }
    }

    @Test("a preempted group is lost when its time has come, once, and its quota is free")
    func preemption() async throws {
        let clock = ManualClock(waits: true)
        try await scripted(
            {
                $0.preemptions = [
                    PreemptionRule(FaultRule(isSpot: true, first: 1), after: SpanRange(.seconds(10), .seconds(10)))
                ]
                $0.quotas = [Quota(groups: 2)]
            }, clock: clock
        ) { adapter, fake in
            _ = try await adapter.provision(request("spot", spot: true))
            _ = try await adapter.provision(request("firm"))
            clock.advance(TimeSpan(milliseconds: 9999))
            #expect(try await adapter.describe(token: "spot")?.state == .running)
            clock.advance(TimeSpan(milliseconds: 1))
            #expect(try await adapter.describe(token: "spot")?.state == .lost)
            #expect(try await adapter.describe(token: "firm")?.state == .running)
            _ = try await adapter.provision(request("later", spot: true))
            clock.advance(.seconds(60))
            #expect(try await adapter.describe(token: "later")?.state == .running)
        }
    }

    @Test("a preemption with notice is told so long before it comes, at the same moment by everybody")
    func notice() async throws {
        let clock = ManualClock(waits: true)
        let rule = PreemptionRule(
            FaultRule(isSpot: true), after: SpanRange(.seconds(100), .seconds(100)), notice: .seconds(30))
        try await scripted({ $0.preemptions = [rule] }, clock: clock) { adapter, fake in
            let due = clock.now() + .seconds(100)
            #expect(try await adapter.provision(request("spot", spot: true)).interruptionAt == nil)
            _ = try await adapter.provision(request("firm"))
            clock.advance(.seconds(69))
            #expect(try await adapter.describe(token: "spot")?.interruptionAt == nil)
            clock.advance(.seconds(1))
            let told = try #require(try await adapter.describe(token: "spot"))
            #expect(told.state == .running && told.interruptionAt == due)
            #expect(try await adapter.list(run: nil).map(\.interruptionAt) == [nil, due])
            #expect(try await adapter.provision(request("spot", spot: true)) == told)
            #expect(try await fake.describe(token: "spot")?.state == .running)
            clock.advance(.seconds(30))
            let lost = try #require(try await adapter.describe(token: "spot"))
            #expect(lost.state == .lost && lost.interruptionAt == nil)
        }
    }

    @Test("a group as journals before had it can be read")
    func oldGroup() throws {
        let text = """
            {"token": "r--s--1", "run": "r", "provider": "mock", "region": "x", "instanceType": "y", "state": "running",
             "nodes": [{"id": "n", "rank": 0, "address": "127.0.0.1"}]}
            """
        let group = try JSONDecoder().decode(NodeGroup.self, from: Data(text.utf8))
        #expect(group.state == .running && group.interruptionAt == nil && group.nodes.count == 1)
        let request = """
            {"token": "t", "run": "r", "region": "x", "instanceType": "y", "isSpot": false, "numNodes": 1, "labels": {}}
            """
        #expect(try JSONDecoder().decode(NodeGroupRequest.self, from: Data(request.utf8)).lease == nil)
    }

    @Test("a preemption comes without anybody asking", .timeLimit(.minutes(5)))
    func preemptionByItself() async throws {
        try await withTemporaryFolder { folder in
            var script = ProviderScript()
            let soon = TimeSpan(milliseconds: 20)
            script.preemptions = [PreemptionRule(FaultRule(), after: SpanRange(soon, soon))]
            let fake = FakeAdapter()
            let adapter = ScriptedAdapter(base: fake, script: script, stateFile: "\(folder)/state.json")
            _ = try await adapter.provision(request("a"))
            while try await fake.describe(token: "a")?.state != .lost { await Task.yield() }
        }
    }

    @Test("what a script has counted survives the broker")
    func restart() async throws {
        try await withTemporaryFolder { folder in
            var script = ProviderScript()
            script.stockouts = [FaultRule(first: 2)]
            script.preemptions = [PreemptionRule(FaultRule(), after: SpanRange(.seconds(5), .seconds(5)))]
            let (fake, clock) = (FakeAdapter(), ManualClock(waits: true))
            let wanted = try request("a")
            for expected in [ProviderError.Kind.noCapacity, .noCapacity, nil] {
                let adapter = ScriptedAdapter(
                    base: fake, script: script, stateFile: "\(folder)/state.json", clock: clock)
                #expect(
                    await failureKind { () throws(ProviderError) in _ = try await adapter.provision(wanted) }
                        == expected)
            }
            clock.advance(.seconds(6))
            let adapter = ScriptedAdapter(base: fake, script: script, stateFile: "\(folder)/state.json", clock: clock)
            #expect(try await adapter.list(run: nil).map(\.state) == [.lost])
        }
    }

    @Test("one seed gives one fate, another gives another, and both keep to the probability")
    func seeds() async throws {
        func fates(_ seed: UInt64) async throws -> [Bool] {
            try await scripted({ $0.stockouts = [FaultRule(probability: 0.3)] }, seed: seed) { adapter, _ in
                var fates: [Bool] = []
                for number in 0..<150 {
                    let wanted = try request("t\(number)")
                    let refused = await failureKind { () throws(ProviderError) in
                        _ = try await adapter.provision(wanted)
                    }
                    fates.append(refused == .noCapacity)
                }
                return fates
            }
        }
        let (one, again, other) = (try await fates(1), try await fates(1), try await fates(2))
        #expect(one == again)
        #expect(one != other)
        for fates in [one, other] { #expect((28...62).contains(fates.filter { $0 }.count)) }
    }
}
