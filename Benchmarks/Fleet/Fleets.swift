import Glibc
import SkyBroker
import SkyCatalog
import SkyCore
import SkyHTTP
import SkyPlacement
import SkyProcess
import SkyProviders
import SkySpec
import SkyStorage

/// A state folder with runs of made-up stages in it, and the process that drives them.
struct FleetFolder {
    let state: StateFolder
    var ledger: String { "\(state.path)/cloud" }

    init(_ path: String) { state = StateFolder(path: path) }

    /// Writes runs of chained stages into the journal. Nobody drives them yet.
    func launch(_ count: Int, named name: String, stages: Int, region: String = "quick") async throws {
        let journal = try Journal(path: state.journal)
        let launcher = RunLauncher(
            journal: journal, store: LocalArtifactStore(root: "\(state.stores)/local"))
        let offer = Offer(
            provider: "aws", region: region, instanceType: "m5.large", cpus: 2, memoryGiB: 8,
            pricePerHour: Money(nanodollars: 96_000_000))
        let chain = (0..<stages).map { number in
            Stage(name: "stage-\(number)", run: "true", after: number == 0 ? [] : ["stage-\(number - 1)"])
        }
        let planned = chain.map { stage in
            PlannedStage(
                stage: stage.name, offer: offer, numNodes: 1, pricePerHour: offer.pricePerHour, duration: .hour,
                durationSource: .assumed, cost: offer.pricePerHour, reason: "the only one")
        }
        let plan = Plan(
            pipeline: name, objective: .cost, policy: "cheapest", stages: planned, transfers: [],
            totalCost: offer.pricePerHour * stages, totalTime: .hour,
            proof: Plan.Proof(isOptimal: true, costLowerBound: .zero))
        let pipeline = Pipeline(name: name, stages: chain, directory: state.path)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<count {
                group.addTask {
                    var generator = SystemRandomNumberGenerator()
                    _ = try await launcher.launch(pipeline, plan: plan, zones: [:], at: now(), using: &generator)
                }
            }
            try await group.waitForAll()
        }
    }

    /// Drives all that is there in this process, until the last run has ended.
    func drive(jobTime: TimeSpan, slowStart: TimeSpan) async throws {
        OpenFiles.allowAsManyAsPossible()
        let journal = try Journal(path: state.journal)
        let cloud = try MemoryCloud(ledger: ledger, jobTime: jobTime, slowStart: slowStart)
        let world = DriverWorld(
            folder: state, journal: journal, adapter: { $0 == "aws" ? cloud : nil },
            store: { LocalArtifactStore(root: "\(state.stores)/\($0.provider)") },
            pricePerGigabyte: { _, _ in .zero },
            relocate: { _, _ in throw LaunchError("nowhere else to go") }, isReal: { _ in false },
            http: HTTPClient(), environment: [:], now: now, log: { print($0) })
        _ = try await Fleet(world: world, processID: getpid()).drive()
    }

    /// How many lines of the cloud's ledger begin with the word.
    func count(_ word: String) throws -> Int {
        String(decoding: try Files.read(ledger) ?? [], as: UTF8.self).split(separator: "\n")
            .count { $0.hasPrefix("\(word) ") }
    }
}

@Sendable func now() -> Instant {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Instant(millisecondsSince1970: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
}

func monotonicMilliseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
}
