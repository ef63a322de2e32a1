import SkyCore
import SkyRuntime
import SkySpec

/// What a pipeline's author wants done when a stage fails, in the broker's own terms.
struct StageRules: Hashable, Sendable {
    /// Times that a command that failed is tried again.
    var retries = 0
    /// Before the first of these; later ones wait longer.
    var backoff = TimeSpan.seconds(10)
    /// Exit codes after which the stage is always tried again, without counting.
    var recoverableCodes: Set<Int> = []
    /// Spot machines that may be taken back before the stage goes on demand; nil: it stays on spot.
    var interruptionsBeforeOnDemand: Int?
    /// The most that a move may cost, as a share of what was agreed to: 0.2 is 20 % more. Nil: a person decides on each.
    var allowedDeviation: Double? = 0.2
    /// Instead of asking, a move beyond that fails the stage.
    var failsOnDeviation = false
    /// How often what the stage has saved is fetched from its nodes; nil: never.
    var saveInterval: TimeSpan?

    /// How long its nodes are kept for people to look at when it has failed for good; nil: not at all.
    var keepOnFailure: TimeSpan?
    /// How long its commands may take, and what they may use, as its author said: for words only, the nodes see to it.
    var timeout: TimeSpan?
    var memory: DataSize?
    /// What the stage may cost, and what happens when it has.
    var budget: Budget?

    /// What else than the offer makes its nodes what they are; nil: they are rented for it alone.
    var nodeTraits: NodeTraits?

    /// A limit as its author wrote it; nil when nothing was written.
    func text(of limit: JobLimit) -> String? {
        switch limit {
        case .time: timeout.map { "\($0)" }
        case .memory: memory.map { "\($0)" }
        }
    }

    init(_ stage: Stage, in pipeline: Pipeline, _ options: LaunchOptions? = nil) {
        if let recovery = stage.jobRecovery {
            retries = recovery.maxRestartsOnErrors
            recoverableCodes = Set(recovery.recoverOnExitCodes)
            backoff = recovery.backoff ?? backoff
        }
        interruptionsBeforeOnDemand = stage.onDemandAfterInterruptions
        if stage.checkpointPath != nil { saveInterval = stage.checkpointInterval ?? .seconds(600) }
        budget = stage.budget
        if pipeline.reusesNodes == true, stage.service == nil { nodeTraits = NodeTraits(stage) }
        keepOnFailure = options?.keepOnFailure ?? pipeline.keepOnFailure
        timeout = stage.timeout
        memory = stage.limits?.memory
        switch pipeline.onDeviation {
        case nil: break
        case .allow(let percent): allowedDeviation = percent / 100
        case .ask: allowedDeviation = nil
        case .fail: failsOnDeviation = true
        }
    }
}
