import SkyCore

/// How many calls one host bears at once, as far as it has let us know. Halved when it complains, one more after as many
/// good answers as are under way. A value; moments come from outside.
struct HostPace {
    enum Ending: Hashable {
        case answered
        case throttled(for: TimeSpan?)
        /// No answer: says nothing about what the host bears.
        case failed
    }

    enum Leave: Hashable {
        case start
        /// Until this moment, in milliseconds of the caller's clock, nobody starts.
        case wait(until: Int64)
        /// Somebody has to end first.
        case queue
    }

    private(set) var limit: Double
    private(set) var underWay = 0
    private var most: Double
    private var notBefore = Int64.min
    /// Complaints of calls that were under way together count once.
    private var lastCut = Int64.min

    private static let cutInterval: Int64 = 1000

    init(most: Int) {
        self.most = Double(max(most, 1))
        limit = self.most
    }

    /// How many more may start.
    var room: Int { max(0, Int(limit) - underWay) }

    mutating func ask(at now: Int64) -> Leave {
        if now < notBefore { return .wait(until: notBefore) }
        guard room > 0 else { return .queue }
        underWay += 1
        return .start
    }

    mutating func end(_ ending: Ending, at now: Int64) {
        underWay -= 1
        switch ending {
        case .answered: limit = min(most, limit + 1 / limit)
        case .throttled(let span):
            notBefore = max(notBefore, now + (span?.milliseconds ?? 0))
            guard lastCut == .min || now - lastCut >= Self.cutInterval else { return }
            lastCut = now
            limit = max(1, limit / 2)
        case .failed: break
        }
    }
}
