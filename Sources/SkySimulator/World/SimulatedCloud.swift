import SkyCatalog
import SkyCore
import SkyPlacement
import SkyProviders

/// What providers have, and how they answer calls; for all runs of a world together.
struct SimulatedCloud {
    /// One machine type of one market in one zone.
    struct Pool {
        let name: UInt64
        let region: UInt64
        let provider: UInt64
        let trace: SpotTrace?
        var held = 0
    }

    private struct Key: Hashable {
        let offer: Offer
        let zone: String?

        /// What nearly always tells them apart.
        func hash(into hasher: inout Hasher) {
            hasher.combine(offer.instanceType)
            hasher.combine(offer.region)
            hasher.combine(zone)
        }
    }

    private(set) var pools: [Pool] = []
    private var indexes: [Key: Int] = [:]
    private let traces: [Location: SpotTrace]
    private let begin: Instant
    private static let period = TimeSpan.seconds(1200)

    init(traces: [Location: SpotTrace], begin: Instant) {
        self.traces = traces
        self.begin = begin
    }

    mutating func pool(of offer: Offer, zone: String?) -> Int {
        let key = Key(offer: offer, zone: zone)
        if let known = indexes[key] { return known }
        let isSpot = offer.market == .spot
        let pool = Pool(
            name: Chance.number(
                of: offer.provider, offer.region, zone ?? "", offer.instanceType, offer.market.rawValue),
            region: Chance.number(of: offer.provider, offer.region), provider: Chance.number(of: offer.provider),
            trace: isSpot ? traces[offer.location] : nil)
        pools.append(pool)
        indexes[key] = pools.count - 1
        return pools.count - 1
    }

    mutating func hold(_ nodes: Int, in pool: Int) { pools[pool].held += nodes }
    mutating func free(_ nodes: Int, in pool: Int) { pools[pool].held -= nodes }

    /// Why `nodes` cannot be had now; nil when they can.
    func refusal(
        of nodes: Int, in index: Int, offer: Offer, capacity: Int, gate: inout FaultGate, at now: Instant
    ) -> ProviderError? {
        let pool = pools[index]
        let period = Int((now - begin).milliseconds / Self.period.milliseconds)
        if gate.strikes(.credentials, name: pool.provider, period: period / 18, at: now) {
            return ProviderError(.credentials, provider: offer.provider, "the key is not accepted; renew it")
        }
        if gate.strikes(.quota, name: pool.region, period: period / 6, at: now) {
            return ProviderError(
                .quota, provider: offer.provider, "the quota in \(offer.region) is used up; ask for more")
        }
        let isSoldOut =
            pool.trace.map { !$0.isAvailable(at: now, since: begin) }
            ?? gate.strikes(.stockOut, name: pool.name, period: period, at: now)
        guard isSoldOut || pool.held + nodes > max(capacity, nodes) else { return nil }
        return ProviderError(
            .noCapacity, provider: offer.provider, "no \(offer.instanceType) left in \(offer.region) now")
    }

    /// When spot machines of a traced pool that come now will be taken back; nil: never, or the pool has no trace.
    func endOfSpot(in index: Int, at now: Instant) -> Instant? {
        pools[index].trace?.end(from: now, since: begin)
    }
}

extension SpotTrace {
    /// A trace that is over begins again.
    private func tick(_ moment: Instant, _ begin: Instant) -> Int64 {
        (moment - begin).milliseconds / tick.milliseconds
    }

    fileprivate func isAvailable(at now: Instant, since begin: Instant) -> Bool {
        count == 0 || isAvailable[Int(tick(now, begin) % Int64(count))]
    }

    fileprivate func end(from now: Instant, since begin: Instant) -> Instant? {
        guard availability < 1, count > 0 else { return nil }
        var tick = tick(now, begin)
        while isAvailable[Int(tick % Int64(count))] { tick += 1 }
        return begin + TimeSpan(milliseconds: tick * self.tick.milliseconds)
    }
}
