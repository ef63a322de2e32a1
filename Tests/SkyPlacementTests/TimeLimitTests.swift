import SkyCatalog
import SkyCore
import SkyPlacement
import SkySpec
import Testing

@Suite("Machines that may be had for a limited time only")
struct TimeLimitTests {
    private static let a100 = AcceleratorCount(name: "A100", count: 8)
    private static let h100 = AcceleratorCount(name: "H100", count: 8)

    private static func offer(
        _ type: String, _ price: String, limit: TimeSpan? = nil, _ accelerator: AcceleratorCount? = nil
    ) -> Offer {
        Offer(
            provider: "cloud", region: "r", instanceType: type, accelerator: accelerator, cpus: 8, memoryGiB: 32,
            pricePerHour: usd(price), timeLimit: limit)
    }

    private static let catalog = Catalog(
        offers: [
            offer("short", "1", limit: .hour), offer("long", "2", limit: .seconds(4 * 3600)), offer("endless", "3"),
            offer("fast", "1", limit: .seconds(4 * 3600), h100), offer("slow", "1", limit: .seconds(4 * 3600), a100),
            offer("slow-endless", "9", a100),
        ], profiles: [ProviderProfile(name: "cloud", regions: [.init(name: "r")])])

    private func type(_ stage: SkySpec.Stage) throws -> String {
        let pipeline = Pipeline(name: "p", stages: [stage], directory: "/")
        let plan = try Planner().plan(pipeline, offers: CatalogOffers(catalog: Self.catalog))
        return try #require(plan.stages.first).offer.instanceType
    }

    @Test(
        "a stage goes where its highest estimate fits",
        arguments: [
            (DurationEstimate(general: Estimate(.hour)), "short"),
            (DurationEstimate(general: Estimate(low: .hour, expected: .hour, high: .seconds(7200))), "long"),
            (DurationEstimate(general: Estimate(.seconds(5 * 3600))), "endless"),
            // Whoever does not know is not kept from anything.
            (DurationEstimate(), "short"),
        ])
    func estimates(estimate: DurationEstimate, type: String) throws {
        #expect(try self.type(SkySpec.Stage(name: "s", estimate: estimate)) == type)
    }

    @Test("what has no end goes where nobody ends it")
    func services() throws {
        var stage = SkySpec.Stage(name: "s", estimate: DurationEstimate(general: Estimate(.hour)))
        stage.service = ServiceSpec(port: 80, replicas: 1)
        #expect(try type(stage) == "endless")
    }

    @Test("each accelerator has its own time")
    func accelerators() throws {
        let estimate = DurationEstimate(perAccelerator: [
            .init(accelerator: Self.a100, duration: .seconds(9 * 3600)),
            .init(accelerator: Self.h100, duration: .seconds(3 * 3600)),
        ])
        var stage = SkySpec.Stage(name: "s", estimate: estimate)
        stage.resources.accelerators = [Self.a100, Self.h100]
        #expect(try type(stage) == "fast")
        stage.resources.accelerators = [Self.a100]
        #expect(try type(stage) == "slow-endless")
    }

    @Test("what falls to the limit is counted and named")
    func explained() throws {
        var stage = SkySpec.Stage(name: "s", estimate: DurationEstimate(general: Estimate(.seconds(5 * 3600))))
        let offers = CatalogOffers(catalog: Self.catalog)
        let pipeline = Pipeline(name: "p", stages: [stage], directory: "/")
        let plan = try Planner().plan(pipeline, offers: offers)
        let explanation = try Planner().explain(plan, of: pipeline, offers: offers, policy: CheapestPolicy())
        let step = try #require(
            explanation.stages[0].eliminations[0].steps.first { $0.constraint == .timeLimit })
        #expect(step.phrase == "a time limit of 5h or more" && step.unlocked == 2, "\(step)")
        stage.resources.instanceType = "long"
        do {
            _ = try Planner().plan(Pipeline(name: "p", stages: [stage], directory: "/"), offers: offers)
            Issue.record("it was placed")
        } catch {
            #expect(error.description.contains("a time limit of 5h or more"), "\(error)")
        }
    }
}
