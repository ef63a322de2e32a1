import FoundationEssentials
import SkyCatalog
import SkyCore
import SkyHTTP
import SkyPlacement
import SkyProcess
import SkyProviders
import SkySpec
import SkyStorage

@testable import SkyBroker

/// A state folder, and a driver's world over it in which every stage runs on processes that stand in for `aws`.
struct TestWorld {
    let folder: StateFolder
    let journal: Journal
    var world: DriverWorld

    init(path: String) throws {
        let folder = StateFolder(path: path)
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let agent = URL(filePath: own).deletingLastPathComponent().appending(path: "sky-agent").path
        let adapter = StandInAdapter(provider: "aws", stateDirectory: path, agentExecutable: agent)
        self.folder = folder
        journal = try Journal(path: folder.journal)
        world = DriverWorld(
            folder: folder, journal: journal, adapter: { $0 == "aws" ? adapter : nil },
            store: { LocalArtifactStore(root: "\(folder.stores)/\($0.provider)/\($0.region)") },
            pricePerGigabyte: { _, _ in Money("0.09") ?? .zero },
            relocate: { _, _ in throw LaunchError("nowhere else to go") }, isReal: { _ in true },
            http: HTTPClient(),
            environment: [:], now: { Instant(Date()) }, log: { _ in })
    }

    func launch(_ stages: [Stage], reusesNodes: Bool = false) async throws -> RunID {
        let offer = Offer(
            provider: "aws", region: "us-east-1", instanceType: "m5.large", cpus: 2, memoryGiB: 8,
            pricePerHour: Money("0.096") ?? .zero)
        let planned = stages.map {
            PlannedStage(
                stage: $0.name, offer: offer, numNodes: $0.numNodes, pricePerHour: offer.pricePerHour * $0.numNodes,
                duration: .hour, durationSource: .assumed, cost: offer.pricePerHour, reason: "the only one")
        }
        let plan = Plan(
            pipeline: "test", objective: .cost, policy: "cheapest", stages: planned, transfers: [], totalCost: .zero,
            totalTime: .zero, proof: Plan.Proof(isOptimal: true, costLowerBound: .zero))
        let pipeline = Pipeline(
            name: "test", stages: stages, reusesNodes: reusesNodes, directory: folder.path)
        var generator = SystemRandomNumberGenerator()
        return try await RunLauncher(
            journal: journal, store: LocalArtifactStore(root: "\(folder.stores)/local/local")
        )
        .launch(pipeline, plan: plan, zones: [:], at: world.now(), using: &generator)
    }

    func drive(_ run: RunID) async throws -> RunState {
        guard let lock = try DriverLock(run: run, folder: folder) else { throw LaunchError("somebody drives \(run)") }
        let state = try await RunDriver(run: run, world: world).drive(processID: 1)
        _ = consume lock
        return state
    }

    func log(_ run: RunID, _ stage: String, rank: Int = 0, attempt: Int = 1) throws -> String {
        let id = AttemptID(run: run, stage: stage, number: attempt)
        return String(decoding: try Data(contentsOf: URL(filePath: folder.log(of: id, rank: rank))), as: UTF8.self)
    }

    /// The machines of an attempt are taken away at once.
    func preempt(_ id: AttemptID) async throws {
        guard let adapter = world.adapter("aws") as? any PreemptibleAdapter else {
            throw LaunchError("no such adapter")
        }
        try await adapter.preempt(token: id.token)
    }

    var rentedGroups: [String] { Files.names(in: "\(folder.nodes)/aws").filter { !$0.hasPrefix(".") } }
}

extension Instant {
    fileprivate init(_ date: Date) { self.init(millisecondsSince1970: Int64(date.timeIntervalSince1970 * 1000)) }
}
