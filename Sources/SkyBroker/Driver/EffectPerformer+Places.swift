import SkyCatalog
import SkyCore
import SkyPlacement
import SkyProviders

extension EffectPerformer {
    /// Places that refused, for all runs to stay away from for a while; and those that gave what was asked of them.
    func notes(on events: [RecordedEvent], _ state: RunState) -> [JournalNote] {
        events.compactMap { recorded in
            switch recorded.event {
            case .provisionFailed(let id, let error):
                guard let attempt = state.attempt(id), let place = attempt.refused(error.kind) else { return nil }
                return .refused(PlaceRefusal(place, error.kind, message: error.message, at: recorded.at))
            case .attemptFailed(let id, .nodesLost(let message)):
                guard let attempt = state.attempt(id), attempt.planned.offer.market == .spot,
                    let place = attempt.refused(.noCapacity)
                else { return nil }
                return .refused(PlaceRefusal(place, .noCapacity, message: message, at: recorded.at))
            case .provisioned(let id, _): return state.attempt(id).map { .gave($0.place) }
            default: return nil
            }
        }
    }
}

extension RunState {
    func attempt(_ id: AttemptID) -> Attempt? {
        let attempts = stage(named: id.stage)?.attempts ?? []
        return attempts.indices.contains(id.number - 1) ? attempts[id.number - 1] : nil
    }
}

extension Attempt {
    fileprivate var place: BlockedPlace {
        let offer = planned.offer
        return BlockedPlace(
            provider: offer.provider, region: offer.region, zone: zone, instanceType: offer.instanceType,
            market: offer.market)
    }

    /// As much of the place as a refusal of this kind is about; nil when it says nothing of the place.
    fileprivate func refused(_ kind: ProviderError.Kind) -> BlockedPlace? {
        let offer = planned.offer
        switch kind {
        case .noCapacity: return place
        case .quota:
            return BlockedPlace(
                provider: offer.provider, region: offer.region, instanceType: offer.instanceType, market: offer.market)
        case .credentials: return BlockedPlace(provider: offer.provider)
        case .transient, .lost, .badRequest: return nil
        }
    }
}
