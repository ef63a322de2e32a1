import SkyCatalog
public import SkyCore
public import SkyPlacement
import SkySpec

/// One stage of a run.
public struct StageState: Hashable, Sendable {
    public let name: String
    /// Position in the pipeline.
    let index: Int
    let isService: Bool
    let rules: StageRules
    /// Where it runs or will run: the plan's choice, or the last relocation's.
    public internal(set) var planned: PlannedStage {
        get { plan.value }
        set { plan = Shared(newValue) }
    }
    private(set) var plan: Shared<PlannedStage>
    /// Zones of the offer that have not refused yet, in the order to try them.
    public internal(set) var zones: [String]
    public private(set) var phase: Phase = .waiting
    public private(set) var phaseSince: Instant
    /// Counts the phases it has been in, and how often what one is about was begun again.
    package private(set) var serial = 0
    /// Passing trouble in this phase, through which its nodes are kept.
    private(set) var setback: Setback?
    /// All tries, first to last.
    public internal(set) var attempts: [Attempt] = []
    /// The try that it is at, among these.
    var current: Int?
    /// The try that is to take over from it.
    var handover: Handover?
    /// Of a stage that keeps a deadline of its own on spot, once it has begun.
    var deadline: DeadlineState?
    var work = WorkDone()
    /// What its attempts have cost; follows from them.
    var meter = Meter()
    /// Nil for a stage without one of its own.
    var budget: BudgetState?
    /// Known once the stage is done; taken back when they turn out to be lost.
    public internal(set) var outputs: [StoredArtifact]?
    public internal(set) var reusedFrom: RunID?
    /// Why it ran, or why it did not have to, in a sentence.
    public internal(set) var why: String?
    /// Places that refused, in the order they did.
    public internal(set) var excluded: [BlockedPlace] = []
    /// Refusals of machines in a row that a pause may cure.
    public internal(set) var transientFailures = 0
    /// Passing troubles on our side of the nodes, without work that lasted in between.
    public internal(set) var troubles = 0
    /// Node groups lost in the current place.
    public internal(set) var losses = 0
    /// Spot machines that were taken back, over all places.
    public internal(set) var interruptions = 0
    /// Commands that failed and were tried again.
    public internal(set) var errors = 0
    /// Spot machines are out of the question from now on.
    public internal(set) var isOnDemandOnly = false
    /// Where it would move, while a person is asked.
    var proposal: Proposal?
    var saves = SaveState()
    /// What it had saved when last fetched; the next try begins with it.
    public internal(set) var checkpoint: StoredArtifact?
    public internal(set) var startedAt: Instant?
    public internal(set) var endedAt: Instant?
    /// What went wrong last, in a sentence.
    public internal(set) var lastTrouble: String?
    public internal(set) var wasServing = false

    init(_ stage: Stage, index: Int, planned: PlannedStage, zones: [String], rules: StageRules, at: Instant) {
        name = stage.name
        self.index = index
        isService = stage.service != nil
        budget = BudgetState(rules.budget)
        self.rules = rules
        plan = Shared(planned)
        self.zones = zones
        phaseSince = at
    }

    public enum Phase: Hashable, Sendable {
        /// For the stages before it, or for its turn.
        case waiting
        case lookingUp
        case provisioning
        case delivering
        case running
        /// A service that is started and not ready yet.
        case probing
        case serving(url: String)
        case collecting
        /// What the stage has saved is fetched before its nodes are given up; `next` follows.
        case saving(next: Next)
        /// It is done. Its nodes are kept for stages of which it is just being found out whether they need any.
        case yielding
        /// It has failed for good, and its nodes are kept for people to look at; `failure` says why.
        case held(until: Instant, failure: String)
        /// The nodes are being given back; `next` follows.
        case releasing(next: Next)
        /// The run is to stand still, and the nodes are being stopped.
        case halting
        /// The run stands still, and this stage with it; `next` follows when it is started again.
        case halted(next: Next)
        /// The nodes are being started again.
        case starting
        case pausing(until: Instant)
        case relocating
        /// A person decides whether it may move.
        case asking
        case ended(Outcome)

