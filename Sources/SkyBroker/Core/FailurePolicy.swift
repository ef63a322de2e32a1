import SkyCatalog
import SkyCore
import SkyPlacement
import SkyProviders

/// What to do next when a provider refuses; by the kind of its refusal and nothing else.
enum FailurePolicy {
    enum Decision: Hashable {
        case fail
        case pause(TimeSpan)
        case nextZone
        /// Look for another place, away from these.
        case move(away: [BlockedPlace])
    }

    /// Groups lost in one place, other than spot machines that were taken back, before another is chosen.
    static let lossesBeforeMoving = 3
    /// Passing troubles in a row before the place is given up.
    static let transientFailuresBeforeMoving = 6
    /// Tries in a row that came to nothing by trouble on our side before the stage fails: it is no passing trouble then.
    static let troublesBeforeFailing = 6
    /// A job that went on for so long had nothing in its way that lasts.
    static let steadyWork = TimeSpan.seconds(600)
    /// Different machines of one region that were sold out before the whole region is left out.
    static let refusalsBeforeLeavingRegion = 3
    /// Regions of one provider that were left out before the provider is.
    static let regionsBeforeLeavingProvider = 3

    /// The longest that nodes are kept through trouble which hinders all that they are there for.
    static let mostPatience = TimeSpan.seconds(3600)

    /// How long nodes are kept through trouble on our side that may pass. To give them back costs once more what it took to
    /// come so far; whoever waits for as long as that pays at most twice what would have been best (the break-even rule of
    /// renting or buying).
    ///
    /// - Parameter spent: from when the nodes were asked for until the trouble came.
    static func patience(afterSpending spent: TimeSpan) -> TimeSpan { min(spent, mostPatience) }

    static func decision(
        for kind: ProviderError.Kind, at offer: Offer, excluded: [BlockedPlace], transientFailures: Int,
        zonesLeft: Bool, dice: UInt32
    ) -> Decision {
        switch kind {
        case .noCapacity: zonesLeft ? .nextZone : .move(away: soldOut(offer, excluded))
        case .quota: .move(away: leaving(region: offer, excluded))
        case .credentials: .move(away: [BlockedPlace(provider: offer.provider)])
        case .badRequest: .fail
        case .transient, .lost:
            transientFailures + 1 < transientFailuresBeforeMoving
                ? .pause(pause(after: transientFailures + 1, dice: dice))
                : .move(away: leaving(region: offer, excluded))
        }
    }

    /// This machine in this region; after several of them the region, after several regions the provider. So a shortage of
    /// one kind of machine is not asked about in forty places, one after the other.
    static func soldOut(_ offer: Offer, _ excluded: [BlockedPlace]) -> [BlockedPlace] {
        let machine = BlockedPlace(machinesOf: offer)
        let others = excluded.filter {
            $0.provider == offer.provider && $0.region == offer.region && $0.zone == nil && $0.instanceType != nil
                && $0 != machine
        }
        guard Set(others).count + 1 >= refusalsBeforeLeavingRegion else { return [machine] }
        return [machine] + leaving(region: offer, excluded)
    }

    private static func leaving(region offer: Offer, _ excluded: [BlockedPlace]) -> [BlockedPlace] {
        let region = BlockedPlace(provider: offer.provider, region: offer.region)
        let others = excluded.filter {
            $0.provider == offer.provider && $0.region != nil && $0.zone == nil && $0.instanceType == nil
                && $0 != region
        }
        guard Set(others).count + 1 >= regionsBeforeLeavingProvider else { return [region] }
        return [region, BlockedPlace(provider: offer.provider)]
    }

    /// Exponential with full jitter: uniform between zero and `base` × 2ⁿ, at most `ceiling`, and never under 20 ms.
    static func pause(
        after failures: Int, dice: UInt32, base: TimeSpan = TimeSpan(milliseconds: 250),
        ceiling: TimeSpan = .seconds(30)
    ) -> TimeSpan {
        let doubled = base.milliseconds.multipliedReportingOverflow(by: 1 << Int64(min(max(failures, 0), 30)))
        let most = doubled.overflow ? ceiling.milliseconds : min(ceiling.milliseconds, doubled.partialValue)
        let share = Double(dice) / Double(UInt32.max)
        return TimeSpan(milliseconds: max(20, Int64(Double(most) * share)))
    }
}
