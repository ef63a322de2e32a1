import SkyBroker
import SkyCatalog
import SkyCore
import SkyPlacement
import SkySpec
import SkyTestSupport
import Testing

/// What a stage asked for as a bound holds for every place that it ever gets, and for where its artifacts are kept, whatever refuses.
@Suite("Bounds of a run, whatever fails over")
struct BoundTests {
    @Test("hold in the plan and after every move, until no place is left", arguments: 0..<80)
    func bounds(_ seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let market = RandomMarket(&random)
        let pipeline = Self.pipeline(&random)
        let relocation = Relocation(offers: market.offers)
        guard let plan = try? Planner().plan(pipeline, offers: market.offers, policy: pipeline.objective.policy) else {
            return  // Nothing fits this market.
        }
        let run = try #require(RunID("run-\(seed)"))
        let launch = Launch(run: run, pipeline: pipeline, plan: plan)
        for stage in pipeline.stages {
            var offer = try #require(plan.stage(named: stage.name)?.offer)
            var excluded: [BlockedPlace] = []
            for _ in 0..<60 {
                try #require(market.keepsBounds(of: stage, in: pipeline, offer), "\(stage.name) on \(offer)")
                excluded.append(Self.refusal(of: offer, &random))
                let request = DriverWorld.RelocationRequest(
                    stage: stage.name, pinned: [:], excluded: excluded, onDemandOnly: random.chance(20))
                guard let next = try? relocation.place(of: launch, request) else { break }
                offer = next.0.offer
            }
        }
    }

    @Test("what must stay in Europe is not placed where its artifacts would be kept outside, or nobody knows where")
    func keptOutside() throws {
        let (here, there) = (Offer.at("a", "eu-1", "m", "1", []), Offer.at("b", "eu-1", "m", "2", []))
        let catalog = Catalog(offers: [here, there], profiles: RandomMarket.profiles)
        var stage = SkySpec.Stage(name: "s")
        stage.outputs = [StageOutput(name: "out", size: nil, areas: ["eu"])]
        let pipeline = Pipeline(name: "p", stages: [stage], directory: "/")
        func plan(_ places: [String: ArtifactPlace]) throws -> String? {
            let offers = CatalogOffers(catalog: catalog) { places[$0.provider] ?? .there }
            return try Planner().plan(pipeline, offers: offers, policy: pipeline.objective.policy).stages.first?.offer
                .provider
        }
        let inside = ArtifactPlace.elsewhere(Location(provider: "c", region: "eu-2"), bucket: "s3://c")
        let outside = ArtifactPlace.elsewhere(Location(provider: "c", region: "jp-1"), bucket: "s3://c")
        #expect(try plan([:]) == "a")
        #expect(try plan(["a": inside]) == "a")
        #expect(try plan(["a": outside]) == "b")
        #expect(try plan(["a": .unknown(bucket: "gs://x")]) == "b")
        let refusals = [
            (outside, "would be kept outside: stores.yaml has the artifacts of a/eu-1 in s3://c, at c/jp-1"),
            (.unknown(bucket: "gs://x"), "add `buckets: {x: provider/region}`"),
        ]
        for (place, words) in refusals {
            let error = #expect(throws: PlacementError.self) { try plan(["a": place, "b": place]) }
            guard case .noOffers(let stages) = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect(stages.map(\.stage) == ["s"] && stages[0].reason.contains(words), "\(stages)")
        }
    }

