import SkyBroker
import SkyCatalog
import SkyCore
import SkyPlacement
import SkyProviders
import SkySpec

/// What happens on nodes: files, jobs, and the nodes' own end.
extension World {
    func node(_ place: AttemptPlace, _ what: NodeHappening) {
        guard let run = runs[place.run] else { return }
        let attempt = run.attempt(place)
        let occupant = attempt.occupant ?? place
        switch what {
        case .notice:
            guard attempt.machines.isLive, run.isAlive, let keeper = attempt.keeper, operations.isCurrent(keeper),
                let id = run.id(of: occupant)
            else { return }
            put(.lossNoticed(id, at: now + .seconds(120)), to: run)
        case .taken, .bootFailed:
            guard attempt.machines.isLive else { return }
            // Since it came, the machine was stopped and started again.
            if case .creating(let readyAt) = attempt.machines, readyAt != now, what == .bootFailed { return }
            story?.tell(.taken(run.name(of: place)), now)
            endMachines(place, as: .lost)
            if let keeper = attempt.keeper { tellOfLoss(occupant, keeper) }
            if let waiter = run.attempt(occupant).waiter { breakOff(waiter, occupant, run) }
        case .jobEnds:
            guard case .working(let until, let code) = attempt.job, until == now else { return }
            run.update(place) {
                if bug != .leavesJobsBehind { $0.job = .ended(code: code) }
                if code == 0 { $0.successes += 1 }
            }
            if let waiter = attempt.waiter { tellEnd(code, waiter, place, run) }
        }
    }

    /// The connection to the job breaks, and the node does not come back.
    private func breakOff(_ waiter: Operations.Reference, _ place: AttemptPlace, _ run: SimulatedRun) {
        guard let operation = operations[waiter], !operation.isQueued, let id = run.id(of: place) else { return }
        answer(
            waiter, .attemptFailed(id, .nodesLost(message: "the agent does not answer any more")),
            at: now + pause(place, operation.id, .seconds(2), .seconds(30), Matter.detection))
    }

    private func tellEnd(_ code: Int, _ waiter: Operations.Reference, _ place: AttemptPlace, _ run: SimulatedRun) {
        guard let operation = operations[waiter], !operation.isQueued, let id = run.id(of: place) else { return }
        answer(waiter, .jobEnded(id, exitCode: code), at: now + travelTime(place, operation.id, tries: 2))
    }

    /// True, and said so, when the attempt's nodes cannot be reached.
    private func isCutOff(_ id: AttemptID, _ place: AttemptPlace, _ operation: Operation, _ run: SimulatedRun) -> Bool {
        guard run.machines(of: place).machines.isLive else {
            put(.attemptFailed(id, .nodesLost(message: "the node does not answer")), to: run)
            return true
        }
        guard
            gate.strikes(
                .channelTrouble, run: place.run, stage: place.stage, attempt: place.number,
                count: operation.id.serial, at: now)
        else { return false }
        put(.attemptFailed(id, .transient(message: "the connection to the node was reset")), to: run)
        return true
    }

    // MARK: Files

    func deliver(
        _ id: AttemptID, _ inputs: [StoredArtifact], _ checkpoint: StoredArtifact?, _ place: AttemptPlace,
        _ operation: Operation, _ reference: Operations.Reference, _ run: SimulatedRun
    ) {
        operations.remove(reference)
        let lost = inputs.enumerated().filter { index, input in !isStored(input, index, place, operation) }
        guard lost.isEmpty else {
            let stage = run.pipeline.pipeline.stages[place.stage]
            return put(.attemptFailed(id, .inputsLost(lost.map { stage.source(ofInput: $0.offset) })), to: run)
        }
        if isCutOff(id, place, operation, run) { return }
        let progress = checkpoint.map { stores.progress(in: $0) } ?? .zero
        let number = bug == .deliversWrongInputs && run.incarnation > 1 ? 1 : number(of: inputs)
        occupy(place, run)
        run.update(place) {
            $0.inputs = number
            $0.areInputsThere = true
            $0.progress = progress
        }
        put(.delivered(id, []), to: run)
    }

    /// The attempt begins to work on its machines, whoever did before.
    private func occupy(_ place: AttemptPlace, _ run: SimulatedRun) {
        let renter = run.renter(of: place)
        run.update(place) { _ in }
        let before = run.attempt(renter).occupant ?? renter
        run.update(renter) {
            if case .creating = $0.machines { $0.machines = .up }
            $0.occupant = place == renter ? nil : place
        }
        guard before != place else { return }
        run.watch[before.stage].liveGroups -= 1
        run.watch[place.stage].liveGroups += 1
        checks.passedOn(from: before, to: place, in: run, self)
    }

    /// Sometimes it has just been lost. What came from outside the pipeline is nobody's to make again.
    private func isStored(_ input: StoredArtifact, _ index: Int, _ place: AttemptPlace, _ operation: Operation) -> Bool
    {
        guard let run = runs[place.run] else { return false }
        let number = stores.number(of: input)
        let stage = run.pipeline.pipeline.stages[place.stage]
        guard stage.inputs.indices.contains(index), case .output = stage.inputs[index].source else { return true }
        if gate.strikes(
            .artifactRot, run: place.run, stage: place.stage, attempt: place.number, count: index, at: now)
        {
            stores.rot(number)
        }
        return stores.has(number)
    }

