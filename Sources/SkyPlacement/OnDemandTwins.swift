import SkyCatalog
import SkyCore

/// Finds the machine on demand that takes over from one on spot: the same type in the same region, so that it works as fast
/// and what was saved is near.
struct OnDemandTwins {
    private struct Kind: Hashable {
        let region: Int
        let instanceType: String
    }

    /// A catalog has tens of thousands of offers, in long rows of one region.
    private struct Regions {
        private var numbers: [Location: Int] = [:]
        private var last: (location: Location, number: Int)?

        /// - Parameter isNew: whether a region that was not met before gets a number.
        mutating func number(of offer: Offer, isNew: Bool) -> Int? {
            if let last, last.location.region == offer.region, last.location.provider == offer.provider {
                return last.number
            }
            let location = offer.location
            guard let number = numbers[location] ?? (isNew ? numbers.count : nil) else { return nil }
            numbers[location] = number
            last = (location, number)
            return number
        }
    }

    private let offers: [Offer]
    private var regions = Regions()
    /// The first of a kind.
    private var first: [Kind: Int]
    /// For each the next one of its kind.
    private var next: [Int?]

    init(_ onDemand: [Offer]) {
        offers = onDemand
        first = Dictionary(minimumCapacity: onDemand.count)
        next = [Int?](repeating: nil, count: onDemand.count)
        for (index, offer) in onDemand.enumerated().reversed() {
            guard offer.market == .onDemand, let region = regions.number(of: offer, isNew: true) else { continue }
            let kind = Kind(region: region, instanceType: offer.instanceType)
            next[index] = first.updateValue(index, forKey: kind)
        }
    }

    /// In any zone, else in the same one, else where it is cheapest; of equals the first.
    mutating func twin(of spot: Offer) -> Offer? {
        guard let region = regions.number(of: spot, isNew: false) else { return nil }
        var candidate = first[Kind(region: region, instanceType: spot.instanceType)]
        var best: Offer?
        while let index = candidate {
            let offer = offers[index]
            if offer.accelerator == spot.accelerator, offer.capabilities == spot.capabilities {
                let isBetter = best.map { Self.rank(offer, spot) < Self.rank($0, spot) } ?? true
                if isBetter { best = offer }
            }
            candidate = next[index]
        }
        return best
    }

    private static func rank(_ offer: Offer, _ spot: Offer) -> (Int, Money) {
        offer.zone == nil ? (0, .zero) : offer.zone == spot.zone ? (1, .zero) : (2, offer.pricePerHour)
    }
}
