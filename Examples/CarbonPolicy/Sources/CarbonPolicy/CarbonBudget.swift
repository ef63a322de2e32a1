import Sky

/// The cheapest plan that emits no more than so many kilograms of CO2e.
///
/// No price on carbon is set beforehand: the policy looks for the lowest one at which the cheapest plan keeps the budget.
/// At each price it asks the solver, which is exact; only the way between the prices is this policy's own.
public struct CarbonBudget: PlacementPolicy {
    public var kilograms: Double
    public var figures: CarbonFigures

    public init(kilograms: Double, figures: CarbonFigures) {
        self.kilograms = kilograms
        self.figures = figures
    }

    public var name: String { "at most \(kilograms) kg of CO2e" }

    public func place(_ problem: PlacementProblem) throws(PlacementError) -> Placement {
        // Perhaps the budget is no matter.
        var best = try problem.best()
        guard emissions(of: best, in: problem) > kilograms else { return remarked(best, in: problem) }

        // As little carbon as possible, at any price: if that is too much, then so is everything.
        let cleanest = try problem.ranking { stage, candidate in
            Int(kilograms(of: candidate, for: stage, in: problem) * 1_000_000)
        }.best()
        let least = emissions(of: cleanest, in: problem)
        guard least <= kilograms else {
            throw .refused(policy: name, reason: "the cleanest plan emits \(rounded(least)) kg")
        }

        // Between a price of nothing and one of ten million dollars a kilogram, in steps that double.
        best = cleanest
        var (low, high) = (0, 60)
        while high - low > 1 {
            let middle = (low + high) / 2
            let placement = try problem.penalising { stage, candidate in
                let price = Money(nanodollars: Int64(1) << Int64(middle))
                let milligrams = Int64(kilograms(of: candidate, for: stage, in: problem) * 1_000_000)
                return price.scaled(by: milligrams, over: 1_000_000)
            }.best()
            if emissions(of: placement, in: problem) <= kilograms {
                (best, high) = (placement, middle)
            } else {
                low = middle
            }
        }
        return remarked(best, in: problem)
    }

    private func kilograms(of candidate: Candidate, for stage: StageChoices, in problem: PlacementProblem) -> Double {
        let areas = problem.areas(of: candidate.location)
        let grams = figures.gramsPerKWh(at: candidate.location, in: areas) ?? figures.worldGramsPerKWh
        return figures.energy(of: candidate, for: stage) * grams / 1000
    }

    private func emissions(of placement: Placement, in problem: PlacementProblem) -> Double {
        problem.stages.reduce(0) { sum, stage in
            sum + (placement[stage.name].map { kilograms(of: $0, for: stage, in: problem) } ?? 0)
        }
    }

    private func remarked(_ placement: Placement, in problem: PlacementProblem) -> Placement {
        var placement = placement
        placement.remarks.append("emits about \(rounded(emissions(of: placement, in: problem))) kg of CO2e")
        return placement
    }

    private func rounded(_ kilograms: Double) -> Double { (kilograms * 1000).rounded() / 1000 }
}
