public import SkyCore

/// How bad the days are that a simulation makes up.
public struct FaultPlan: Hashable, Sendable {
    /// Per kind, 0…1: for each call, attempt, stretch of time or moment that could meet it. `docs/simulator.md` says which.
    private var rates: [Double]
    /// Nodes of one machine type that one zone has, for all runs together; at least 1.
    public var nodesPerZone = 3
    /// How long a broker that died stays dead; drawn evenly in the logarithm.
    public var deadFor = TimeSpan(milliseconds: 200)...TimeSpan.seconds(1800)
    /// From then on nothing goes wrong any more, so that every run can end.
    public var calmAfter = TimeSpan.seconds(4 * 86_400)

    /// Nothing goes wrong.
    public static let none = FaultPlan(rates: [Double](repeating: 0, count: FaultKind.allCases.count))

    /// What `sky simulate` takes when nothing else is said: days far worse than any that a provider would survive.
    public static let nasty: FaultPlan = {
        var plan = FaultPlan.none
        let rates: [(FaultKind, Double)] = [
            (.stockOut, 0.2), (.quota, 0.04), (.credentials, 0.01), (.rateLimit, 0.03), (.passingTrouble, 0.04),
            (.badRequest, 0.002), (.slowCreate, 0.04), (.hungCreate, 0.02), (.bootFailure, 0.03),
            (.lostCreateReply, 0.06), (.lateCreate, 0.05), (.preemption, 0.2), (.unannouncedPreemption, 0.15),
            (.nodeLoss, 0.04), (.falseAbsence, 0.02), (.terminateFailure, 0.1), (.slowTerminate, 0.04),
            (.lostTerminateReply, 0.05), (.jobFailure, 0.02), (.serviceEnd, 0.02), (.neverReady, 0.01),
            (.missingOutput, 0.005), (.artifactRot, 0.03), (.checkpointFailure, 0.05), (.channelTrouble, 0.04),
            (.stuckWork, 0.01), (.repeatedAnswer, 0.05), (.lateAnswer, 0.1), (.killBeforeAppend, 0.01),
            (.killBeforeEffects, 0.01), (.killAmidEffects, 0.01), (.kill, 0.06), (.fullDisk, 0.03), (.clockStep, 0.2),
            (.cancel, 0.1), (.down, 0.06), (.refusal, 0.3), (.nobodyThere, 0.3), (.stop, 0.1),
        ]
        for (kind, rate) in rates { plan[kind] = rate }
        return plan
    }()

    /// 0…1
    public subscript(_ kind: FaultKind) -> Double {
        get { rates[Int(kind.rawValue)] }
        set { rates[Int(kind.rawValue)] = min(max(newValue, 0), 1) }
    }
}