    @Test("a stage with no other place that keeps its bounds has none")
    func nowhereElse() throws {
        let confidential = Offer.at("a", "eu-1", "sealed", "1", ["confidential"])
        let open = Offer.at("b", "us-1", "open", "0.1", [])
        let offers = CatalogOffers(catalog: Catalog(offers: [confidential, open], profiles: RandomMarket.profiles))
        var stage = SkySpec.Stage(name: "s")
        stage.resources.capabilities = ["confidential"]
        let pipeline = Pipeline(name: "p", stages: [stage], directory: "/")
        let plan = try Planner().plan(pipeline, offers: offers, policy: pipeline.objective.policy)
        let launch = Launch(run: try #require(RunID("run-1")), pipeline: pipeline, plan: plan)
        let request = DriverWorld.RelocationRequest(
            stage: "s", pinned: [:], excluded: [BlockedPlace(machinesOf: confidential)])
        #expect(throws: PlacementError.self) { try Relocation(offers: offers).place(of: launch, request) }
    }

    /// A chain in which some stages must be confidential, and some may only be in Europe.
    private static func pipeline(_ random: inout SeededGenerator) -> Pipeline {
        var stages: [SkySpec.Stage] = []
        for index in 0..<3 {
            var stage = SkySpec.Stage(name: "s\(index)")
            if random.chance(50) { stage.resources.capabilities = ["confidential"] }
            if random.chance(50) { stage.resources.areas = ["eu"] }
            stage.resources.useSpot = random.chance(30)
            stage.estimate = DurationEstimate(general: Estimate(.seconds(3600)))
            stage.outputs = [StageOutput(name: "out", size: DataSize(bytes: 1_000_000_000))]
            if index > 0 {
                stage.inputs = [StageInput(name: "in", source: .output(stage: "s\(index - 1)", artifact: "out"))]
            }
            stages.append(stage)
        }
        return Pipeline(name: "bounded", stages: stages, directory: "/")
    }

    /// Of a machine, a region or a whole provider.
    private static func refusal(of offer: Offer, _ random: inout SeededGenerator) -> BlockedPlace {
        switch Int.random(in: 0..<10, using: &random) {
        case 0: BlockedPlace(provider: offer.provider)
        case 1...3: BlockedPlace(provider: offer.provider, region: offer.region)
        default: BlockedPlace(machinesOf: offer)
        }
    }
}

/// Two dozen machines in Europe and outside of it, some confidential, the cheap ones mostly not.
private struct RandomMarket {
    static let places: [(provider: String, region: String, country: String)] = [
        ("a", "eu-1", "DE"), ("a", "us-1", "US"), ("b", "eu-1", "IE"), ("b", "us-1", "US"), ("b", "ch-1", "CH"),
        ("c", "jp-1", "JP"), ("c", "eu-2", "FR"),
    ]

    static let profiles = Dictionary(grouping: places, by: \.provider).map { provider, places in
        ProviderProfile(
            name: provider, regions: places.map { .init(name: $0.region, country: $0.country, continent: "any") })
    }

    let offers: CatalogOffers
    private let catalog: Catalog
    /// Some places keep their artifacts elsewhere.
    private let keptAt: [Location: ArtifactPlace]

    init(_ random: inout SeededGenerator) {
        var offers: [Offer] = []
        for index in 0..<24 {
            let place = random.pick(Self.places)
            let isSealed = random.chance(40)
            let cents = Int.random(in: 10...99, using: &random) + (isSealed ? 50 : 0)
            let capabilities = isSealed ? ["confidential"] : []
            let price = "\(Double(cents) / 100)"
            offers.append(Offer.at(place.provider, place.region, "t\(index)", price, capabilities))
            guard random.chance(50) else { continue }
            offers.append(Offer.at(place.provider, place.region, "t\(index)", price, capabilities, .spot))
        }
        catalog = Catalog(offers: offers, profiles: Self.profiles)
        var keptAt: [Location: ArtifactPlace] = [:]
        for place in Self.places where random.chance(30) {
            let bucket = random.pick(Self.places)
            keptAt[Location(provider: place.provider, region: place.region)] =
                random.chance(30)
                ? .unknown(bucket: "gs://lost")
                : .elsewhere(Location(provider: bucket.provider, region: bucket.region), bucket: "s3://kept")
        }
        self.keptAt = keptAt
        self.offers = CatalogOffers(catalog: catalog) { [keptAt] in keptAt[$0] ?? .there }
    }

    /// By the stage's own words, and not by the code that places it.
    func keepsBounds(of stage: SkySpec.Stage, in pipeline: Pipeline, _ offer: Offer) -> Bool {
        let location = Location(provider: offer.provider, region: offer.region)
        let bucket: Location? =
            switch keptAt[location] ?? .there {
            case .there: location
            case .elsewhere(let place, _): place
            case .unknown: nil
            }
        let isInUnion = [location, bucket].allSatisfy { location in
            let place = Self.places.first { $0.provider == location?.provider && $0.region == location?.region }
            return ["DE", "IE", "FR"].contains(place?.country)
        }
        let isConfidential =
            !stage.resources.capabilities.contains("confidential") || offer.capabilities.contains("confidential")
        return isConfidential && (stage.resources.areas.isEmpty || isInUnion)
    }
}

extension Offer {
    fileprivate static func at(
        _ provider: String, _ region: String, _ type: String, _ price: String, _ capabilities: [String],
        _ market: Market = .onDemand
    ) -> Offer {
        Offer(
            provider: provider, region: region, instanceType: type, cpus: 8, memoryGiB: 32,
            pricePerHour: Money(price) ?? .zero, market: market, capabilities: capabilities)
    }
}
