import SkyCatalog
import SkyCore
import SkyPlacement
import SkyProviders

extension EffectPerformer {
    /// Places that refused, for all runs to stay away from for a while; those that gave what was asked of them; and what
    /// stages have made, for later runs to find.
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
            case .collected(let id, let outputs): return finished(id, outputs, state)
            default: return nil
            }
        }
    }
}

extension EffectPerformer {
    /// With the event itself: nobody reuses what no journal knows, and what a journal knows is found.
    private func finished(_ id: AttemptID, _ outputs: [StoredArtifact], _ state: RunState) -> JournalNote? {
        guard let stage = state.stage(named: id.stage), let inputs = state.inputs(of: stage.index),
            let key = StageKey(stage: state.spec(stage), inputs: inputs, code: launch.code[id.stage])
        else { return nil }
        return .finished(Reuse(run: launch.run, outputs: outputs), under: key)
    }
}

extension RunState {
    func attempt(_ id: AttemptID) -> Attempt? {
        let attempts = stage(named: id.stage)?.attempts ?? []
        return attempts.indices.contains(id.number - 1) ? attempts[id.number - 1] : nil
    }
}

extension Attempt {
    fileprivate var place: BlockedPlace { BlockedPlace(machinesOf: planned.offer, zone: zone) }

    /// As much of the place as a refusal of this kind is about; nil when it says nothing of the place.
    fileprivate func refused(_ kind: ProviderError.Kind) -> BlockedPlace? {
        switch kind {
        case .noCapacity: place
        case .quota: BlockedPlace(machinesOf: planned.offer)
        case .credentials: BlockedPlace(provider: planned.offer.provider)
        case .transient, .lost, .badRequest: nil
        }
    }
}
