public import SkyCatalog
public import SkyCore
import SkyPlacement
import SkySpec

/// A run as people see it at one moment: everything `sky status` shows, and nothing that decides.
public struct RunView: Hashable, Sendable {
    public var id: RunID
    public var pipeline: String
    public var status: RunState.Status
    public var launchedAt: Instant
    public var endedAt: Instant?
    public var cost: Money
    public var plannedCost: Money
    public var stages: [StageView]
    /// Why it failed, in a sentence; nil when it did not, or when a stage's own trouble says it.
    public var failure: String?
    /// What a person is asked about the run as a whole.
    public var question: Question?
    /// How often a driver took the run over after the first.
    public var resumptions: Int
}

/// One stage of a run as people see it.
public struct StageView: Hashable, Sendable {
    public enum State: String, Hashable, Sendable, Codable {
        case waiting, provisioning, delivering, running, starting, serving, collecting, saving, held, releasing, pausing
        case relocating, asking, stopping
        case succeeded, reused, failed, stopped
    }

    public var name: String
    public var state: State
    public var offer: Offer
    public var numNodes: Int
    public var reason: String
    public var startedAt: Instant?
    public var endedAt: Instant?
    public var cost: Money
    public var attempts: Int
    public var exitCode: Int?
    /// What went wrong last, in a sentence; nil when nothing did.
    public var trouble: String?
    /// Why it ran, or why it did not have to.
    public var why: String?
    /// It ran for the reason that one would expect.
    public var isWhyExpected: Bool
    /// What a person is asked, while the stage waits for the answer.
    public var question: String?
    public var url: String?
    /// Until when its nodes are kept for people to look at, after it has failed.
    public var heldUntil: Instant?
    public var reusedFrom: RunID?
    /// It holds machines that are stopped, and their disks.
    public var holdsStoppedNodes: Bool
    /// Bytes that moved to the stage's nodes, over all attempts.
    public var transferred: DataSize
    /// What went by way of this machine, over all attempts.
    public var relays: [Relay]
}

extension RunState {
    public func view(at now: Instant) -> RunView {
        let views = stages.map { $0.view(at: now) }
        return RunView(
            id: run, pipeline: launch.pipeline.name, status: status, launchedAt: launchedAt, endedAt: endedAt,
            cost: views.reduce(.zero) { $0 + $1.cost }, plannedCost: launch.plan.totalCost, stages: views,
            failure: failure, question: budgetQuestion(nil),
            resumptions: max(0, driverStarts - 1))
    }
}

extension RunState {
    /// What people are asked now.
    public var questions: [Question] {
        effects.compactMap { if case .ask(let question) = $0.work { question } else { nil } }
    }

    /// Why it failed, where no stage's own trouble says it.
    var failure: String? { if case .budgetSpent(let text) = stopping { text } else { nil } }
}

extension StageState {
    func view(at now: Instant) -> StageView {
        let url: String? = if case .serving(let url) = phase { url } else { nil }
        let heldUntil: Instant? = if case .held(let until, _) = phase { until } else { nil }
        return StageView(
            name: name, state: visibleState, offer: offer, numNodes: planned.numNodes,
            reason: planned.reason, startedAt: startedAt, endedAt: endedAt,
            cost: spent(at: now), attempts: attempts.count,
            exitCode: attempt?.exitCode, trouble: lastTrouble, why: why,
            isWhyExpected: why.map(RunReason.isExpected) ?? true,
            question: phase == .asking ? proposal?.question : nil, url: url, heldUntil: heldUntil,
            reusedFrom: reusedFrom, holdsStoppedNodes: phase == .halted(next: .start),
            transferred: attempts.flatMap(\.transfers).reduce(.zero) { $0 + $1.moved },
            relays: attempts.flatMap(\.relays))
    }

    private var visibleState: StageView.State {
        switch phase {
        case .waiting, .lookingUp: .waiting
        case .provisioning, .starting: .provisioning
        case .halting: .stopping
        case .halted: .stopped
        case .delivering: .delivering
        case .running: .running
        case .probing: .starting
        case .serving: .serving
        case .collecting: .collecting
        case .saving: .saving
        case .held: .held
        case .releasing, .yielding: .releasing
        case .pausing: .pausing
        case .relocating: .relocating
        case .asking: .asking
        case .ended(.succeeded): reusedFrom == nil ? .succeeded : .reused
        case .ended(.failed): .failed
        case .ended(.stopped): .stopped
        }
    }
}
