import Glibc
public import SkyCore
import SkySpec

/// Reliability as a term of what is made small.
///
/// A plan's stages run without interruption with the probability ∏ e^(−risk) = e^(−Σ risk), where a stage's risk is the
/// rate of interruptions of its machines times the hours that they start and work once. Its negative logarithm is a sum
/// over the stages, so it can be priced: `perInterruption` times the risk is added to each candidate's price.
extension PlacementProblem {
    /// The placement with the least cost plus what its time and its risk are worth. Negative amounts count as none.
    ///
    /// - Throws: `.beyondCounting`.
    public func leastWeighted(perHour: Money, perInterruption: Money) throws(PlacementError) -> Placement {
        let worth = max(perInterruption, .zero)
        guard worth > .zero, stages.contains(where: { $0.candidates.contains { $0.risk > 0 } }) else {
            return try leastWeighted(perHour: perHour)
        }
        var weighed = penalising { _, candidate in candidate.price(ofRisk: worth) }
        weighed.isNarrowed = isNarrowed
        var placement = try weighed.leastWeighted(perHour: perHour)
        // The solver's bound is of cost and risk together: what no plan costs less than is another figure.
        if let proof = placement.proof {
            var solver = Solver(network, effort: effort)
            placement.proof = Plan.Proof(
                isOptimal: proof.isOptimal, costLowerBound: Money(nanodollars: solver.costBound()),
                timeLowerBound: proof.timeLowerBound, gap: proof.gap)
        }
        return placement
    }
}

extension Candidate {
    /// What its risk comes to, where one expected interruption is worth `perInterruption`; to the nearest nanodollar.
    func price(ofRisk perInterruption: Money) -> Money {
        let price = Double(perInterruption.nanodollars) * risk
        return Money(nanodollars: price < Double(Network.none) ? Int64(price.rounded()) : Network.none)
    }

    /// The probability that nothing interrupts it before it has done its work once.
    var reliability: Double { exp(-risk) }
}
