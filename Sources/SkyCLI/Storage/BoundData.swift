import SkyCatalog
import SkyCore
import SkyPlacement
import SkySpec

/// Data that must stay in some areas, and comes to be on this machine all the same, wherever that is.
struct BoundData {
    let pipeline: Pipeline
    let settings: StoreSettings
    /// Providers that are not this machine in disguise.
    let isReal: (String) -> Bool

    /// What to write so that it does not.
    func caveats(of plan: Plan) -> [String] {
        var areas: [String] = []
        var providers: [String] = []
        for planned in plan.stages {
            let provider = planned.offer.provider
            guard isReal(provider), settings.bucket(of: planned.offer.location) == nil,
                let outputs = pipeline.stage(named: planned.stage)?.outputs.filter({ !$0.areas.isEmpty }),
                !outputs.isEmpty
            else { continue }
            areas += outputs.map { $0.areas.joined(separator: " or ") }.filter { !areas.contains($0) }
            if !providers.contains(provider) { providers.append(provider) }
        }
        guard let first = providers.first else { return [] }
        let bucket = StoreSettings.makesBuckets(at: first) ? "auto" : "s3://BUCKET"
        return [
            "what must stay in \(areas.joined(separator: ", and in ")) is kept on this machine when it has been made:"
                + " `stores: {\(first): \(bucket)}` in stores.yaml keeps it elsewhere"
        ]
    }
}
