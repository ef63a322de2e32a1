import SkyBroker
import SkyCore
import SkySimulator

/// `sky simulate FILE… --output json`
struct PipelineSimulationJSON: Encodable {
    let version = 1
    let firstSeed: UInt64
    let seeds: Int
    let runs: Int
    let events: Int
    @Nullable var eventsPerSecond: Int?
    let brokerDeaths: Int
    let plannedUsd: Dollars
    let meteredUsd: Dollars
    /// By the faults' names.
    let faults: [Count]
    /// By the word for how they ended.
    let ends: [Count]
    /// Null when every invariant held.
    @Nullable var fall: FallJSON?

    struct Count: Encodable {
        let name: String
        let count: Int
    }

    struct FallJSON: Encodable {
        let seed: UInt64
        let invariant: String
        let sentence: String
        let detail: String
        let faults: [String]
        let history: [String]
        @Nullable var command: String?
    }

    init(_ report: PipelineSimulationReport) {
        let sweep = report.sweep
        firstSeed = report.firstSeed
        seeds = sweep.seeds
        runs = sweep.runs
        events = sweep.events
        eventsPerSecond = report.eventsPerSecond
        brokerDeaths = sweep.crashes
        plannedUsd = Dollars(sweep.planned)
        meteredUsd = Dollars(sweep.metered)
        faults = sweep.faults.map { Count(name: $0.key.name, count: $0.value) }.sorted { $0.name < $1.name }
        ends = sweep.ends.map { Count(name: $0.key.rawValue, count: $0.value) }.sorted { $0.name < $1.name }
        fall = report.fall.flatMap { fall in
            report.seed.map { seed in
                FallJSON(
                    seed: seed, invariant: fall.invariant, sentence: fall.sentence, detail: fall.detail,
                    faults: report.shortest?.faults.map(\.description) ?? [], history: report.shortest?.lines ?? [],
                    command: report.replay)
            }
        }
    }
}
