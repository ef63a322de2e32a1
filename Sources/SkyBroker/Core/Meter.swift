import SkyCore
import SkyPlacement
import SkyProviders

/// What a stage or a run has spent, in a form that only time moves on: no look at it adds up attempts.
///
/// A meter that reads several attempts at once is exact to a nanodollar for each that holds nodes.
struct Meter: Hashable, Sendable {
    /// Transfers, and attempts that hold no nodes any more.
    private(set) var settled = Money.zero
    /// What an hour costs with what is held.
    private(set) var rate = Money.zero
    /// The moments since which nodes are held, each times what an hour of them costs: milliseconds times nanodollars.
    private var since: Int128 = 0
    /// The latest of all of them.
    private var latest = Int64.min

    mutating func hold(at price: Money, since moment: Instant) {
        rate += price
        since += Int128(price.nanodollars) * Int128(moment.millisecondsSince1970)
        latest = max(latest, moment.millisecondsSince1970)
    }

    /// Ends what `hold` began.
    mutating func letGo(at price: Money, since moment: Instant) {
        rate = rate - price
        since -= Int128(price.nanodollars) * Int128(moment.millisecondsSince1970)
    }

    mutating func settle(_ amount: Money) { settled += amount }

    /// Stands still while a clock that was set back makes up for it.
    func spent(at now: Instant) -> Money {
        guard rate > .zero else { return settled }
        let moment = max(now.millisecondsSince1970, latest)
        let product = Int128(rate.nanodollars) * Int128(moment) - since
        return settled + Money(nanodollars: Int64(clamping: (product + 1_800_000) / 3_600_000))
    }

    mutating func replace(_ part: Meter, by other: Meter) {
        settled = settled - part.settled + other.settled
        rate = rate - part.rate + other.rate
        since += other.since - part.since
        latest = max(latest, other.latest)
    }
}

/// What is counted over all stages, kept from event to event: a run of a thousand stages is not gone through for each.
package struct Tally: Hashable, Sendable {
    /// Stages that count against `max_parallel` now.
    private(set) var busy = 0
    /// Stages that have not ended.
    private(set) var unended: Int
    /// Stages that are done, or serve.
    private(set) var settled = 0
    package private(set) var serving = 0
    private(set) var meter = Meter()

    /// All of them wait.
    init(stages: Int) { unended = stages }

    /// One stage's part.
    struct Part {
        var isBusy = false
        var isEnded = false
        var isSettled = false
        var isServing = false
        var isDone = false
        var meter: Meter
    }

    mutating func replace(_ part: Part, by other: Part) {
        busy += Self.change(part.isBusy, other.isBusy)
        unended -= Self.change(part.isEnded, other.isEnded)
        settled += Self.change(part.isSettled, other.isSettled)
        serving += Self.change(part.isServing, other.isServing)
        if part.meter != other.meter { meter.replace(part.meter, by: other.meter) }
    }

    private static func change(_ before: Bool, _ now: Bool) -> Int { (now ? 1 : 0) - (before ? 1 : 0) }
}

extension StageState {
    var part: Tally.Part {
        var part = Tally.Part(isDone: outputs != nil, meter: meter)
        switch phase {
        case .waiting, .yielding: break
        case .serving: (part.isSettled, part.isServing, part.isDone) = (true, true, true)
        case .ended(.succeeded): (part.isEnded, part.isSettled) = (true, true)
        case .ended: part.isEnded = true
        default: part.isBusy = true
        }
        return part
    }

    /// The attempt's nodes have come.
    mutating func granted(_ group: NodeGroup, to index: Int, at: Instant) {
        attempts[index].group = group
        attempts[index].provisionedAt = at
        meter.hold(at: attempts[index].planned.pricePerHour, since: at)
    }

    /// Nothing of the attempt's nodes is left.
    mutating func givenBack(_ index: Int, _ held: HeldSpan?, at: Instant) {
        // Of nodes that were stopped the account was settled then.
        guard attempts[index].haltedAt == nil else { return attempts[index].releasedAt = at }
        settle(index, held, at: at)
        attempts[index].releasedAt = at
    }

    /// The attempt's nodes are stopped, and cost nothing that is known here.
    mutating func stoppedNodes(of index: Int, _ held: HeldSpan?, at: Instant) {
        guard attempts[index].haltedAt == nil, attempts[index].releasedAt == nil else { return }
        settle(index, held, at: at)
        attempts[index].haltedAt = at
    }

    private mutating func settle(_ index: Int, _ held: HeldSpan?, at: Instant) {
        let (price, since) = (attempts[index].planned.pricePerHour, attempts[index].provisionedAt)
        if let since, attempts[index].releasedAt == nil { meter.letGo(at: price, since: since) }
        attempts[index].held = held
        meter.settle(Attempt.cost(at: price, held, since: since, until: at))
    }
}
