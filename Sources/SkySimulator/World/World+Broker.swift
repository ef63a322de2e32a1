import SkyBroker
import SkyCore
import SkyPlacement
import SkySpec

/// The broker: does what `RunDriver` does, level-triggered by the effects' ids, and dies between any two steps.
extension World {
    func launch(_ index: Int) {
        let pipeline = scenario.pipelines[index % scenario.pipelines.count]
        guard let id = RunID("\(pipeline.pipeline.name.prefix(40))-\(index)") else { return }
        let launch = launch(of: pipeline, id, index)
        guard let run = SimulatedRun(index: index, pipeline: pipeline, launch: launch, at: now) else {
            return checks.fell(EveryRunEnds.self, "\(id) could not be begun: its plan lacks a stage", self)
        }
        runs[index] = run
        story?.tell(.launched(id.text), now)
        note(Array(run.watch.indices), of: run)
        start(run)
        scheduleLife(of: run)
    }

    /// Some runs do the same as an earlier one, so that its results can be found.
    private func launch(of pipeline: SimulatedPipeline, _ id: RunID, _ index: Int) -> Launch {
        let isSame = chance.unit(Decision(Matter.shape, run: index)) < 0.3
        let recipe = Chance.mixed(Chance.number(of: pipeline.pipeline.name) &+ (isSame ? 1 : UInt64(index) + 2))
        var code: [String: StoredArtifact] = [:]
        var external: [String: StoredArtifact] = [:]
        for (position, stage) in pipeline.pipeline.stages.enumerated() {
            let salt = UInt64(position) << 8
            code[stage.name] = stores.put(
                Chance.mixed(recipe ^ salt), named: "code", at: .here, size: DataSize(bytes: 10_000))
            for (number, input) in stage.inputs.enumerated() {
                if case .output = input.source { continue }
                external["\(stage.name).\(input.name)"] = stores.put(
                    Chance.mixed(salt &+ UInt64(number) &+ 77), named: input.name, at: .here,
                    size: input.size ?? DataSize(bytes: 1_000_000))
            }
        }
        return Launch(
            run: id, pipeline: pipeline.pipeline, plan: pipeline.plan, zones: pipeline.zones, code: code,
            externalInputs: external, options: options(of: index))
    }

    /// Some people want to look at what has failed.
    private func options(of run: Int) -> LaunchOptions? {
        guard chance.unit(Decision(Matter.shape, run: run, count: 1)) < 0.25 else { return nil }
        return LaunchOptions(keepOnFailure: .seconds(1800))
    }

    func start(_ run: SimulatedRun) {
        run.incarnation += 1
        if let died = run.diedAt {
            run.excusedTime = run.excusedTime + (now - died)
            // The launch is never doubted: it is in the journal before there is a broker.
            figures.folded += run.journal.count - 1
            let folded = RunState(run.launched, followedBy: run.journal.dropFirst())
            if run.diedWithAllWritten, folded != run.state {
                return checks.fell(
                    FoldIsState.self, "of \(run.launch.run) after \(run.journal.count) events", self)
            }
            run.state = folded
            stepClock(of: run)
            story?.tell(.restarted(run.launch.run.text), now)
        }
        run.isAlive = true
        run.mailbox = run.requests
        run.isTurnDue = false
        guard take([.driverStarted(processID: Int32(run.incarnation))], run) != nil else { return }
        for stage in -1..<run.state.stages.count {
            keepUnderWay(stage, run)
            guard run.isAlive, checks.fall == nil else { return }
        }
        if !run.mailbox.isEmpty { scheduleTurn(run) }
        lookForService(run)
    }

    private func stepClock(of run: SimulatedRun) {
        guard gate.strikes(.clockStep, run: run.index, count: run.incarnation, at: now) else { return }
        let offset = span(
            Decision(Matter.moment, run: run.index, count: run.incarnation), .seconds(-600), .seconds(600))
        run.excusedTime = run.excusedTime + TimeSpan(milliseconds: abs((offset - run.clockOffset).milliseconds))
        run.clockOffset = offset
    }

    func put(_ event: RunEvent, to run: SimulatedRun) {
        guard run.isAlive else { return }
        run.mailbox.append(event)
        scheduleTurn(run)
    }

