import SkyCatalog
import SkyCore
import SkyPlacement
import SkyProviders
import SkyRuntime
import SkySpec
import SkyStorage
import Testing

@testable import SkyBroker

/// What a stage does after a failure, by the rules of its author.
@Suite("Recovery") struct RecoveryTests {
    private func history(
        market: Offer.Market = .onDemand, zones: [String] = ["a", "b"], _ change: (inout Stage) -> Void = { _ in }
    ) throws -> History {
        var stage = Stage(name: "one", outputs: [StageOutput(name: "out")], run: "true")
        change(&stage)
        return try History(launch: .of([stage], zones: zones, pricePerHour: Money("1") ?? .zero, market: market))
    }

    @Test(
        "a command that exceeds a limit fails its stage, which says which, and counts as one of its tries",
        arguments: [
            (JobLimit.time, "the command took longer than its timeout of 2h"),
            (.memory, "the command used more memory than its limit of 8.00 GB"),
        ])
    func exceeded(limit: JobLimit, sentence: String) throws {
        var history = try history {
            $0.timeout = TimeSpan("2h")
            $0.limits = StageLimits(memory: DataSize("8GB"))
            // Not even a code from which it recovers makes it one.
            $0.jobRecovery = JobRecovery(maxRestartsOnErrors: 1, recoverOnExitCodes: [143])
        }
        history.playToRunning("one")
        history.play(.jobEnded(history.id("one"), exitCode: 143, exceeded: limit))
        #expect(history.state.stages[0].lastTrouble == sentence && history.state.stages[0].errors == 1)
        history.play(.released(history.id("one")))
        history.ring(.phase, of: "one")
        history.play(.provisioned(history.id("one"), history.group("one")))
        history.play(.delivered(history.id("one"), []))
        history.play(.jobEnded(history.id("one"), exitCode: 143, exceeded: limit))
        history.play(.released(history.id("one")))
        #expect(history.state.status == .failed)
        #expect(history.state.stages[0].lastTrouble == "\(sentence); it was tried 2 times")
    }

