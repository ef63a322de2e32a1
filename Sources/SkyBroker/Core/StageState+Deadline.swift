import SkyCatalog
import SkyCore
import SkyPlacement
import SkyProviders

/// A stage that keeps a deadline of its own on spot: what it remembers, and what it does at each look.
struct DeadlineState: Hashable, Sendable {
    let terms: DeadlineTerms
    let plan: DeadlinePlan
    var run: DeadlineSpotRun
    /// When it has to look again; nil while it holds nothing and another clock says so.
    var nextLook: Instant?
    /// Looks so far: tells a late ring from the one that is waited for.
    var looks = 0
    /// Zones of the spot offer, the one to ask next first.
    var zones: [String]
    /// Zones that refused or took machines back, one after the other.
    var refusalsInARow = 0

    init(_ terms: DeadlineTerms, zones: [String], at: Instant) {
        self.terms = terms
        plan = DeadlinePlan(terms)
        self.zones = zones
        run = DeadlineSpotRun(startedAt: at)
    }
}

/// Follows from the terms, and so tells no two states apart; kept because what it has worked out serves every look.
struct DeadlinePlan: Hashable, Sendable {
    let plan: DeadlineSpotPlan

    init(_ terms: DeadlineTerms) { plan = DeadlineSpotPlan(job: terms.job, interval: terms.interval) }

    static func == (a: Self, b: Self) -> Bool { true }
    func hash(into hasher: inout Hasher) {}
}

/// A try that is asked for while the one before it still works.
struct Handover: Hashable, Sendable {
    /// Of the try among the stage's attempts.
    let index: Int
    /// It was refused, and what may have come of it is being given back.
    var isGivenUp = false
}

extension StageState {
    /// Begins the stage's work, or goes on with it, where it should be now.
    mutating func proceed(run: RunID, spot: DeadlineSpotRun.Spot = .unknown, at: Instant) {
        if deadline == nil, let terms = planned.deadline {
            deadline = DeadlineState(terms, zones: zones, at: startedAt ?? at)
        }
        guard let answer = look(spot, at: at) else { return beginAttempt(run: run, at: at) }
        switch answer.choice {
        case .idle: enter(.pausing(until: answer.askAgainBy), at: at)
        case .spot, .onDemand: beginAttempt(on: answer.choice, run: run, at: at)
        }
    }

    /// Looks at a stage that holds machines, and asks for others beside them if it should.
    mutating func lookWhileHolding(run: RunID, spot: DeadlineSpotRun.Spot = .unknown, at: Instant) {
        guard holdsWhatItLooksAt, handover == nil, let attempt, let answer = look(spot, at: at) else { return }
        switch answer.choice {
        case attempt.choice: break
        case .idle: saveAndRelease(then: .proceed(spot), at: at)
        default: askBeside(answer.choice, run: run, at: at)
        }
    }

    /// Nil for a stage without a deadline of its own.
    private mutating func look(_ spot: DeadlineSpotRun.Spot, at: Instant) -> DeadlineSpotRun.Answer? {
        guard var state = deadline else { return nil }
        let (holding, startingSince) = holds
        let look = DeadlineSpotRun.Look(
            now: at, holding: holding, startingSince: startingSince, saved: work.saved,
            unsaved: work.done(at: at) - work.saved, spot: spot)
        let answer = state.run.answer(look, state.plan.plan)
        state.looks += 1
        state.nextLook = answer.askAgainBy
        deadline = state
        return answer
    }

    /// It has machines, or asks for them, that another kind may have to take over from.
    var holdsWhatItLooksAt: Bool { phase == .provisioning || phase == .delivering || phase == .running }

    private var holds: (SpotChoice, startingSince: Instant?) {
        guard let attempt, phase == .provisioning || phase.usesNodes, attempt.noticedLoss == nil else {
            return (.idle, nil)
        }
        return (attempt.choice, attempt.deliveredAt == nil ? attempt.startedAt : nil)
    }

    private mutating func beginAttempt(on choice: SpotChoice, run: RunID, at: Instant) {
        addAttempt(on: choice, run: run, at: at)
        current = attempts.endIndex - 1
        saves.end(nextAt: nil)
        enter(.provisioning, at: at)
    }

    private mutating func askBeside(_ choice: SpotChoice, run: RunID, at: Instant) {
        addAttempt(on: choice, run: run, at: at)
        handover = Handover(index: attempts.endIndex - 1)
    }

