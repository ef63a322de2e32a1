import SkyCatalog
import SkyCore
import SkyPlacement
import SkyProcess
import SkySpec
import SkyTestSupport

@testable import SkyPolicyPrograms

/// Two stages that may be in two places: east costs a dollar less for each, and moving between them half a dollar.
struct SmallMarket: OfferSource {
    func offers(for request: ResourceRequest) -> [Offer] {
        [offer("acme", "east", "1.00"), offer("nimbus", "west", "2.00")]
    }

    func explainNoOffer(for request: ResourceRequest) -> String { "nothing" }

    func pricePerGigabyte(from: Location, to: Location) -> Money {
        from == to ? .zero : Money(nanodollars: 50_000_000)
    }

    func gigabitsPerSecond(from: Location, to: Location) -> Double { 8 }

    func areas(of location: Location) -> Set<String> { location.region == "west" ? ["eu", "europe"] : [] }

    private func offer(_ provider: String, _ region: String, _ price: String) -> Offer {
        Offer(
            provider: provider, region: region, instanceType: "box \"8\"", cpus: 8, memoryGiB: 32,
            pricePerHour: Money(price) ?? .zero)
    }

    static let pipeline = Pipeline(
        name: "p",
        stages: [
            Stage(name: "make", outputs: [StageOutput(name: "out", size: DataSize(bytes: 10_000_000_000))]),
            Stage(
                name: "use", inputs: [StageInput(name: "in", source: .output(stage: "make", artifact: "out"))]),
        ], directory: "/")
}

/// A policy program written for one test.
struct ProgramUnderTest {
    let folder: String
    let policy: any PlacementPolicy

    /// - Parameter text: a shell script, or one that begins with `#!`.
    init(_ text: String, in folder: String, timeLimit: TimeSpan = .seconds(60)) throws {
        self.folder = folder
        let script = text.hasPrefix("#!") ? text : "#!/bin/sh\n\(text)\n"
        try Files.replace("\(folder)/policy", with: script.utf8, mode: 0o755, durability: .processes)
        let resolver = PolicyResolver(folder: folder, timeLimit: timeLimit) { CarbonFigures(gramsPerKWh: [:]) }
        policy = try resolver.resolve("exec:./policy").policy
    }

    func plan(objective: Objective = .cost) throws -> Plan {
        var pipeline = SmallMarket.pipeline
        pipeline.objective = objective
        return try Planner().plan(pipeline, offers: SmallMarket(), policy: policy)
    }

    /// `east west $3.50`, or why there is no plan.
    func story(objective: Objective = .cost) -> String {
        do {
            let plan = try plan(objective: objective)
            return plan.stages.map(\.offer.region).joined(separator: " ") + " \(plan.totalCost)"
        } catch {
            return String(describing: error)
        }
    }

    static func story(_ text: String, timeLimit: TimeSpan = .seconds(60)) async throws -> String {
        try await withTemporaryFolder { folder in
            try ProgramUnderTest(text, in: folder, timeLimit: timeLimit).story()
        }
    }
}
