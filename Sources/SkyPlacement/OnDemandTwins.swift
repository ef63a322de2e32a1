import SkyCatalog
import SkyCore

/// Finds the machine on demand that takes over from one on spot: the same type in the same region, so that it works as fast
/// and what was saved is near.
struct OnDemandTwins {
    private struct Kind: Hashable {
        let location: Location
        let instanceType: String
        let accelerator: AcceleratorCount?
        let capabilities: [String]

        init(_ offer: Offer) {
            location = offer.location
            instanceType = offer.instanceType
            accelerator = offer.accelerator
            capabilities = offer.capabilities
        }
    }

    private var offers: [Kind: [Offer]] = [:]

    init(_ onDemand: [Offer]) {
        for offer in onDemand where offer.market == .onDemand { offers[Kind(offer), default: []].append(offer) }
    }

    /// In any zone, else in the same one, else where it is cheapest; of equals the first.
    func twin(of spot: Offer) -> Offer? {
        guard let alike = offers[Kind(spot)] else { return nil }
        return alike.first { $0.zone == nil } ?? alike.first { $0.zone == spot.zone }
            ?? alike.min { $0.pricePerHour < $1.pricePerHour }
    }
}
