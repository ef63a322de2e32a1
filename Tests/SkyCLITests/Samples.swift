import SkyCatalog
import SkyCore
import SkyPlacement
import SkySpec

@testable import SkyCLI

/// A plan and runs of the kind that people see every day, for the screens' golden files.
enum Samples {
    static let now = Instant(millisecondsSince1970: 1_800_000_000_000)

    static func dollars(_ cents: Int64) -> Money { Money(nanodollars: cents * 10_000_000) }

    static func offer(
        _ provider: String, _ region: String, _ type: String, _ accelerator: AcceleratorCount? = nil,
        nanodollars: Int64, market: Offer.Market = .onDemand, capabilities: [String] = []
    ) -> Offer {
        Offer(
            provider: provider, region: region, instanceType: type, accelerator: accelerator, cpus: 8, memoryGiB: 32,
            pricePerHour: Money(nanodollars: nanodollars), market: market, capabilities: capabilities)
    }

    static let confidential = offer(
        "azure", "eastus", "Standard_DC8as_v5", nanodollars: 344_000_000, capabilities: ["confidential"])
    static let tpu = offer(
        "gcp", "us-central1", "tpu-v5e-8", AcceleratorCount(name: "tpu-v5e", count: 8), nanodollars: 4_800_000_000,
        market: .spot, capabilities: ["tpu"])
    static let inferentia = offer(
        "aws", "us-east-1", "inf2.xlarge", AcceleratorCount(name: "Inferentia2", count: 1), nanodollars: 758_200_000)

    static func plan(isOptimal: Bool = true) -> Plan {
        let preprocess = PlannedStage(
            stage: "preprocess", offer: confidential, numNodes: 1, pricePerHour: confidential.pricePerHour,
            duration: .seconds(7200), cost: Money(nanodollars: 688_000_000),
            reason: "cheapest of 214 offers with confidential, 8+ CPUs and 32+ GiB",
            runnerUp: .init(
                offer: offer("gcp", "us-central1", "n2d-standard-8", nanodollars: 400_000_000),
                totalCost: Money(nanodollars: 65_400_000_000), totalTime: .seconds(29_000)))
        let train = PlannedStage(
            stage: "train", offer: tpu, numNodes: 2, pricePerHour: tpu.pricePerHour * 2, duration: .seconds(21_600),
            cost: Money(nanodollars: 57_600_000_000),
            reason: "cheapest of 38 offers with tpu-v5e:8 or A100:8; moving the data there is included",
            runnerUp: .init(
                offer: offer("lambda", "us-east-1", "gpu_8x_a100", nanodollars: 10_320_000_000),
                totalCost: Money(nanodollars: 98_100_000_000), totalTime: .seconds(40_000)))
        let serve = PlannedStage(
            stage: "serve", offer: inferentia, numNodes: 1, pricePerHour: inferentia.pricePerHour,
            duration: .hour, durationSource: .assumed, cost: Money(nanodollars: 758_200_000),
            reason: "cheapest of 12 offers with Inferentia2:1 or T4:1")
        let transfers = [
            PlannedTransfer(
                artifact: "raw", toStage: "preprocess", from: .here, to: confidential.location,
                size: DataSize(bytes: 812_000), cost: .zero, duration: TimeSpan(milliseconds: 700)),
            PlannedTransfer(
                artifact: "preprocess.clean", toStage: "train", from: confidential.location, to: tpu.location,
                size: DataSize(bytes: 40_000_000_000), cost: Money(nanodollars: 3_480_000_000),
                duration: .seconds(320)),
            PlannedTransfer(
                artifact: "train.model", toStage: "serve", from: tpu.location, to: inferentia.location,
                size: .zero, cost: .zero, duration: .zero),
        ]
        return Plan(
            pipeline: "support-tickets", objective: .cost, policy: "cheapest", stages: [preprocess, train, serve],
            transfers: transfers, totalCost: Money(nanodollars: 62_526_200_000), totalTime: .seconds(32_721),
            proof: .init(
                isOptimal: isOptimal,
                costLowerBound: Money(nanodollars: isOptimal ? 62_526_200_000 : 60_000_000_000)),
            caveats: ["the size of 'train.model' is not known: moving it counts as free"])
    }

    static func run() -> RunRow {
        RunRow(
            id: "support-tickets-7k2m", pipeline: "support-tickets", state: StateWord("running", .active),
            startedAt: now + .seconds(-95), cost: Money(nanodollars: 43_000_000),
            stages: [
                StageRow(
                    name: "preprocess", state: StateWord("done", .succeeded),
                    place: .init(provider: "azure", region: "eastus", instanceType: "Standard_DC8as_v5"),
                    startedAt: now + .seconds(-95), endedAt: now + .seconds(-80),
                    cost: Money(nanodollars: 1_430_000), attempts: 1),
                StageRow(
                    name: "train", state: StateWord("running", .active),
                    place: .init(
                        provider: "gcp", region: "us-central1", instanceType: "tpu-v5e-8", numNodes: 2, isSpot: true),
                    startedAt: now + .seconds(-78), cost: Money(nanodollars: 41_570_000), attempts: 2,
                    note: "us-central1-a had none left; tried us-central1-b"),
                StageRow(name: "serve", state: StateWord("waiting", .waiting)),
            ],
            standIns: ["aws", "azure", "gcp"])
    }

    static func servingRun() -> RunRow {
        var run = run()
        run.id = "support-tickets-9q1x"
        run.state = StateWord("serving", .serving)
        run.stages[0].state = StateWord("reused", .succeeded)
        run.stages[0].reusedFrom = "support-tickets-7k2m"
        run.stages[0].cost = .zero
        run.stages[0].attempts = 0
        run.stages[0].startedAt = nil
        run.stages[0].endedAt = nil
        run.stages[1].state = StateWord("done", .succeeded)
        run.stages[1].endedAt = now + .seconds(-20)
        run.stages[1].note = nil
        run.stages[2] = StageRow(
            name: "serve", state: StateWord("serving", .serving),
            place: .init(provider: "aws", region: "us-east-1", instanceType: "inf2.xlarge"),
            startedAt: now + .seconds(-18), cost: Money(nanodollars: 3_791_000), attempts: 1,
            url: "http://127.0.0.1:41873")
        return run
    }

    static func failedRun() -> RunRow {
        var run = run()
        run.id = "support-tickets-0f2a"
        run.state = StateWord("failed", .failed)
        run.startedAt = now + .seconds(-7300)
        run.endedAt = now + .seconds(-7200)
        run.failure = "train ended with status 1; its last words: ValueError: no training data"
        run.stages[0].startedAt = now + .seconds(-7300)
        run.stages[0].endedAt = now + .seconds(-7285)
        run.stages[1].state = StateWord("failed", .failed)
        run.stages[1].startedAt = now + .seconds(-7280)
        run.stages[1].endedAt = now + .seconds(-7200)
        run.stages[1].note = "ended with status 1"
        run.stages[2].state = StateWord("skipped", .stopped)
        return run
    }
}

extension Samples {
    /// As the catalog lists it.
    static func listed(_ offer: Offer) -> ListedOffer {
        ListedOffer(
            offer: offer, zones: [],
            source: PriceSource(key: "list", kind: .observed, date: CalendarDay("2026-07-20"), what: "a list"),
            flags: [])
    }
}