    /// Writing takes a moment, in which more may come.
    private func scheduleTurn(_ run: SimulatedRun) {
        guard !run.isTurnDue else { return }
        run.isTurnDue = true
        let pause = 1 + Int64(chance.bits(Decision(Matter.travel, run: run.index, count: run.journal.count)) & 7)
        queue.push(
            .turn(run: run.index, incarnation: run.incarnation), at: now + TimeSpan(milliseconds: pause))
    }

    func takeTurn(_ run: SimulatedRun) {
        run.isTurnDue = false
        guard run.isAlive, !run.mailbox.isEmpty else { return }
        let events = run.mailbox
        run.mailbox.removeAll(keepingCapacity: true)
        guard let touched = take(events, run) else { return }
        guard run.state.endedAt == nil else { return finish(run) }
        if run.state.isHalted, run.state.status == .stopped { checks.rests(run, self) }
        if dies(run, .killBeforeEffects, at: events[0]) { return }
        for stage in touched {
            keepUnderWay(stage, run)
            guard run.isAlive, checks.fall == nil else { return }
        }
        lookForService(run)
    }

    /// Takes events into the state and the journal; only then may anything follow from them.
    ///
    /// - Returns: the stages whose effects can have changed; nil when the broker died over it.
    private func take(_ events: [RunEvent], _ run: SimulatedRun) -> [Int]? {
        var touched: [Int] = [-1]
        let clock = now + run.clockOffset
        var recorded: [RecordedEvent] = []
        recorded.reserveCapacity(events.count)
        for event in events {
            let dice = UInt32(
                truncatingIfNeeded: chance.bits(
                    Decision(Matter.dice, run: run.index, count: run.journal.count + recorded.count)))
            let rolled = bug == .rollsItsOwnDice ? UInt32.random(in: .min ... .max) : dice
            let entry = RecordedEvent(event, at: clock, dice: rolled)
            for stage in run.state.apply(entry) where !touched.contains(stage) { touched.append(stage) }
            recorded.append(entry)
        }
        figures.events += events.count
        if bug == .effectsBeforeJournal { touched.forEach { keepUnderWay($0, run) } }
        if dies(run, .killBeforeAppend, at: events[0]) { return nil }
        guard !isDiskFull(run) else {
            kill(run, .fullDisk)
            return nil
        }
        if bug == .forgetsToWriteDown {
            recorded.removeAll { if case .delivered = $0.event { true } else { false } }
        }
        run.journal += recorded
        story?.tell(recorded, of: run, now)
        remember(events, run)
        note(touched, of: run)
        return checks.fall == nil ? touched : nil
    }

    private func isDiskFull(_ run: SimulatedRun) -> Bool {
        let (hour, rest) = (now - World.begin).milliseconds.quotientAndRemainder(dividingBy: 3_600_000)
        // For the first ten minutes of an hour that is so marked.
        return rest < 600_000 && gate.strikes(.fullDisk, name: 0, period: Int(hour), at: now)
    }

    private func finish(_ run: SimulatedRun) {
        for stage in -1..<run.state.stages.count { cancelAll(stage, run) }
        run.isAlive = false
        run.isOver = true
        figures.folded += run.journal.count
        checks.ended(run, self)
        figures.planned += run.launch.plan.totalCost
        figures.metered += run.metered
        story?.tell(.ended(run.launch.run.text, "\(run.state.status.rawValue)"), now)
    }

    // MARK: Death

    private func dies(_ run: SimulatedRun, _ kind: FaultKind, at event: RunEvent) -> Bool {
        let (stage, attempt, count) = event.coordinates(among: run.stageNames)
        guard
            gate.strikesOnce(kind, run: run.index, stage: stage, attempt: attempt, count: count, at: now)
        else { return false }
        kill(run, kind)
        return true
    }

    func kill(_ run: SimulatedRun, _ kind: FaultKind) {
        figures.crashes += 1
        story?.tell(.died(run.launch.run.text, kind), now)
        for stage in -1..<run.state.stages.count { cancelAll(stage, run) }
        // What was taken in and not written is lost with the broker; all else the journal must give back.
        run.diedWithAllWritten = kind == .kill || kind == .killBeforeEffects || kind == .killAmidEffects
        run.isAlive = false
        run.mailbox.removeAll()
        run.isTurnDue = false
        run.diedAt = now
        let (least, most) = (scenario.faults.deadFor.lowerBound, scenario.faults.deadFor.upperBound)
        let share = chance.unit(Decision(Matter.downtime, run: run.index, count: run.incarnation))
        let pause = Double(max(1, least.milliseconds)) * power(most, over: least, share)
        queue.push(.restart(run: run.index), at: now + TimeSpan(milliseconds: Int64(pause)))
    }

