public import SkyCatalog
public import SkyCore
import SkySpec

/// Where the stages of a pipeline ran before, for how long, and how much they made: on machines that were really rented.
public struct PlacementHistory: Hashable, Sendable, Codable {
    /// One finished attempt at a stage.
    public struct PastRun: Hashable, Sendable, Codable {
        /// The run it was part of.
        public var run: String
        public var provider: String
        public var region: String
        public var zone: String?
        public var instanceType: String
        public var accelerator: AcceleratorCount?
        public var market: Offer.Market
        /// How long the stage really worked.
        public var duration: TimeSpan
        /// By output name.
        public var outputSizes: [String: DataSize]
        /// Nil when it is not known.
        public var endedAt: Instant?

        public init(
            run: String = "", provider: String, region: String, zone: String? = nil, instanceType: String,
            accelerator: AcceleratorCount? = nil, market: Offer.Market = .onDemand, duration: TimeSpan,
            outputSizes: [String: DataSize] = [:], endedAt: Instant? = nil
        ) {
            self.run = run
            self.provider = provider
            self.region = region
            self.zone = zone
            self.instanceType = instanceType
            self.accelerator = accelerator
            self.market = market
            self.duration = duration
            self.outputSizes = outputSizes
            self.endedAt = endedAt
        }

        public var location: Location { Location(provider: provider, region: region) }
    }

    /// By stage name, the latest run first.
    public var runs: [String: [PastRun]]

    public init(runs: [String: [PastRun]] = [:]) { self.runs = runs }

    public var isEmpty: Bool { runs.values.allSatisfy(\.isEmpty) }

    /// Where the stage ran last; nil if it never did, as far as anybody knows.
    public func last(of stage: String) -> PastRun? { runs[stage]?.first }

    /// How large an output was in the latest runs that made it, or nil.
    func size(of artifact: String, madeBy stage: String) -> Estimate<DataSize>? {
        let sizes = (runs[stage] ?? []).compactMap { $0.outputSizes[artifact] }
            .prefix(DurationModel.runsThatCount).sorted()
        guard let low = sizes.first, let high = sizes.last else { return nil }
        return Estimate(low: low, expected: sizes[sizes.count / 2], high: high)
    }
}
