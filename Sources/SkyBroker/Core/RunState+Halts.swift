import SkyCatalog
import SkyCore
import SkyPlacement
import SkyProviders

/// Runs that stand still for a while. Of what they hold, what can be is stopped, and else given back; what was done and what
/// was saved stays. Called a halt here, as stopping is for good.
extension RunState {
    /// A request that was heard before changes nothing: each driver hears all of them again.
    mutating func halt(_ number: Int, at: Instant) {
        guard number > halts else { return }
        halts = number
        guard stopping == nil, endedAt == nil else { return }
        isHalted = true
        for index in stages.indices where !stages[index].phase.isAtRest { update(index) { $0.halt(at: at) } }
    }

    mutating func start(afterHalt number: Int, at: Instant) {
        guard number == halts, isHalted else { return }
        isHalted = false
        let run = self.run
        for index in stages.indices {
            guard case .halted(let next) = stages[index].phase else { continue }
            update(index) { stage in
                stage.goOn(with: next, run: run, at: at)
                if stage.budget?.isAsking == true { stage.budget?.ask(at: at) }
            }
        }
        // Whoever was asked for more money has had no time to answer.
        if budget?.isAsking == true { budget?.ask(at: at) }
        ringing = true
    }

    mutating func halted(_ id: AttemptID, _ held: HeldSpan?, at: Instant) {
        guard let index = graph.index[id.stage], stages[index].isCurrent(id), stages[index].phase == .halting,
            let current = stages[index].current
        else { return }
        let position = AttemptPosition(stage: index, attempt: current)
        let isInherited = stages[index].attempts[current].isInherited
        let (run, isHalted) = (self.run, self.isHalted)
        update(index) { $0.stoppedNodes(of: current, isInherited ? nil : held, at: at) }
        if isInherited { bookInherited(position, held) }
        update(index) { stage in
            stage.attempts[current].heldUntilHalt = held
            stage.enter(.halted(next: .start), at: at)
            // It was started again meanwhile.
            if !isHalted { stage.goOn(with: .start, run: run, at: at) }
        }
    }
}

extension StageState {
    mutating func halt(at: Instant) {
        let next: Next = deadline == nil ? .retry(pause: .zero) : .proceed(.unknown)
        switch phase {
        // What is done may be collected; what is being given back is.
        case .waiting, .saving, .collecting, .yielding, .held, .releasing, .halting, .halted, .ended: break
        case .lookingUp: waitAgain(at: at)
        case .pausing: enter(.halted(next: next), at: at)
        case .relocating, .asking:
            proposal = nil
            enter(.halted(next: .relocate), at: at)
        case .provisioning: release(then: next, at: at)
        case .starting: release(then: .halt, at: at)
        // One that keeps a deadline may want others by then; and what the provider takes, it takes.
        case .delivering, .running, .probing, .serving:
            let mayStop = deadline == nil && handover == nil && attempt?.noticedLoss == nil
            saveAndRelease(then: mayStop ? .halt : next, at: at)
        }
    }

    /// What the stage does next, now that it holds no machines, or stopped ones.
    mutating func goOn(with next: Next, run: RunID, at: Instant) {
        switch next {
        case .end(let outcome): end(outcome, at: at)
        case .proceed(let spot): proceed(run: run, spot: spot, at: at)
        case .handOver, .halt: proceed(run: run, at: at)
        case .start: startAgain(run: run, at: at)
        case .wait: waitAgain(at: at)
        case .relocate: enter(.relocating, at: at)
        case .retry(let pause) where pause == .zero: proceed(run: run, at: at)
        case .retry(let pause): enter(.pausing(until: at + pause), at: at)
        }
    }

    /// Another try, on the machines that the last one has left.
    private mutating func startAgain(run: RunID, at: Instant) {
        guard let former = current, let group = attempts[former].group else { return proceed(run: run, at: at) }
        let id = AttemptID(run: run, stage: name, number: attempts.count + 1)
        var next = Attempt(id: id, plan: plan, zone: attempts[former].zone, startedAt: at)
        next.group = group
        next.inheritedFrom = AttemptPosition(stage: index, attempt: former)
        next.rentedAt = attempts[former].nodesSince
        attempts.append(next)
        attempts[former].heir = AttemptPosition(stage: index, attempt: attempts.endIndex - 1)
        attempts[former].releasedAt = at
        current = attempts.endIndex - 1
        saves.end(nextAt: nil)
        enter(.starting, at: at)
    }

    mutating func notHalted(_ message: String, at: Instant) {
        guard phase == .halting else { return }
        note("its machines are given back rather than stopped: \(message)")
        release(then: .retry(pause: .zero), at: at)
    }
}

/// Machines that a run would stop, or give back, if it were to stand still now.
public struct NodesToHalt: Hashable, Sendable {
    public let stage: String
    public let token: String
    public let provider: String
    public let instanceType: String
    public let numNodes: Int
    /// The core itself gives them back, whatever the provider can do; for people.
    public let obstacle: String?
}

extension RunState {
    public var nodesToHalt: [NodesToHalt] {
        stages.compactMap { stage in
            guard let attempt = stage.attempt, attempt.group != nil || stage.phase == .provisioning,
                stage.phase.isBusy || stage.phase.isServing, !stage.phase.isAtRest, !stage.phase.isReleasing
            else { return nil }
            return NodesToHalt(
                stage: stage.name, token: attempt.nodesToken, provider: attempt.planned.offer.provider,
                instanceType: attempt.planned.offer.instanceType, numNodes: attempt.planned.numNodes,
                obstacle: stage.obstacleToHalt)
        }
    }
}

extension StageState {
    fileprivate var obstacleToHalt: String? {
        if deadline != nil { return "it keeps a deadline on spot, and looks for the best place anew" }
        if attempt?.noticedLoss != nil { return "the provider is about to take them" }
        return switch phase {
        case .provisioning: "they are not there yet"
        case .collecting: "the stage is done"
        default: nil
        }
    }
}
