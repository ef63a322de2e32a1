import SkyBroker
import SkyCatalog
import SkyCore
import SkyPlacement
import SkySpec

/// Pipelines over three providers that do not exist, for measuring and for tests: no price of a real catalog changes them.
public enum MadeUpPipelines {
    /// One stage after the other, the second on spot with checkpoints.
    public static let chain = pipeline(
        "chain",
        [
            Stage(name: "clean", outputs: out, run: "true"),
            Stage(
                name: "train", inputs: reading(["clean"]), outputs: out, checkpointInterval: .seconds(900),
                checkpointPath: "saved", run: "true"),
            Stage(name: "report", inputs: reading(["train"]), outputs: out, run: "true"),
        ], spot: ["train"])

    /// One feeds two, which feed one, and a service reads what that makes.
    public static let diamond = pipeline(
        "diamond",
        [
            Stage(name: "split", outputs: out, run: "true"),
            Stage(name: "left", inputs: reading(["split"]), outputs: out, run: "true"),
            Stage(name: "right", numNodes: 2, inputs: reading(["split"]), outputs: out, run: "true"),
            Stage(name: "join", inputs: reading(["left", "right"]), outputs: out, run: "true"),
            Stage(name: "serve", inputs: reading(["join"]), run: "true", service: ServiceSpec(port: 8080)),
        ], spot: ["left", "right"])

    /// A service that would cost more than it may.
    public static let budgeted = pipeline(
        "budgeted",
        [
            Stage(name: "prepare", outputs: out, run: "true"),
            Stage(name: "serve", inputs: reading(["prepare"]), run: "true", service: ServiceSpec(port: 8080)),
        ], spot: [], budget: Budget(limit: Money(nanodollars: 1_200_000_000)))

    /// Four that would rent the same, two at a time, and one that reads them all: each of the later ones can take over the
    /// nodes of one that is done.
    public static let fan = pipeline(
        "fan",
        ["a", "b", "c", "d"].map { Stage(name: $0, outputs: out, run: "true") }
            + [Stage(name: "join", inputs: reading(["a", "b", "c", "d"]), outputs: out, run: "true")],
        spot: ["a", "b", "c", "d"], machineTypes: 1, maxParallel: 2)

    public static let all = [chain, diamond, budgeted, fan]

    /// A stage that keeps a deadline of its own between spot and on demand. Not among `all`: its looks at the market take a
    /// hundred times as long as everything else.
    public static let punctual = pipeline(
        "punctual",
        [
            Stage(
                name: "train", outputs: out, deadline: .seconds(9000), checkpointInterval: .seconds(600),
                checkpointPath: "saved", run: "true"),
            Stage(name: "report", inputs: reading(["train"]), outputs: out, run: "true"),
        ], spot: ["train"])

    private static let out = [StageOutput(name: "out")]

    private static func reading(_ names: [String]) -> [StageInput] {
        names.map { StageInput(name: $0, source: .output(stage: $0, artifact: "out")) }
    }

    private static func pipeline(
        _ name: String, _ stages: [Stage], spot: Set<String>, budget: Budget? = nil, machineTypes: Int = 2,
        maxParallel: Int? = nil
    ) -> SimulatedPipeline {
        var ladders: [Ladder] = []
        for (index, stage) in stages.enumerated() {
            ladders.append(
                ladder(of: stage, number: index, type: index % machineTypes, onSpot: spot.contains(stage.name)))
        }
        let planned = ladders.compactMap(\.rungs.first?.planned)
        let total = planned.reduce(Money.zero) { $0 + $1.cost }
        let plan = Plan(
            pipeline: name, objective: .cost, policy: "cheapest", stages: planned, transfers: [], totalCost: total,
            totalTime: planned.reduce(.zero) { $0 + $1.duration },
            proof: Plan.Proof(isOptimal: true, costLowerBound: total))
        let zones = Dictionary(
            ladders.compactMap(\.rungs.first).map { ($0.planned.stage, $0.zones) },
            uniquingKeysWith: { first, _ in first })
        return SimulatedPipeline(
            Pipeline(
                name: name, stages: stages, budget: budget, maxParallel: maxParallel, reusesNodes: true, directory: "/"),
            plan: plan, zones: zones, ladders: ladders)
    }

    /// Three providers of three regions of two zones; the further, the dearer.
    private static func ladder(of stage: Stage, number: Int, type: Int, onSpot: Bool) -> Ladder {
        var rungs: [Ladder.Rung] = []
        for market in onSpot ? [Offer.Market.spot, .onDemand] : [.onDemand] {
            for step in 0..<9 {
                let (provider, region) = ("cloud-\(step / 3)", "region-\(step % 3)")
                let price = Money(
                    nanodollars: (market == .spot ? 300_000_000 : 1_000_000_000) + Int64(step) * 20_000_000)
                let offer = Offer(
                    provider: provider, region: region, instanceType: "m\(type)", cpus: 4, memoryGiB: 16,
                    pricePerHour: price, market: market)
                let duration = TimeSpan.seconds(Int64(1200 + 1800 * number))
                let perHour = price * stage.numNodes
                rungs.append(
                    Ladder.Rung(
                        planned: PlannedStage(
                            stage: stage.name, offer: offer, numNodes: stage.numNodes, pricePerHour: perHour,
                            duration: duration, cost: perHour.perHour(for: duration),
                            deadline: stage.deadline.flatMap { terms(offer, duration, within: $0) }, reason: "made up"),
                        zones: ["\(region)-a", "\(region)-b"]))
            }
        }
        return Ladder(rungs)
    }

    /// Nil for what is on demand already.
    private static func terms(_ offer: Offer, _ work: TimeSpan, within deadline: TimeSpan) -> DeadlineTerms? {
        guard offer.market == .spot else { return nil }
        let onDemand = Offer(
            provider: offer.provider, region: offer.region, instanceType: offer.instanceType, cpus: offer.cpus,
            memoryGiB: offer.memoryGiB, pricePerHour: offer.pricePerHour * 3)
        let job = DeadlineJob(
            work: work, deadline: deadline, changeover: .seconds(300), onDemandPrice: onDemand.pricePerHour,
            spotPrice: offer.pricePerHour)
        return DeadlineTerms(
            job: job, spot: offer, onDemand: onDemand, checkpoint: .seconds(600), interval: .seconds(300),
            expectedCost: offer.pricePerHour.perHour(for: work), onDemandCost: onDemand.pricePerHour.perHour(for: work),
            expectedFinish: work, latestFinish: deadline)
    }
}
