import SkyCatalog
import SkyCore
import SkySpec

/// What stages need of machines that may be had for a limited time only, such as jobs of a cluster with a queue.
struct TimeLimits {
    private let limited: [Offer]
    private let history: PlacementHistory
    private let speeds: [String: Double]

    init(_ offers: some OfferSource, history: PlacementHistory, speeds: [String: Double]) {
        limited = offers.timeLimited
        self.history = history
        self.speeds = speeds
    }

    /// What would do for the stage, each with its number of nodes and for how long it is needed.
    func requests(of stage: Stage, _ residency: Residency) -> [ResourceRequest] {
        let needed = neededFor(stage)
        return residency.requests(of: stage).compactMap { request in
            var request = request?.sized(for: stage)
            request?.neededFor = needed
            return request
        }
    }

    /// The longest that the stage may work on machines with each of these accelerators. Nil where nothing is limited, and of
    /// a stage whose author says nothing of its time: whoever does not know must not be kept from anything.
    private func neededFor(_ stage: Stage) -> NeededTime? {
        guard !limited.isEmpty else { return nil }
        // What serves goes on until somebody ends it.
        guard stage.service == nil else { return NeededTime(usual: .longestNeeded) }
        let model = DurationModel(estimate: stage.estimate, past: history.runs[stage.name] ?? [], speeds: speeds)
        var needed = NeededTime(usual: nil)
        for offer in limited {
            let (duration, source) = model.duration(on: offer)
            guard source != .assumed else { continue }
            if let accelerator = offer.accelerator {
                needed.onAccelerators[accelerator] = max(needed.onAccelerators[accelerator] ?? .zero, duration.high)
            } else {
                needed.usual = max(needed.usual ?? .zero, duration.high)
            }
        }
        return needed.usual == nil && needed.onAccelerators.isEmpty ? nil : needed
    }
}
