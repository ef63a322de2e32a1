import SkyCore
import SkyTestSupport
import Testing

@testable import SkyCatalog

@Suite("What fell to which constraint")
struct EliminationTests {
    private func elimination(_ change: (inout ResourceRequest) -> Void) -> OfferElimination {
        SmallCatalog.make().elimination(for: SmallCatalog.request(change))
    }

    @Test("each constraint says how many fell to it, and what it would bring to relax it")
    func steps() throws {
        let found = elimination {
            $0.cpus = .atLeast(9)
            $0.capabilities = ["vault"]
            $0.areas = ["de"]
        }
        #expect(found.considered == 13 && found.remaining == 0)
        let lines = found.steps.map {
            "\($0.phrase): fallen \($0.fallen), failing \($0.failing), unlocked \($0.unlocked)"
                + ($0.cheapestUnlocked.map { " \(brief([$0]))" } ?? "")
        }
        try expectGolden(lines.joined(separator: "\n") + "\n", "elimination.txt")
        #expect(found.steps.map(\.fallen).reduce(0, +) == found.considered)
        #expect(brief(found.nearestMiss.map { [$0] } ?? []) == ["large@west=0.7"])
        #expect(found.nearestMissFails.map { found.steps[$0].constraint } == [.capability("vault")])
    }

    @Test("a request that can be met has no nearest miss")
    func met() {
        let found = elimination { $0.cpus = .atLeast(9) }
        #expect(found.remaining == 2 && found.nearestMiss == nil)
        let special = found.steps.first { $0.constraint == .specialMachine }
        #expect(special?.unlocked == 1, "the Arm machine")
    }

    /// Random requests; relaxing is done for real by asking again without the part.
    @Test("what relaxing brings is what asking again brings")
    func againstAskingAgain() {
        let catalog = SmallCatalog.make()
        var generator = SeededGenerator(seed: 11)
        for _ in 0..<300 {
            let request = Self.random(&generator)
            let found = catalog.elimination(for: request)
            #expect((found.remaining == 0) == catalog.offers(for: request).isEmpty, "\(request)")
            #expect(found.steps.map(\.fallen).reduce(found.remaining, +) == found.considered)
            guard found.remaining == 0 else { continue }
            for part in RequestPart.all(of: request) {
                guard let step = found.steps.first(where: { $0.constraint == part.constraint }) else { continue }
                let again = catalog.offers(for: part.dropped(from: request)).map(\.pricePerHour).min()
                #expect(step.cheapestUnlocked?.pricePerHour == again, "\(part) of \(request)")
            }
        }
    }

    private static func random(_ generator: inout SeededGenerator) -> ResourceRequest {
        var request = ResourceRequest()
        func chance() -> Bool { Int.random(in: 0..<3, using: &generator) == 0 }
        if chance() { request.cpus = .atLeast([3, 9, 100].randomElement(using: &generator) ?? 3) }
        if chance() { request.memory = Quantity(least: 16, most: [32, 64].randomElement(using: &generator)) }
        if chance() { request.areas = [["de", "us", "europe"].randomElement(using: &generator) ?? "de"] }
        if chance() { request.places = [PlaceConstraint(provider: "cloud", region: "east")] }
        if chance() { request.useSpot = true }
        if chance() { request.excludedCapabilities = ["vault"] }
        return request
    }

    struct Unknown: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let request: ResourceRequest

        init(_ sentence: String, _ change: (inout ResourceRequest) -> Void) {
            testDescription = sentence
            request = SmallCatalog.request(change)
        }
    }

    static let unknownNames = [
        Unknown("there is no provider 'claud' (did you mean 'cloud'?)") {
            $0.places = [PlaceConstraint(provider: "claud")]
        },
        Unknown("there is no region 'esat' at cloud (did you mean 'east' (cloud)?)") {
            $0.places = [PlaceConstraint(provider: "cloud", region: "esat")]
        },
        Unknown("there is no region 'east' at local (it is a region of cloud)") {
            $0.places = [PlaceConstraint(provider: "local", region: "east")]
        },
        Unknown("there is no zone 'e7' in east at cloud (did you mean 'e1'?)") {
            $0.places = [PlaceConstraint(provider: "cloud", region: "east", zone: "e7")]
        },
        Unknown("no provider has the machine type 'lrage' (did you mean 'large' (cloud, 2 regions)?)") {
            $0.instanceType = "lrage"
        },
        Unknown("no offer has the accelerator 'A10O' (did you mean 'A100' (cloud, 2 regions)?)") {
            $0.accelerators = [AcceleratorCount(name: "A10O", count: 1)]
        },
        Unknown("no offer has the capability 'vualt' (did you mean 'vault' (cloud, 2 regions)?)") {
            $0.capabilities = ["vualt"]
        },
        Unknown("no offer has the capability 'amr64' that is to be avoided (did you mean 'arm64' (cloud, 2 regions)?)")
        {
            $0.excludedCapabilities = ["amr64"]
        },
        Unknown("no region is in an area called 'eurpoe' (did you mean 'europe'?)") { $0.areas = ["eurpoe"] },
    ]

    @Test("unknown names come with the nearest that exist and where they are", arguments: unknownNames)
    func unknown(_ testCase: Unknown) {
        #expect(SmallCatalog.make().problems(with: testCase.request).map(\.description) == [testCase.testDescription])
    }

    @Test("aliases, slices and builds are known")
    func known() {
        let names = ["A100-40GB", "a100", "tpu-v5litepod", "tpu-v5litepod-8", "tpu-v5e-8"]
        let request = SmallCatalog.request { request in
            request.accelerators = names.map { AcceleratorCount(name: $0, count: 1) }
            request.capabilities = ["spot", "vault"]
            request.areas = ["us", "de", "europe", "eu", "eea", "usa"]
        }
        #expect(SmallCatalog.make().problems(with: request) == [])
    }
}
