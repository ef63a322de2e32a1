import SkyCore
import SkyProviders

/// What to do next when a provider refuses; by the kind of its refusal and nothing else.
enum FailurePolicy {
    enum Scope: Hashable {
        case zone(String?)
        case region
        case provider
    }

    enum Decision: Hashable {
        case fail
        case pause(TimeSpan)
        case nextZone
        case exclude(Scope)
    }

    /// Groups lost in one place before another is chosen.
    static let lossesBeforeMoving = 3
    /// Passing troubles in a row before the place is given up.
    static let transientFailuresBeforeMoving = 6

    static func decision(
        for kind: ProviderError.Kind, transientFailures: Int, zonesLeft: Bool, dice: UInt32
    ) -> Decision {
        switch kind {
        case .noCapacity: zonesLeft ? .nextZone : .exclude(.region)
        case .quota: .exclude(.region)
        case .credentials: .exclude(.provider)
        case .badRequest: .fail
        case .transient, .lost:
            transientFailures + 1 < transientFailuresBeforeMoving
                ? .pause(pause(after: transientFailures + 1, dice: dice)) : .exclude(.region)
        }
    }

    /// Exponential with full jitter: uniform between zero and 0.25 s × 2ⁿ, at most 30 s, and never under 20 ms.
    static func pause(after failures: Int, dice: UInt32) -> TimeSpan {
        let ceiling = min(30_000, 250 << min(failures, 8))
        let share = Double(dice) / Double(UInt32.max)
        return TimeSpan(milliseconds: max(20, Int64(Double(ceiling) * share)))
    }
}
