import SkyBroker
import SkyCore
import SkySpec

/// One run: its journal, its broker as long as that lives, and what the world knows of its attempts.
final class SimulatedRun {
    let index: Int
    let pipeline: SimulatedPipeline
    let launch: Launch
    let launchedAt: Instant
    let stageNames: [String]
    let hasService: Bool

    // What is durable.
    var journal: [RecordedEvent]
    /// What people asked of it.
    var requests: [RunEvent] = []

    /// What it began with.
    let launched: RunState

    // What dies with the broker.
    var state: RunState
    var isAlive = false
    var mailbox: [RunEvent] = []
    var isTurnDue = false
    /// By the stage's position plus one; first the run's own.
    var underWay: [UnderWay]

    /// Counts the brokers that drove it.
    var incarnation = 0
    var clockOffset = TimeSpan.zero
    var diedAt: Instant?
    /// What it knew when it died was all in the journal.
    var diedWithAllWritten = false
    /// Time without a broker, and clocks that were set: phases may take so much longer.
    var excusedTime = TimeSpan.zero
    var isDownAsked = false
    var isOver = false

    /// By the stage's position and the attempt's number less one.
    var attempts: [[RemoteAttempt]]
    /// The provider's own sum, in nanodollars times milliseconds per hour.
    var booked: Int128 = 0
    var liveGroups = 0
    /// Those of them whose machines are stopped.
    var stoppedGroups = 0
    /// What an hour of all that is live costs, now and at its highest.
    var rate = Money.zero
    var peakRate = Money.zero
    var watch: [StageWatch]

    /// What is known of a stage beside its state, for checking.
    struct StageWatch {
        var serial = 0
        var phase = StageState.Phase.waiting
        var since: Instant
        var excusedBefore = TimeSpan.zero
        /// Attempts in the journal.
        var recordedAttempts = 0
        var liveGroups = 0
        /// What its outputs were the first time, by position.
        var digests: [UInt64] = []
        /// Those that were compared last.
        var outputs: [StoredArtifact] = []
    }

    init?(index: Int, pipeline: SimulatedPipeline, launch: Launch, at now: Instant) {
        let first = RecordedEvent(.launched(launch), at: now)
        guard let state = RunState(first) else { return nil }
        self.index = index
        self.pipeline = pipeline
        self.launch = launch
        self.state = state
        launched = state
        launchedAt = now
        stageNames = pipeline.pipeline.stages.map(\.name)
        hasService = pipeline.pipeline.stages.contains { $0.service != nil }
        journal = [first]
        let count = pipeline.pipeline.stages.count
        underWay = Array(repeating: UnderWay(), count: count + 1)
        attempts = Array(repeating: [], count: count)
        watch = Array(repeating: StageWatch(since: now), count: count)
    }

    func attempt(_ place: AttemptPlace) -> RemoteAttempt { attempts[place.stage][place.number - 1] }

    /// Whose token the attempt's machines have: its own, unless it took them over.
    func renter(of place: AttemptPlace) -> AttemptPlace {
        var renter = place
        while state.stages[renter.stage].attempts.indices.contains(renter.number - 1),
            let source = state.stages[renter.stage].attempts[renter.number - 1].inheritedFrom
        {
            renter = AttemptPlace(run: index, stage: source.stage, number: source.attempt + 1)
        }
        return renter
    }

    /// What the provider knows of the machines that the attempt works on.
    func machines(of place: AttemptPlace) -> RemoteAttempt { attempt(renter(of: place)) }

    func update(_ place: AttemptPlace, _ body: (inout RemoteAttempt) -> Void) {
        while attempts[place.stage].count < place.number { attempts[place.stage].append(RemoteAttempt()) }
        var attempt = attempts[place.stage][place.number - 1]
        body(&attempt)
    }
}
