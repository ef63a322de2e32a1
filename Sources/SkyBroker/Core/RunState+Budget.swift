import SkyCore
import SkyPlacement
import SkySpec

/// The meter, and what happens when a budget is spent.
extension RunState {
    /// Of everything that the run has held and moved until `now`.
    func spent(at now: Instant) -> Money { tally.meter.spent(at: now) }

    /// What an hour costs with what is held now.
    var rate: Money { tally.meter.rate }

    /// Reads the meters that an event can have changed.
    mutating func readMeters(at: Instant) {
        guard hasBudgets, endedAt == nil else { return }
        if touched.contains(where: { stages[$0].budget != nil }) {
            for index in Set(touched).sorted() where stages[index].budget != nil { readMeter(ofStage: index, at: at) }
        }
        if budget != nil, !touched.isEmpty || ringing { readMeter(at: at) }
        if isWindingDown, tally.busy == 0, stopping == nil, budget?.isAsking != true {
            stop(.budgetSpent(spentText), at: at)
        }
    }

    private mutating func readMeter(at: Instant) {
        let (spent, rate) = (spent(at: at), rate)
        guard let notice = budget?.read(spent: spent, rate: rate, at: at) else { return }
        guard notice == .spent, let rule = budget?.rule else { return }
        // All that a run still holds that is being stopped is being given back, or is kept for people.
        guard stopping == nil else { return endHolds(at: at) }
        switch rule.atLimit {
        case .stop: stop(.budgetSpent(spentText), at: at)
        case .finish: isWindingDown = true
        case .ask:
            budget?.ask(at: at)
            isWindingDown = true
        }
    }

    private mutating func readMeter(ofStage index: Int, at: Instant) {
        let meter = stages[index].meter
        let (spent, rate) = (meter.spent(at: at), meter.rate)
        update(index) { stage in
            guard stage.budget?.read(spent: spent, rate: rate, at: at) == .spent, let rule = stage.budget?.rule,
                stage.phase.isBusy || stage.phase.isServing
            else { return }
            if stage.phase.isHeld { return stage.endHold(at: at) }
            switch rule.atLimit {
            case .stop: stage.budgetIsSpent(at: at)
            case .ask: stage.budget?.ask(at: at)
            case .finish:
                stage.lastTrouble = "its budget of \(rule.limit.formatted(decimals: 2)) is spent; it may finish"
            }
        }
        stopIfFailed(stages[index].name, at: at)
    }

    var spentText: String {
        let limit = budget?.limit.formatted(decimals: 2) ?? ""
        return "the budget of \(limit) is spent: raise 'budget' and launch again, what is done is not run again"
    }

    /// True when the answer was to a question about money.
    mutating func answeredBudget(_ question: Question, _ isYes: Bool, at: Instant) -> Bool {
        guard question.number < 0 else { return false }
        if let name = question.stage {
            guard let stage = stage(named: name), let asked = stage.budget, asked.isAsking,
                asked.questions == -question.number
            else { return true }
            update(name) { isYes ? $0.budget?.extend() : $0.budgetIsSpent(at: at) }
            stopIfFailed(name, at: at)
        } else if let asked = budget, asked.isAsking, asked.questions == -question.number {
            if isYes {
                budget?.extend()
                isWindingDown = false
                ringing = true
            } else {
                budget?.giveUp()
                stop(.budgetSpent(spentText), at: at)
            }
        }
        return true
    }

    func budgetQuestion(_ stage: StageState?) -> Question? {
        guard let asked = stage.map(\.budget) ?? budget, asked.isAsking else { return nil }
        let limit = asked.limit.formatted(decimals: 2)
        let more = asked.rule.limit.formatted(decimals: 2)
        return Question(
            stage: stage?.name, number: -asked.questions,
            text: "\(stage?.name ?? "the run") has spent its budget of \(limit); may it spend \(more) more?")
    }
}

extension StageState {
    /// Transfers included.
    func spent(at now: Instant) -> Money { attempts.reduce(.zero) { $0 + $1.cost(until: now) } }

    mutating func budgetIsSpent(at: Instant) {
        let limit = budget?.limit.formatted(decimals: 2) ?? ""
        budget?.giveUp()
        let outcome = Outcome.failed("its budget of \(limit) is spent: raise 'budget' and launch again")
        switch phase {
        case .ended, .releasing: break
        case .yielding: release(then: .end(.succeeded), at: at)
        case .halted(let next) where next != .start: end(outcome, at: at)
        case .waiting, .lookingUp, .pausing, .relocating, .asking: end(outcome, at: at)
        default: release(then: .end(outcome), at: at)
        }
    }
}