        var isServing: Bool { if case .serving = self { true } else { false } }
        var isReleasing: Bool { if case .releasing = self { true } else { false } }
        var isEnded: Bool { if case .ended = self { true } else { false } }
        var isHeld: Bool { if case .held = self { true } else { false } }
        var isHalted: Bool { if case .halted = self { true } else { false } }

        /// Nothing is under way for the stage, and nothing begins by itself.
        var isAtRest: Bool {
            switch self {
            case .waiting, .halted, .ended: true
            default: false
            }
        }

        /// Counts against `max_parallel`. A service that serves holds nobody up, and nor does a stage that is done.
        var isBusy: Bool {
            switch self {
            case .waiting, .serving, .yielding, .ended: false
            default: true
            }
        }

        /// The attempt holds nodes that can fail.
        var usesNodes: Bool {
            switch self {
            case .delivering, .running, .probing, .serving, .collecting, .saving, .yielding, .held: true
            default: false
            }
        }
    }

    public enum Next: Hashable, Sendable {
        case end(Outcome)
        /// Once more in the same place, at once or after a pause.
        case retry(pause: TimeSpan)
        case relocate
        /// An input has to be made again first.
        case wait
        /// Wherever its deadline says, given what was just seen of spot.
        case proceed(DeadlineSpotRun.Spot)
        /// To the machines that were asked for meanwhile.
        case handOver
        /// Standing still, with the machines stopped rather than given back.
        case halt
        /// Once more on the machines that are stopped.
        case start

        /// The stage will need machines again, and at once.
        var goesOn: Bool {
            switch self {
            case .end, .wait: false
            case .retry, .relocate, .proceed, .handOver, .halt, .start: true
            }
        }
    }

    public enum Outcome: Hashable, Sendable {
        case succeeded
        case failed(String)
        /// The run was stopped before or while it ran.
        case stopped
    }

    struct Proposal: Hashable, Sendable {
        var planned: PlannedStage
        var zones: [String]
        var question: String
    }

    public var attempt: Attempt? { current.map { attempts[$0] } }

    /// What it runs on, or will: a stage that keeps a deadline on spot may have another than the plan's.
    var offer: Offer { current.map { attempts[$0].planned.offer } ?? planned.offer }

    /// The same as `attempt?.id == id`, without a copy of the attempt.
    func isCurrent(_ id: AttemptID) -> Bool { current.map { attempts[$0].id == id } ?? false }

    /// It needs nothing more to be read from, or to be come after.
    var isDone: Bool { outputs != nil || phase.isServing }

    mutating func enter(_ phase: Phase, at: Instant) {
        self.phase = phase
        phaseSince = at
        serial += 1
        setback = nil
    }

    /// What the phase is about rests, and is then begun again on the same nodes.
    mutating func rest(with setback: Setback) {
        self.setback = setback
        serial += 1
    }

    mutating func resume() {
        setback?.isResting = false
        serial += 1
    }
}

/// Passing trouble on our side of the nodes, within one phase.
struct Setback: Hashable, Sendable {
    /// When it came first.
    let since: Instant
    /// How often it has come.
    var count = 0
    /// When what the phase is about is to be begun again, or was.
    var nextTry: Instant
    /// Nothing but the clock is under way.
    var isResting = true

    init(at: Instant) {
        since = at
        nextTry = at
    }
}

/// The fetching of a stage's checkpoints while it runs.
struct SaveState: Hashable, Sendable {
    /// One is being fetched now.
    var isUnderWay = false
    var begunAt: Instant?
    /// Those begun so far.
    var count = 0
    /// When the next one is due; nil while one is under way or none is wanted.
    var nextAt: Instant?

    /// Tells the clock that waits for a save to end from the one that waits for the next to begin.
    var clock: Int { count * 2 + (isUnderWay ? 1 : 0) }

    mutating func begin(at: Instant) {
        begunAt = at
        isUnderWay = true
        count += 1
        nextAt = nil
    }

    mutating func end(nextAt: Instant?) {
        isUnderWay = false
        self.nextAt = nextAt
    }
}
