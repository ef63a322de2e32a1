import SkyTestSupport
import SkyCatalog
import SkyCore
import SkyPlacement
import SkySpec

/// A hand-made market. A stage's request names its shelf of offers by `instanceType`.
struct Market: OfferSource {
    struct Way: Hashable {
        var from: Location
        var to: Location
    }

    var shelves: [String: [Offer]] = [:]
    /// What there is for those who ask for spot.
    var spot: [String: [Offer]] = [:]
    /// By region.
    var areas: [String: Set<String>] = [:]
    var prices: [Way: Money] = [:]
    var bandwidths: [Way: Double] = [:]
    var usualPrice = Money.zero
    var usualSpeed = 8.0
    var terms = RentalTerms.plain
    /// Of accelerators, by name.
    var speeds: [String: Double] = [:]

    func offers(for request: ResourceRequest) -> [Offer] {
        (request.useSpot ? spot : shelves)[request.instanceType ?? ""] ?? []
    }

    func areas(of location: Location) -> Set<String> { areas[location.region] ?? [] }

    mutating func reprice(_ shelf: String, _ index: Int, _ price: Money) {
        guard let old = shelves[shelf]?[index] else { return }
        shelves[shelf]?[index] = Offer(
            provider: old.provider, region: old.region, zone: old.zone, instanceType: old.instanceType,
            accelerator: old.accelerator, cpus: old.cpus, memoryGiB: old.memoryGiB, pricePerHour: price,
            market: old.market, capabilities: old.capabilities)
    }

    func explainNoOffer(for request: ResourceRequest) -> String {
        "nothing on the shelf '\(request.instanceType ?? "")'"
    }

    func pricePerGigabyte(from: Location, to: Location) -> Money {
        from == to ? .zero : prices[Way(from: from, to: to)] ?? usualPrice
    }

    func gigabitsPerSecond(from: Location, to: Location) -> Double {
        bandwidths[Way(from: from, to: to)] ?? usualSpeed
    }

    func terms(of provider: String) -> RentalTerms { terms }

    func speed(ofAccelerator name: String) -> Double? { speeds[name] }
}

extension Offer {
    /// `usd` per hour in nanodollars or as text; the type's name doubles as an accelerator to time it by. Spot machines
    /// are never taken away.
    static func at(
        _ provider: String, _ region: String, _ type: String, _ price: Money, zone: String? = nil,
        market: Market = .onDemand
    ) -> Offer {
        Offer(
            provider: provider, region: region, zone: zone, instanceType: type,
            accelerator: AcceleratorCount(name: type, count: 1), cpus: 8, memoryGiB: 32, pricePerHour: price,
            market: market, interruptionsPerMonth: market == .spot ? 0 : nil)
    }
}

func usd(_ text: String) -> Money { Money(text) ?? .max }

extension SkySpec.Stage {
    /// A stage that reads `stage.out` of each of `reads`, with a time per instance type.
    static func named(
        _ name: String, reads: [String] = [], writes: DataSize = .zero, times: [String: TimeSpan] = [:]
    ) -> SkySpec.Stage {
        var resources = ResourceRequest()
        resources.instanceType = name
        let estimates = times.sorted { $0.key < $1.key }.map {
            DurationEstimate.PerAccelerator(
                accelerator: AcceleratorCount(name: $0.key, count: 1), duration: $0.value)
        }
        return SkySpec.Stage(
            name: name, resources: resources,
            inputs: reads.map { StageInput(name: $0, source: .output(stage: $0, artifact: "out")) },
            outputs: [StageOutput(name: "out", size: writes)], estimate: DurationEstimate(perAccelerator: estimates))
    }
}
