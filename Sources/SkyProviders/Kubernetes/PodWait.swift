import SkyCore
import SkyKubernetes

/// The time that a gang's pods take to come up, as whoever waits for them sees it.
struct PodWait {
    private let end: ContinuousClock.Instant
    private let patience: Duration
    private var silentSince: ContinuousClock.Instant?
    private var hopelessSince: ContinuousClock.Instant?
    private var pause: Int64 = 100
    private var isSettled = false
    /// All of them, by rank, once they run.
    private(set) var whole: [Pod]?
    private(set) var ready = 0
    /// The pod that holds the others up, what its reason is called in `errors.csv`, and that in words.
    private(set) var stuck: String?
    private(set) var code = ""
    private(set) var words: String?

    /// What does not get better by waiting, mostly: a name that is wrong, a registry that does not know us. A registry may
    /// stumble once.
    private static let hopeless: [String: Duration] = [
        "InvalidImageName": .zero, "ErrImageNeverPull": .zero, "ImagePullBackOff": .seconds(10),
        "ErrImagePull": .seconds(20), "CreateContainerConfigError": .seconds(20), "CreateContainerError": .seconds(20),
        "RunContainerError": .seconds(20),
    ]

    /// - Parameter patience: how long the cluster may be out of reach.
    init(queueLimit: TimeSpan, patience: Duration) {
        end = .now + .milliseconds(queueLimit.milliseconds)
        self.patience = patience
    }

    mutating func heard(_ pods: [Pod], of count: Int) {
        silentSince = nil
        let standings = pods.map { (pod: $0, standing: PodStanding($0)) }
        let running = standings.filter { if case .running = $0.standing { true } else { false } }
        ready = running.count
        whole = ready == count && pods.count == count ? pods : nil
        (stuck, words, code) = (nil, nil, "")
        for (pod, standing) in standings {
            let name = pod.metadata.name ?? ""
            switch standing {
            case .over(let code, let words):
                // Nothing else is worth waiting for.
                (stuck, self.code, isSettled) = (name, code, true)
                self.words = "pod \(name): \(PodReason.words(code, words))"
                return
            case .waiting(let code, let words) where stuck == nil || self.code.isEmpty:
                (stuck, self.code) = (name, code)
                self.words = "pod \(name): \(PodReason.words(code, words))"
            default: break
            }
        }
        if pods.count < count {
            (code, words, isSettled) = ("Deleted", "a pod of it is gone: somebody deletes it", true)
        }
        hopelessSince = Self.hopeless[code] == nil ? nil : hopelessSince ?? .now
    }

    /// False when the cluster has been out of reach for too long.
    var bears: Bool {
        mutating get {
            let since = silentSince ?? .now
            silentSince = since
            return !Task.isCancelled && .now - since < patience
        }
    }

    /// There is nothing to be waited for any more.
    var isOver: Bool {
        if isSettled || .now > end { return true }
        guard let hopelessSince, let doubt = Self.hopeless[code] else { return false }
        return .now - hopelessSince >= doubt
    }

    /// Milliseconds; longer each time, up to three seconds.
    mutating func nextPause() -> Int64 {
        defer { pause = min(pause * 3 / 2, 3000) }
        return pause
    }
}