    @Test("a command that fails is tried again as often as its author allows, and then says how often it was")
    func retries() throws {
        var history = try history { $0.jobRecovery = JobRecovery(maxRestartsOnErrors: 2) }
        history.playToRunning("one")
        for tries in 1...3 {
            history.play(.jobEnded(history.id("one"), exitCode: 1))
            history.play(.released(history.id("one")))
            if tries < 3 {
                history.ring(.phase, of: "one")
                history.play(.provisioned(history.id("one"), history.group("one")))
                history.play(.delivered(history.id("one"), []))
            }
        }
        #expect(history.state.status == .failed)
        #expect(history.state.stages[0].attempts.count == 3)
        #expect(
            history.state.stages[0].lastTrouble == "the command ended with exit code 1; it was tried 3 times")
    }

    @Test(
        "a stage that has not read its input yet waits when another finds it lost, and reads what is made again",
        arguments: [0, 1, 2])
    func unfed(_ progress: Int) throws {
        let reading = [StageInput(name: "data", source: .output(stage: "one", artifact: "out"))]
        var history = try History(
            launch: .of([
                Stage(name: "one", outputs: [StageOutput(name: "out")], run: "true"),
                Stage(name: "two", inputs: reading, run: "true"), Stage(name: "three", inputs: reading, run: "true"),
            ]))
        history.finish("one")
        if progress > 0 { history.play(.lookedUp(stage: "two", reuse: nil)) }
        if progress > 1 { history.play(.provisioned(history.id("two"), history.group("two"))) }
        history.play(.lookedUp(stage: "three", reuse: nil))
        history.play(.provisioned(history.id("three"), history.group("three")))
        history.play(.attemptFailed(history.id("three"), .inputsLost(["one.out"])))
        if progress > 0 { history.play(.released(history.id("two"))) }
        #expect(history.state.stages[1].phase == .waiting)
        let begun = history.state.stages[1].attempts.count
        history.finish("one")
        history.play(.lookedUp(stage: "two", reuse: nil))
        #expect(history.state.stages[1].attempts.count == begun + 1)
        let work = history.play(.provisioned(history.id("two"), history.group("two")))
        guard case .deliver(_, _, let inputs, _, _) = work.first else {
            Issue.record("nothing is delivered, but \(work)")
            return
        }
        #expect(inputs.map(\.name) == ["data"])
    }

    @Test("a clock that goes back while machines are held does not make them cost less than nothing")
    func clockGoesBack() throws {
        var history = try history()
        history.playToRunning("one")
        history.play(.jobEnded(history.id("one"), exitCode: 1), after: .seconds(-7200))
        history.play(.released(history.id("one")), after: .seconds(-1))
        #expect(history.state.view(at: history.now).cost == .zero)
    }

    @Test("an exit code from which the stage recovers is not counted")
    func recoverableCodes() throws {
        var history = try history { $0.jobRecovery = JobRecovery(recoverOnExitCodes: [33]) }
        history.playToRunning("one")
        for _ in 0..<5 {
            history.play(.jobEnded(history.id("one"), exitCode: 33))
            history.play(.released(history.id("one")))
            history.ring(.phase, of: "one")
            history.play(.provisioned(history.id("one"), history.group("one")))
            history.play(.delivered(history.id("one"), []))
        }
        #expect(history.state.stages[0].phase == .running)
        history.play(.jobEnded(history.id("one"), exitCode: 34))
        history.play(.released(history.id("one")))
        #expect(history.state.status == .failed)
    }

    @Test("a spot zone that took machines back is left out, then the machine, and the checkpoint is restored")
    func interruption() throws {
        var history = try history(market: .spot) {
            $0.checkpointPath = "ckpt"
            $0.checkpointInterval = .seconds(60)
        }
        history.playToRunning("one")
        #expect(history.ring(.nextSave, of: "one").count == 1)
        let saved = StoredArtifact.named("checkpoint", in: "aws")
        history.play(.checkpointed(history.id("one"), saved, number: 1))
        #expect(history.state.stages[0].checkpoint == saved)

        history.play(.attemptFailed(history.id("one"), .nodesLost(message: "taken")))
        history.play(.released(history.id("one")))
        #expect(history.state.stages[0].attempt?.zone == "b")
        let effects = history.play(.provisioned(history.id("one"), history.group("one")))
        #expect(
            effects == [
                .deliver(history.id("one"), history.group("one"), inputs: [], code: nil, checkpoint: saved)
            ])
        history.play(.attemptFailed(history.id("one"), .nodesLost(message: "taken")))
        history.play(.released(history.id("one")))
        #expect(history.state.stages[0].phase == .relocating)
        #expect(
            history.state.stages[0].excluded == [
                BlockedPlace(provider: "aws", region: "r", zone: "a", instanceType: "t", market: .spot),
                BlockedPlace(provider: "aws", region: "r", instanceType: "t", market: .spot),
            ])
    }

    @Test("a checkpoint is fetched every so often, also after one that failed")
    func saves() throws {
        var history = try history {
            $0.checkpointPath = "ckpt"
            $0.checkpointInterval = .seconds(60)
        }
        history.playToRunning("one")
        for number in 1...4 {
            let before = history.state.effects.filter { $0.id.slot == .nextSave }.map(\.id)
            #expect(history.ring(.nextSave, of: "one").count == 1)
            #expect(history.state.effects.filter { $0.id.slot == .nextSave }.allSatisfy { !before.contains($0.id) })
            if number == 2 {
                history.play(.checkpointFailed(history.id("one"), message: "none yet", number: number))
            } else {
                history.play(.checkpointed(history.id("one"), .named("checkpoint", in: "aws"), number: number))
            }
        }
    }

    @Test("a notice that machines will be taken saves what can be saved")
    func notice() throws {
        var history = try history(market: .spot) { $0.checkpointPath = "ckpt" }
        history.playToRunning("one")
        let effects = history.play(.lossNoticed(history.id("one"), at: history.now + .seconds(120)))
        #expect(effects == [.save(history.id("one"), history.group("one"), number: 1)])
        #expect(history.play(.lossNoticed(history.id("one"), at: history.now)).isEmpty)
    }

    @Test("three machines sold out in a region leave the region out, three regions the provider")
    func escalation() {
        func offer(_ region: String, _ type: String) -> Offer {
            Offer(provider: "aws", region: region, instanceType: type, cpus: 1, memoryGiB: 1, pricePerHour: .zero)
        }
        var excluded: [BlockedPlace] = []
        for region in ["r1", "r2", "r3"] {
            for type in ["a", "b", "c"] { excluded += FailurePolicy.soldOut(offer(region, type), excluded) }
        }
        #expect(excluded.filter { $0.instanceType != nil }.count == 9)
        #expect(excluded.filter { $0.instanceType == nil && $0.region != nil }.map(\.region) == ["r1", "r2", "r3"])
        #expect(excluded.last == BlockedPlace(provider: "aws"))
    }

    @Test("machines that never come are given up after half an hour")
    func patience() throws {
        var history = try history(zones: ["a", "b"])
        history.play(.lookedUp(stage: "one", reuse: nil))
        let before = history.now
        #expect(
            history.ring(.patience, of: "one") == [
                .release(history.id("one"), token: history.id("one").token, provider: "aws")
            ])
        #expect(history.now - before == PhaseLimits.provisioning)
        history.play(.released(history.id("one")))
        #expect(history.state.stages[0].attempt?.zone == "b")
    }
}

