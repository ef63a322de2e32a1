public import SkyCore

/// Emits as little CO2e as possible, and of those ways takes the cheapest. With a price per tonne it weighs instead: as if
/// emissions had to be paid for.
public struct CarbonPolicy: PlacementPolicy {
    public var figures: CarbonFigures
    /// Nil: fewer grams are better at any price.
    public var pricePerTonne: Money?

    public init(figures: CarbonFigures, pricePerTonne: Money? = nil) {
        self.figures = figures
        self.pricePerTonne = pricePerTonne
    }

    public var name: String { pricePerTonne.map { "carbon at \(readable($0))/t" } ?? "carbon" }

    public func place(_ problem: PlacementProblem) throws(PlacementError) -> Placement {
        let emissions = Emissions(problem, figures)
        let shaped =
            if let pricePerTonne {
                problem.penalising { stage, candidate in
                    pricePerTonne.scaled(by: emissions.milligrams(of: candidate, for: stage), over: 1_000_000_000)
                }
            } else {
                problem.ranking { Int(clamping: emissions.milligrams(of: $1, for: $0)) }
            }
        var placement = try shaped.best()
        placement.remarks += emissions.remarks(on: placement, of: problem)
        return placement
    }

    /// Leaves each stage what emits no more than its choice.
    public func narrow(_ problem: PlacementProblem) throws(PlacementError) -> PlacementProblem {
        let emissions = Emissions(problem, figures)
        let placement = try place(problem)
        return try problem.keeping { stage, candidate in
            guard let chosen = placement[stage.name] else { return false }
            return emissions.milligrams(of: candidate, for: stage) <= emissions.milligrams(of: chosen, for: stage)
        }
    }
}

/// What the candidates of one problem emit.
private struct Emissions {
    private let figures: CarbonFigures
    /// Grams per kWh by place; nil where nothing is known of it.
    private var grids: [Location: Double?] = [:]

    init(_ problem: PlacementProblem, _ figures: CarbonFigures) {
        self.figures = figures
        for stage in problem.stages {
            for candidate in stage.candidates where grids[candidate.location] == nil {
                let location = candidate.location
                grids[location] = .some(figures.gramsPerKWh(at: location, in: problem.areas(of: location)))
            }
        }
    }

    func milligrams(of candidate: Candidate, for stage: StageChoices) -> Int64 {
        let grams = grids[candidate.location]?.map { $0 } ?? figures.worldGramsPerKWh
        let amount = figures.energy(of: candidate, for: stage) * grams * 1000
        return Int64(min(amount.rounded(), 1e15))
    }

    func remarks(on placement: Placement, of problem: PlacementProblem) -> [String] {
        var total = 0.0
        var unknown: Set<String> = []
        for stage in problem.stages {
            guard let candidate = placement[stage.name] else { continue }
            total += Double(milligrams(of: candidate, for: stage)) / 1_000_000
            if grids[candidate.location] == .some(nil) { unknown.insert(candidate.location.description) }
        }
        var remarks = ["about \(readable(kilograms: total)) of CO2e, all machines at full load (docs/policies.md)"]
        if !unknown.isEmpty {
            remarks.append(
                "the grid of \(unknown.sorted().joined(separator: ", ")) is not known: counted as the world's average")
        }
        return remarks
    }

    /// `410 g`, `12.5 kg`, `140 kg`.
    private func readable(kilograms: Double) -> String {
        func rounded(_ value: Double) -> String {
            trimmed(value < 100 ? (value * 10).rounded() / 10 : value.rounded())
        }
        return kilograms < 1 ? "\(rounded(kilograms * 1000)) g" : "\(rounded(kilograms)) kg"
    }
}
