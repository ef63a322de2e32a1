import SkyCore

/// A state as people read it, and how it should look.
struct StateWord: Hashable, Sendable {
    enum Tone: Hashable, Sendable {
        /// Nothing happens yet.
        case waiting
        /// Something is being done.
        case active
        /// Up and answering.
        case serving
        case succeeded
        case failed
        /// Stands still until a person starts it again.
        case halted
        /// Ended because a person or the pipeline's end wanted it.
        case stopped
    }

    let text: String
    let tone: Tone

    init(_ text: String, _ tone: Tone) {
        self.text = text
        self.tone = tone
    }

    /// True when it stays so without anybody doing anything.
    var isFinal: Bool { tone == .succeeded || tone == .failed || tone == .stopped }

    var styled: StyledText {
        switch tone {
        case .waiting: StyledText(text, .dim)
        case .active: StyledText(text, .cyan)
        case .serving, .succeeded: StyledText(text, .green)
        case .failed: StyledText(text, .red, bold: true)
        case .stopped, .halted: StyledText(text, .yellow)
        }
    }
}

/// One run as the screens show it.
struct RunRow: Hashable, Sendable {
    var id: String
    var pipeline: String
    var state: StateWord
    var startedAt: Instant
    /// Nil while it lasts.
    var endedAt: Instant?
    /// What has been spent until now.
    var cost: Money
    /// What the plan said it would cost; nil when there was none.
    var plannedCost: Money?
    /// In the pipeline's order.
    var stages: [StageRow]
    /// Providers that local processes stand in for: their prices are shown, and nobody bills them.
    var standIns: [String] = []
    /// Why it failed, in a sentence.
    var failure: String?
    /// It waits for somebody's yes.
    var asks = false
    /// Where only the numbers of stages are known, and not the stages.
    var stageCount: Int?
    var stagesDone: Int?

    /// `2/3`: stages that are done or serve, of all.
    var progress: String {
        let done = stagesDone ?? stages.count { $0.state.tone == .succeeded || $0.state.tone == .serving }
        return "\(done)/\(stageCount ?? stages.count)"
    }

    func elapsed(at now: Instant) -> TimeSpan { max(.zero, (endedAt ?? now) - startedAt) }

    /// The stage whose nodes are kept for people to look at.
    var heldStage: StageRow? { stages.first { $0.heldUntil != nil } }

    /// True when nothing has happened in between but time and what it costs.
    func isSame(as other: RunRow) -> Bool {
        state == other.state && asks == other.asks && stages.count == other.stages.count
            && zip(stages, other.stages).allSatisfy { !$0.isChanged(to: $1) }
    }
}

/// One stage of a run as the screens show it.
struct StageRow: Hashable, Sendable {
    var name: String
    var state: StateWord
    /// Nil before it has a place.
    var place: Place?
    var startedAt: Instant?
    var endedAt: Instant?
    /// What has been spent until now.
    var cost: Money = .zero
    /// Tries so far, the present one included; 0 before the first.
    var attempts = 0
    /// What it is doing, or why it failed, in a sentence.
    var note: String?
    /// Why it ran, or why it did not have to; no part of any screen unless `note` says it too.
    var why: String?
    /// Where the service answers.
    var url: String?
    /// Until when its nodes are kept for people to look at.
    var heldUntil: Instant?
    /// The path below it that says whether the service is well: `/healthz`.
    var probePath: String?
    /// The run that made this stage's artifacts, when it did not have to run again.
    var reusedFrom: String?

    struct Place: Hashable, Sendable {
        var provider: String
        var region: String
        var instanceType: String
        var numNodes = 1
        var isSpot = false

        var location: String { "\(provider)/\(region)" }

        /// `2 × p4d.24xlarge spot`
        var machines: String {
            (numNodes > 1 ? "\(numNodes) × " : "") + instanceType + (isSpot ? " spot" : "")
        }
    }

    func isChanged(to new: StageRow) -> Bool {
        state != new.state || place != new.place || url != new.url || note != new.note || attempts != new.attempts
    }

    /// Nil before it started.
    func elapsed(at now: Instant) -> TimeSpan? { startedAt.map { max(.zero, (endedAt ?? now) - $0) } }
}