    func collect(
        _ id: AttemptID, _ group: NodeGroup, _ place: AttemptPlace, _ operation: Operation, _ run: SimulatedRun
    ) {
        if isCutOff(id, place, operation, run) { return }
        if gate.strikes(.missingOutput, run: place.run, stage: place.stage, attempt: place.number, at: now) {
            let message = "an output was not written: the command must write it to where $SKY_OUTPUT_… says"
            return put(.attemptFailed(id, .stage(message: bug == .failsWithoutReason ? "" : message)), to: run)
        }
        let here = group.location
        let recipe = recipe(place.stage, run, inputs: run.attempt(place).inputs)
        var outputs: [StoredArtifact] = []
        for (index, output) in run.pipeline.pipeline.stages[place.stage].outputs.enumerated() {
            let number = Chance.mixed(recipe &+ UInt64(index) &+ 1)
            outputs.append(
                stores.put(number, named: output.name, at: here, size: output.size ?? DataSize(bytes: 1_000_000)))
        }
        put(.collected(id, outputs), to: run)
    }

    func save(
        _ id: AttemptID, _ group: NodeGroup, _ number: Int, endsJob: Bool, _ place: AttemptPlace,
        _ operation: Operation,
        _ run: SimulatedRun
    ) {
        let (attempt, machines) = (run.attempt(place), run.machines(of: place).machines)
        let fails = gate.strikes(
            .checkpointFailure, run: place.run, stage: place.stage, attempt: place.number, count: number, at: now)
        guard machines.isLive, !fails, let started = attempt.startedAt else {
            return put(.checkpointFailed(id, message: "the folder cannot be read", number: number), to: run)
        }
        let name = Chance.mixed(UInt64(place.run) << 40 | UInt64(place.stage) << 24 | UInt64(place.number) << 8)
        let stored = stores.put(
            Chance.mixed(name &+ UInt64(number)), named: "checkpoint",
            at: group.location, size: DataSize(bytes: 100_000_000),
            progress: attempt.progress + (now - started))
        put(.checkpointed(id, stored, number: number), to: run)
        // Asked to end before what it had was fetched: its work is in the checkpoint.
        if endsJob { run.update(place) { if case .working = $0.job { $0.job = .killed } } }
    }

    // MARK: Jobs

    /// Starts the job, or finds it started, and waits for what comes of it.
    func follow(
        _ id: AttemptID, _ place: AttemptPlace, _ operation: Operation, _ reference: Operations.Reference,
        _ run: SimulatedRun
    ) {
        if isCutOff(id, place, operation, run) { return operations.remove(reference) }
        if bug == .takesSilenceForSuccess, run.incarnation > 1 { return put(.jobEnded(id, exitCode: 0), to: run) }
        let isService = run.pipeline.pipeline.stages[place.stage].service != nil
        let startsAgain = bug == .startsJobsAgain && run.incarnation > 1
        if run.attempt(place).job == .none || startsAgain { startJob(place, run, isService: isService) }
        run.update(place) { $0.waiter = reference }
        if case .ended(let code) = run.attempt(place).job { return tellEnd(code, reference, place, run) }
        guard case .probe = operation.work else { return }
        if gate.strikes(.neverReady, run: place.run, stage: place.stage, attempt: place.number, at: now) {
            let message = "the service did not answer 2xx within 20m of its start"
            return answer(reference, .attemptFailed(id, .stage(message: message)), at: now + .seconds(1200))
        }
        answer(
            reference, .serviceReady(id, url: "http://10.0.0.0:8080"),
            at: now + pause(place, operation.id, .seconds(2), .seconds(90)))
    }

    private func startJob(_ place: AttemptPlace, _ run: SimulatedRun, isService: Bool) {
        guard let planned = run.planned(place) else { return }
        let what = Decision(Matter.work, run: place.run, stage: place.stage, attempt: place.number)
        let full = TimeSpan(
            milliseconds: planned.duration.milliseconds * Int64(600 + chance.bits(what) % 800) / 1000)
        var left = max(full - run.attempt(place).progress, .seconds(1))
        var code = 0
        if gate.strikes(
            isService ? .serviceEnd : .jobFailure, run: place.run, stage: place.stage, attempt: place.number, at: now)
        {
            code = 1
            left = TimeSpan(milliseconds: max(1000, left.milliseconds / 3))
        }
        run.update(place) {
            $0.job = .working(until: now + left, code: code)
            $0.jobStarts += 1
            $0.startedAt = now
        }
        checks.started(place, in: run, self)
        if !isService || code != 0 { queue.push(.node(place, .jobEnds), at: now + left) }
    }
}

extension SimulatedRun {
    func id(of place: AttemptPlace) -> AttemptID? {
        isRecorded(place) ? state.stages[place.stage].attempts[place.number - 1].id : nil
    }

    func planned(_ place: AttemptPlace) -> PlannedStage? {
        isRecorded(place) ? state.stages[place.stage].attempts[place.number - 1].planned : nil
    }

    func name(of place: AttemptPlace) -> String { id(of: place)?.token ?? launch.run.text }

    private func isRecorded(_ place: AttemptPlace) -> Bool {
        state.stages[place.stage].attempts.indices.contains(place.number - 1)
    }
}

extension Stage {
    /// `preprocess.clean` for an input that a stage makes.
    fileprivate func source(ofInput index: Int) -> String {
        guard case .output(let maker, let artifact) = inputs[index].source else { return inputs[index].name }
        return "\(maker).\(artifact)"
    }
}
