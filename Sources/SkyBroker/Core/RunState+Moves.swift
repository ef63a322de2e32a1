import SkyCatalog
import SkyCore
import SkyPlacement

/// Moving a stage elsewhere, and who may agree to what that costs.
extension RunState {
    mutating func relocated(_ name: String, _ planned: PlannedStage, _ zones: [String], at: Instant) {
        guard isRelocating(name) else { return }
        let (run, agreed) = (self.run, launch.plan.stage(named: name)?.cost ?? .zero)
        let deviation = Deviation(of: planned, from: agreed)
        update(name) { stage in
            switch stage.rules.verdict(on: deviation) {
            case .go: stage.moved(to: planned, zones: zones, run: run, at: at)
            case .fail: stage.end(.failed("not moved: \(deviation.text(for: name))"), at: at)
            case .ask:
                stage.proposal = .init(planned: planned, zones: zones, question: deviation.text(for: name))
                stage.enter(.asking, at: at)
            }
        }
        stopIfFailed(name, at: at)
    }

    mutating func notRelocatable(_ name: String, _ message: String, at: Instant) {
        guard isRelocating(name) else { return }
        update(name) { $0.end(.failed(message), at: at) }
        stopIfFailed(name, at: at)
    }

    mutating func answered(_ question: Question, _ isYes: Bool, at: Instant) {
        if answeredBudget(question, isYes, at: at) { return }
        guard let name = stageThatAsks(question) else { return }
        let run = self.run
        update(name) { stage in
            guard isYes, let proposal = stage.proposal else {
                return stage.end(.failed("declined: \(stage.proposal?.question ?? question.text)"), at: at)
            }
            stage.moved(to: proposal.planned, zones: proposal.zones, run: run, at: at)
        }
        stopIfFailed(name, at: at)
    }

    mutating func nobodyToAsk(_ question: Question, at: Instant) {
        if answeredBudget(question, false, at: at) { return }
        guard let name = stageThatAsks(question) else { return }
        update(name) { $0.end(.failed("nobody was there to agree: \($0.proposal?.question ?? question.text)"), at: at) }
        stopIfFailed(name, at: at)
    }
}

extension RunState {
    private func isRelocating(_ name: String) -> Bool {
        graph.index[name].map { stages[$0].phase == .relocating } ?? false
    }

    /// Nil for a question that is not open any more.
    private func stageThatAsks(_ question: Question) -> String? {
        guard let name = question.stage, let stage = stage(named: name), stage.phase == .asking,
            stage.serial == question.number
        else { return nil }
        return name
    }
}

/// How far a move is from what was agreed to.
struct Deviation: Hashable {
    let planned: PlannedStage
    let agreed: Money

    init(of planned: PlannedStage, from agreed: Money) {
        self.planned = planned
        self.agreed = agreed
    }

    /// 0.36 is 36 % dearer; zero or less when it is no dearer.
    var share: Double {
        guard planned.cost > agreed else { return 0 }
        guard agreed > .zero else { return .infinity }
        return Double(planned.cost.nanodollars) / Double(agreed.nanodollars) - 1
    }

    func text(for stage: String) -> String {
        let offer = planned.offer
        let percent = share.isFinite ? " (+\(Int((share * 100).rounded())) %)" : ""
        return "\(stage) would cost \(planned.cost.formatted(decimals: 2)) on \(offer.provider)/\(offer.region) "
            + "\(offer.instanceType), \(agreed.formatted(decimals: 2)) was agreed to\(percent)"
    }
}

extension StageRules {
    enum Verdict { case go, ask, fail }

    func verdict(on deviation: Deviation) -> Verdict {
        if failsOnDeviation { return .fail }
        guard let allowedDeviation, deviation.share <= allowedDeviation else { return .ask }
        return .go
    }
}