    private func power(_ most: TimeSpan, over least: TimeSpan, _ share: Double) -> Double {
        // 2^(share · log2 ratio) by steps: the same on every machine, whatever its mathematics library.
        var (ratio, left) = (Double(most.milliseconds) / Double(max(1, least.milliseconds)), share)
        var result = 1.0
        for _ in 0..<20 {
            ratio = ratio.squareRoot()
            left *= 2
            if left >= 1 {
                result *= ratio
                left -= 1
            }
        }
        return result
    }

    // MARK: Effects

    /// As `RunDriver` does it: what is wanted and not under way is begun, what is under way and not wanted is left.
    private func keepUnderWay(_ stage: Int, _ run: SimulatedRun) {
        let slot = stage + 1
        // The run's own are its budget's.
        if stage < 0, run.launch.pipeline.budget == nil { return }
        wanted.begin(beside: run.underWay[slot].ids)
        run.state.borrow { $0.gatherEffects(of: stage, in: &wanted) }
        for operation in run.underWay[slot].keepOnly(wanted.ids) { cancel(operation, of: run) }
        for effect in wanted.new {
            if bug != .effectsBeforeJournal, diesAmid(run, effect.id) { return }
            run.underWay[slot].add(effect.id, begin(effect, stage: stage, run))
        }
    }

    private func diesAmid(_ run: SimulatedRun, _ id: Effect.ID) -> Bool {
        let count = id.serial << 4 | Int(id.slot.rawValue)
        guard gate.strikesOnce(.killAmidEffects, run: run.index, stage: id.stage, attempt: 0, count: count, at: now)
        else { return false }
        kill(run, .killAmidEffects)
        return true
    }

    private func cancelAll(_ stage: Int, _ run: SimulatedRun) {
        for operation in run.underWay[stage + 1].keepOnly([]) { forget(operation) }
    }

    /// Nobody waits for it any more; now and then its answer comes all the same.
    private func cancel(_ reference: Operations.Reference, of run: SimulatedRun) {
        guard let operation = operations[reference] else { return }
        if let answer = operation.answer, operation.isQueued,
            gate.strikes(
                .lateAnswer, run: run.index, stage: operation.stage, attempt: operation.attempt,
                count: operation.id.serial, at: now)
        {
            post(answer, to: run, after: .seconds(30))
        }
        forget(reference)
    }

    private func forget(_ reference: Operations.Reference) {
        guard let operation = operations[reference] else { return }
        // A call that is on its way arrives, whoever waits for the answer.
        if operation.isQueued {
            operations[reference]?.isHeard = false
        } else {
            operations.remove(reference)
        }
    }

    func post(_ event: RunEvent, to run: SimulatedRun, after pause: TimeSpan) {
        letters.append(event)
        queue.push(.letter(run: run.index, number: letters.count - 1), at: now + pause)
    }

    // MARK: What outlives a run

    private func remember(_ events: [RunEvent], _ run: SimulatedRun) {
        for case .collected(let id, let outputs) in events where !outputs.isEmpty {
            guard let index = run.pipeline.index(of: id.stage), run.state.stages[index].outputs != nil else { continue }
            let inputs = run.attempt(AttemptPlace(run: run.index, stage: index, number: id.number)).inputs
            stores.remember(Reuse(run: run.launch.run, outputs: outputs), under: recipe(index, run, inputs: inputs))
        }
    }

    /// All that could change what a stage makes, as a number.
    func recipe(_ stage: Int, _ run: SimulatedRun, inputs: UInt64) -> UInt64 {
        let name = run.pipeline.pipeline.stages[stage].name
        let code = run.launch.code[name].map { stores.number(of: $0) } ?? 0
        return Chance.mixed(inputs ^ Chance.mixed(code &+ UInt64(stage)))
    }

    func number(of inputs: [StoredArtifact]) -> UInt64 {
        inputs.reduce(17) { Chance.mixed($0 &+ stores.number(of: $1)) }
    }

    /// Sees what has changed, and checks it.
    private func note(_ touched: [Int], of run: SimulatedRun) {
        for stage in touched where stage >= 0 { checks.note(stage, of: run, self) }
    }
}

extension SimulatedPipeline {
    func index(of stage: String) -> Int? { pipeline.stages.firstIndex { $0.name == stage } }
}