    private mutating func addAttempt(on choice: SpotChoice, run: RunID, at: Instant) {
        guard let deadline else { return }
        let (terms, isSpot) = (deadline.terms, choice == .spot)
        var there = planned
        there.offer = isSpot ? terms.spot : terms.onDemand
        there.pricePerHour = isSpot ? terms.job.spotPrice : terms.job.onDemandPrice
        let id = AttemptID(run: run, stage: name, number: attempts.count + 1)
        attempts.append(
            Attempt(
                id: id, plan: Shared(there), zone: isSpot ? deadline.zones.first ?? there.offer.zone : there.offer.zone,
                startedAt: at))
    }

    /// Spot was refused or taken back: another zone at once, or, when all have, whatever the plan says.
    mutating func spotIsGone(at: Instant) {
        guard var state = deadline else { return }
        if state.zones.count > 1 { state.zones.append(state.zones.removeFirst()) }
        state.refusalsInARow += 1
        let isRefused = state.refusalsInARow >= state.zones.count
        if isRefused { state.refusalsInARow = 0 }
        deadline = state
        release(then: .proceed(isRefused ? .refused : .unknown), at: at)
    }
}

extension Attempt {
    fileprivate var choice: SpotChoice { planned.offer.market == .spot ? .spot : .onDemand }
}

/// From one machine to another without a gap.
extension StageState {
    mutating func handoverGranted(_ group: NodeGroup, at: Instant) {
        guard let handover, !handover.isGivenUp else { return }
        granted(group, to: handover.index, at: at)
        if holdsWhatItLooksAt { saveAndRelease(then: .handOver, at: at) }
    }

    /// What was asked for beside is not to be had: it is given up, and the stage looks again once that is certain.
    mutating func handoverRefused(_ error: ProviderError, at: Instant) {
        guard let handover, !handover.isGivenUp else { return }
        attempts[handover.index].trouble = error.description
        lastTrouble = error.description
        self.handover?.isGivenUp = true
        if attempts[handover.index].planned.offer.market == .spot { return }
        // Nothing on demand here, and the deadline asks for it: another place, while there is time.
        excluded += FailurePolicy.soldOut(attempts[handover.index].planned.offer, excluded)
        isOnDemandOnly = true
    }

    mutating func handoverReleased(run: RunID, held: HeldSpan?, at: Instant) {
        guard let handover else { return }
        givenBack(handover.index, held, at: at)
        self.handover = nil
        if attempts[handover.index].planned.offer.market == .spot {
            lookWhileHolding(run: run, spot: .refused, at: at)
        } else if holdsWhatItLooksAt {
            saveAndRelease(then: .relocate, at: at)
        }
    }

    func isHandover(_ id: AttemptID) -> Bool { handover.map { attempts[$0.index].id == id } ?? false }

    /// The old machines are given back. The try that was asked for beside takes over if the stage goes on; else it is given
    /// back too before anything else happens.
    mutating func handOver(or next: Next, isStopping: Bool, at: Instant) {
        guard let handover else { return }
        current = handover.index
        self.handover = nil
        guard next.goesOn, !isStopping, !handover.isGivenUp else { return release(then: next, at: at) }
        enter(attempt?.group == nil ? .provisioning : .delivering, at: at)
    }

    /// Saves first what can be saved.
    mutating func saveAndRelease(then next: Next, at: Instant) {
        guard phase == .running, rules.saveInterval != nil else { return release(then: next, at: at) }
        saves.begin(at: at)
        enter(.saving(next: next), at: at)
    }
}

/// The work that a stage has done, in hours of its machines.
struct WorkDone: Hashable, Sendable {
    /// What outlives the machines: up to the last checkpoint that was fetched.
    private(set) var saved = TimeSpan.zero
    /// What was there when the present try began to work.
    private var base = TimeSpan.zero
    private var workingSince: Instant?

    mutating func begin(at: Instant) {
        base = saved
        workingSince = at
    }

    mutating func end() { workingSince = nil }

    func done(at: Instant) -> TimeSpan { base + (workingSince.map { max(at - $0, .zero) } ?? .zero) }

    /// A checkpoint that was asked for at this moment is safe.
    mutating func save(upTo moment: Instant) { saved = max(saved, done(at: moment)) }
}
