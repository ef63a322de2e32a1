public import SkyCore

/// A stage that keeps its deadline on spot, while it runs: fed with what is seen, it says what to do, and until when it must be
/// asked again.
///
/// A value without a clock. What it remembers is what was seen of spot, so it can be kept, or folded anew from the looks that
/// were written down: the same looks give the same answers.
///
/// The stage is done by its deadline if it is asked by the moment that the last answer named, answers are followed, and a
/// machine on demand works within the changeover of being asked for; losses of spot may come at any time, and be told at the next
/// look. It may be asked as often as anybody likes.
public struct DeadlineSpotRun: Hashable, Sendable, Codable {
    /// When the stage began: its deadline counts from here.
    public let startedAt: Instant
    /// All but the latest sighting, whose length is not known yet.
    private var history = SpotHistory()
    private var latest: Sighting?

    private struct Sighting: Hashable, Codable {
        let at: Instant
        let isAvailable: Bool
    }

    public init(startedAt: Instant) { self.startedAt = startedAt }

    /// What is known of spot at a moment.
    public enum Spot: String, Hashable, Sendable, Codable {
        /// Nobody has asked just now. It is then worth asking for if it would be worth having.
        case unknown
        case available
        /// It was asked for and there is none, or it was just taken away.
        case refused
    }

    /// What is the case at a moment.
    public struct Look: Hashable, Sendable, Codable {
        public var now: Instant
        /// Also while it starts; `.idle` when it was just taken away.
        public var holding: SpotChoice
        /// When what it holds was asked for; nil once it works.
        public var startingSince: Instant?
        /// Work that outlives the machine.
        public var saved: TimeSpan
        /// Work done since.
        public var unsaved: TimeSpan
        /// Means nothing while spot is held.
        public var spot: Spot

        public init(
            now: Instant, holding: SpotChoice, startingSince: Instant? = nil, saved: TimeSpan,
            unsaved: TimeSpan = .zero, spot: Spot = .unknown
        ) {
            self.now = now
            self.holding = holding
            self.startingSince = startingSince
            self.saved = saved
            self.unsaved = unsaved
            self.spot = spot
        }

        var isSpotAvailable: Bool? {
            if holding == .spot { return true }
            return switch spot {
            case .unknown: nil
            case .available: true
            case .refused: false
            }
        }
    }

    /// What to do.
    public struct Answer: Hashable, Sendable, Codable {
        /// `.spot`: ask for it if it is not held, and look again at once when it is refused; a machine on demand is kept
        /// until spot has been granted. `.onDemand`: ask for it now, whatever is held meanwhile. `.idle`: hold nothing.
        public var choice: SpotChoice
        /// It must be asked again by then; sooner whenever something has changed.
        public var askAgainBy: Instant
        /// With what is saved now, a machine on demand must be asked for by then.
        public var onDemandBy: Instant
        /// The deadline leaves no other choice.
        public var isForced: Bool
    }

    /// Takes a look and answers it.
    public mutating func answer(_ look: Look, _ plan: DeadlineSpotPlan) -> Answer {
        record(look)
        return answer(to: look, plan)
    }

    /// Remembers what a look saw of spot.
    public mutating func record(_ look: Look) {
        guard let isAvailable = look.isSpotAvailable else { return }
        if let latest, look.now > latest.at { history.observe(latest.isAvailable, for: look.now - latest.at) }
        latest = Sighting(at: max(look.now, latest?.at ?? look.now), isAvailable: isAvailable)
    }

    /// The answer to a look that was recorded; asking changes nothing.
    public func answer(to look: Look, _ plan: DeadlineSpotPlan) -> Answer {
        let elapsed = max(look.now - startedAt, .zero)
        let seen = seen(at: look, plan)
        let pending = look.startingSince.map { plan.job.changeover - (look.now - $0) } ?? .zero
        let choice = plan.decide(
            saved: look.saved, unsaved: look.unsaved, elapsed: elapsed, holding: look.holding,
            pendingDelay: max(pending, .zero), spotAvailable: look.isSpotAvailable ?? true, history: seen)
        let latestStart = plan.latestStart(saved: look.saved)
        // The plan reckons with a whole interval: half of it is left to a broker that is slow.
        return Answer(
            choice: choice, askAgainBy: look.now + TimeSpan(milliseconds: plan.interval.milliseconds / 2),
            onDemandBy: startedAt + latestStart,
            isForced: choice == .onDemand && latestStart < elapsed + plan.interval)
    }

    private func seen(at look: Look, _ plan: DeadlineSpotPlan) -> SpotHistory {
        var seen = history
        guard let isAvailable = look.isSpotAvailable else {
            let unseen = latest.map { max(look.now - $0.at, .zero) } ?? .zero
            if let latest, unseen > .zero { seen.observe(latest.isAvailable, for: unseen) }
            return seen.supposingSpot(unseenFor: unseen.hours)
        }
        seen.observe(isAvailable, for: plan.interval)
        return seen
    }
}
