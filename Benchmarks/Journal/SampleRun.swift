import SkyBroker
import SkyCatalog
import SkyCore
import SkyPlacement
import SkyProviders
import SkySpec

/// A run of a few stages, and events of the sizes that real ones have.
struct SampleRun {
    let run: RunID
    let launch: RecordedEvent
    private let start = Instant(millisecondsSince1970: 1_800_000_000_000)

    init?(_ name: String, stages names: [String] = ["clean", "train", "serve"]) {
        guard let run = RunID(name) else { return nil }
        self.run = run
        let offer = Offer(
            provider: "aws", region: "us-east-1", instanceType: "m5.large", cpus: 2, memoryGiB: 8,
            pricePerHour: Money(nanodollars: 96_000_000))
        let stages = names.map { name in
            Stage(
                name: name, outputs: [StageOutput(name: "result")],
                run: "python3 \(name).py --seed 7 --output \"$SKY_OUTPUT_RESULT\"")
        }
        let planned = stages.map { stage in
            PlannedStage(
                stage: stage.name, offer: offer, numNodes: 1, pricePerHour: offer.pricePerHour, duration: .hour,
                durationSource: .assumed, cost: offer.pricePerHour,
                reason: "the cheapest of 240 offers that have 2 processors and 8 GB")
        }
        let plan = Plan(
            pipeline: "tickets", objective: .cost, policy: "cheapest", stages: planned, transfers: [],
            totalCost: offer.pricePerHour * 3, totalTime: .hour,
            proof: Plan.Proof(isOptimal: true, costLowerBound: .zero))
        let pipeline = Pipeline(name: "tickets", stages: stages, directory: "/home/somebody/tickets")
        launch = RecordedEvent(.launched(Launch(run: run, pipeline: pipeline, plan: plan)), at: start)
    }

    /// The `number`th event: nodes that were rented.
    func event(_ number: Int) -> RecordedEvent {
        let id = AttemptID(run: run, stage: "train", number: number)
        let group = NodeGroup(
            token: id.token, run: run, provider: "aws", region: "us-east-1", instanceType: "m5.large", state: .running,
            nodes: [Node(id: "i-0123456789abcdef0", rank: 0, address: "10.0.0.17")])
        return RecordedEvent(
            .provisioned(id, group), at: start + TimeSpan.seconds(Int64(number)),
            dice: UInt32(truncatingIfNeeded: number))
    }

    /// What the list says of it.
    var summary: RunSummary? { RunState(launch).map { RunSummary($0, at: launch.at) } }

    /// From launch to its end, as one that was cancelled.
    var ended: (events: [RecordedEvent], summary: RunSummary?) {
        let stop = RecordedEvent(.stopRequested(.cancel), at: start + .hour)
        var state = RunState(launch)
        _ = state?.apply(stop)
        return ([stop], state.map { RunSummary($0, at: stop.at) })
    }
}