@Suite("Moves") struct MoveTests {
    private func moving(_ cost: String) throws -> (History, PlannedStage) {
        var history = try History(
            launch: .of([Stage(name: "one", run: "true")], zones: ["a"], pricePerHour: Money("1") ?? .zero))
        history.play(.lookedUp(stage: "one", reuse: nil))
        history.play(.provisionFailed(history.id("one"), ProviderError(.quota, provider: "aws", "none")))
        history.play(.released(history.id("one")))
        var planned = history.state.stages[0].planned
        planned.cost = Money(cost) ?? .zero
        return (history, planned)
    }

    @Test("a move that costs up to 20 % more needs nobody's leave")
    func small() throws {
        var (history, planned) = try moving("1.20")
        history.play(.relocated(stage: "one", planned, zones: []))
        #expect(history.state.stages[0].phase == .provisioning)
    }

    @Test("a dearer one is asked about, and goes on when a person agrees", arguments: [true, false])
    func asked(isYes: Bool) throws {
        var (history, planned) = try moving("1.21")
        let effects = history.play(.relocated(stage: "one", planned, zones: []))
        guard case .ask(let question)? = effects.first else { throw Missing() }
        #expect(question.text == "one would cost $1.21 on aws/r t, $1.00 was agreed to (+21 %)")
        history.play(.answered(Question(stage: "one", number: 0, text: ""), isYes: true))
        #expect(history.state.stages[0].phase == .asking, "an answer to another question")
        history.play(.answered(question, isYes: isYes))
        #expect(
            history.state.stages[0].phase == (isYes ? .provisioning : .ended(.failed("declined: \(question.text)"))))
    }

    @Test("when nobody can be asked the run fails, and says what it would have cost")
    func nobody() throws {
        var (history, planned) = try moving("3")
        let effects = history.play(.relocated(stage: "one", planned, zones: []))
        guard case .ask(let question)? = effects.first else { throw Missing() }
        history.play(.nobodyToAsk(question))
        #expect(history.state.status == .failed)
        #expect(
            history.state.stages[0].lastTrouble
                == "nobody was there to agree: one would cost $3.00 on aws/r t, $1.00 was agreed to (+200 %)")
    }

    struct Missing: Error {}
}

@Suite("Turns") struct TurnTests {
    private static func fan(_ count: Int, maxParallel: Int? = nil, options: LaunchOptions? = nil) -> Launch {
        var launch = Launch.of((0..<count).map { Stage(name: "s\($0)", run: "true") })
        launch.options = options
        launch.pipeline.maxParallel = maxParallel
        return launch
    }

    @Test("no more stages are at work than allowed, and the next begins when one has ended")
    func maxParallel() throws {
        var history = try History(launch: Self.fan(5, maxParallel: 2))
        #expect(history.state.stages.filter { $0.phase == .lookingUp }.map(\.name) == ["s0", "s1"])
        history.finish("s1")
        #expect(history.state.stages.filter { $0.phase == .lookingUp }.map(\.name) == ["s0", "s2"])
        for name in ["s0", "s2", "s3", "s4"] { history.finish(name) }
        #expect(history.state.status == .succeeded)
    }

    @Test("a stage that is asked to run anew does not look for earlier results")
    func anew() throws {
        let history = try History(launch: Self.fan(2, options: LaunchOptions(runAnew: ["s1"])))
        #expect(history.state.stages.map(\.phase) == [.lookingUp, .provisioning])
        #expect(history.state.stages[1].why == "asked to run anew")
    }
}
