public import SkyCatalog
public import SkyCore

/// What electricity emits in different places, and how much of it machines draw. `providers/carbon` holds the figures
/// with their sources; docs/policies.md says how they are used.
public struct CarbonFigures: Hashable, Sendable {
    /// Grams of CO2e per kWh from the grid: of a region (`gcp/europe-west1`), a country or area (`de`), or `world`.
    public var gramsPerKWh: [String: Double]
    /// Watts of one virtual CPU at full load: of `*`, and of capabilities such as `arm64`.
    public var wattsPerCPU: [String: Double]
    public var wattsPerGiB: Double
    /// Watts of one accelerator at full load by its name, and of `*`.
    public var wattsPerAccelerator: [String: Double]
    /// What a data centre draws altogether for each watt of its machines: of a provider, and of `*`.
    public var overhead: [String: Double]

    public init(
        gramsPerKWh: [String: Double], wattsPerCPU: [String: Double] = ["*": 3], wattsPerGiB: Double = 0.392,
        wattsPerAccelerator: [String: Double] = ["*": 300], overhead: [String: Double] = ["*": 1.5]
    ) {
        self.gramsPerKWh = gramsPerKWh
        self.wattsPerCPU = wattsPerCPU
        self.wattsPerGiB = wattsPerGiB
        self.wattsPerAccelerator = wattsPerAccelerator
        self.overhead = overhead
    }

    /// The most specific figure for a place; nil when only the world's average is left.
    ///
    /// - Parameter areas: the parts of the world that it is in.
    public func gramsPerKWh(at location: Location, in areas: Set<String>) -> Double? {
        gramsPerKWh[location.description] ?? areas.sorted().lazy.compactMap { gramsPerKWh[$0] }.first
    }

    /// Takes over what data sheets say of accelerators that these figures do not name themselves.
    public mutating func addWatts(of accelerators: AcceleratorSpeeds) {
        wattsPerAccelerator.merge(accelerators.watts) { own, _ in own }
    }

    /// For places of which nothing is known.
    public var worldGramsPerKWh: Double { gramsPerKWh["world"] ?? 0 }
}

extension CarbonFigures {
    /// Kilowatt-hours that a stage draws on a candidate, all nodes at full load for as long as they are held, with the data
    /// centre's share.
    public func energy(of candidate: Candidate, for stage: StageChoices) -> Double {
        let offer = candidate.offer
        let perCPU = offer.capabilities.lazy.compactMap { wattsPerCPU[$0] }.first ?? wattsPerCPU["*"] ?? 0
        var watts = finite(offer.cpus) * perCPU + finite(offer.memoryGiB) * wattsPerGiB
        if let accelerator = offer.accelerator {
            let each = wattsPerAccelerator[accelerator.name] ?? wattsPerAccelerator["*"] ?? 0
            watts += finite(accelerator.count) * each
        }
        let share = overhead[offer.provider] ?? overhead["*"] ?? 1
        return watts * share * Double(candidate.numNodes * stage.replicas) * candidate.heldTime.hours / 1000
    }

    private func finite(_ value: Double) -> Double { value.isFinite ? max(value, 0) : 0 }
}
