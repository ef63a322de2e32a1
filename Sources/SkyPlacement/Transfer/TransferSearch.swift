import SkyCore
import SkySpec

/// Chooses places and ways of large artifacts together.
///
/// At a price of time each artifact has one best way, and the solver is exact for the problem in which it goes that way. So the
/// problem is solved at several prices, and the best answer is kept; then each artifact by itself takes a cheaper way, or a faster
/// one, for as long as that makes the plan better. What is reported of how good that is comes from a problem in which every
/// way is as cheap as the cheapest and as fast as the fastest: no plan is better than its best.
struct TransferSearch {
    /// What is made small, and what then.
    private enum Goal {
        case cost
        case time
        case weighted(Money)
    }

    /// Dollars per hour.
    private static let prices: [Int64] = [0, 1, 10, 100, 1000]
    private static let mostRounds = 8

    private let problem: PlacementProblem
    private let policy: any PlacementPolicy
    private let goal: Goal
    private let isSearching: Bool

    init(_ problem: PlacementProblem, _ policy: any PlacementPolicy) {
        self.problem = problem
        self.policy = policy
        switch policy {
        case is FastestPolicy: (goal, isSearching) = (.time, true)
        case let weighted as WeightedPolicy where weighted.perInterruption == .zero:
            (goal, isSearching) = (.weighted(weighted.perHour), true)
        case let cheapest as CheapestPolicy:
            (goal, isSearching) = (.cost, cheapest.deadline != nil || problem.deadline != nil)
        // What another policy is after nobody knows: every artifact goes the cheapest way.
        default: (goal, isSearching) = (.cost, false)
        }
    }

    private typealias Answer = (problem: PlacementProblem, placement: Placement, priced: PricedPlacement)

    /// The problem with the ways chosen, and a placement of it.
    ///
    /// - Throws: what the policy throws where no choice of ways helps.
    func best() throws(PlacementError) -> (problem: PlacementProblem, placement: Placement) {
        guard problem.transferChoice != nil else { return (problem, try policy.place(problem)) }
        guard isSearching else {
            let cheap = problem.going(.perHour(.zero))
            return (cheap, try policy.place(cheap))
        }
        let bound = try answer(.bound)
        var best: Answer?
        var failure: PlacementError?
        var rules = Self.prices.map { TransferChoice.Rule.perHour(Money(nanodollars: $0 * 1_000_000_000)) } + [.fastest]
        if case .weighted(let perHour) = goal { rules.append(.perHour(perHour)) }
        for rule in rules {
            do throws(PlacementError) {
                let found = try answer(rule)
                if best.map({ isBetter(found.priced, than: $0.priced) }) ?? true { best = found }
            } catch {
                failure = error
            }
        }
        var plans = best.map { [polished($0)] } ?? []
        // Where the cheapest ways are slow, the plain ones may make the better plan.
        if let plain = try? plainAnswer() { plans.append(plain) }
        guard var chosen = plans.first else { throw failure ?? .beyondCounting }
        for other in plans.dropFirst() where isBetter(other.priced, than: chosen.priced) { chosen = other }
        var placement = chosen.placement
        placement.proof = proof(of: chosen.priced, bound)
        return (chosen.problem, placement)
    }

    private func plainAnswer() throws(PlacementError) -> Answer {
        let placement = try policy.place(problem)
        return (problem, placement, PricedPlacement(problem, try problem.chosen(placement, by: policy.name)))
    }

    private func answer(_ rule: TransferChoice.Rule) throws(PlacementError) -> Answer {
        let ruled = problem.going(rule)
        let placement = try policy.place(ruled)
        return (ruled, placement, PricedPlacement(ruled, try ruled.chosen(placement, by: policy.name)))
    }

    private func value(_ cost: Money, _ time: TimeSpan) -> (Int64, Int64) {
        switch goal {
        case .cost: (cost.nanodollars, time.milliseconds)
        case .time: (time.milliseconds, cost.nanodollars)
        case .weighted(let perHour): ((cost + perHour.perHour(for: time)).nanodollars, 0)
        }
    }

    private func keepsLimits(_ priced: PricedPlacement) -> Bool {
        let deadline = [problem.deadline, (policy as? CheapestPolicy)?.deadline].compactMap { $0 }.min()
        let budget = [problem.budget, (policy as? FastestPolicy)?.budget].compactMap { $0 }.min()
        return (deadline.map { priced.totalTime <= $0 } ?? true) && (budget.map { priced.totalCost <= $0 } ?? true)
    }

    private func isBetter(_ new: PricedPlacement, than old: PricedPlacement) -> Bool {
        guard keepsLimits(new) == keepsLimits(old) else { return keepsLimits(new) }
        return value(new.totalCost, new.totalTime) < value(old.totalCost, old.totalTime)
    }

    /// The same places, with the way of each artifact chosen by itself.
    private func polished(_ start: Answer) -> Answer {
        var best = start
        for _ in 0..<Self.mostRounds {
            let before = best.priced
            for (index, transfer) in best.priced.transfers.enumerated() {
                guard
                    let curve = best.problem.transferChoice?.curve(
                        of: index, transfer.size, from: transfer.from, to: transfer.to), curve.count > 1
                else { continue }
                for number in curve.indices {
                    var other = best.problem
                    other.transferChoice?.picked[index] = number
                    let priced = PricedPlacement(other, best.priced.candidates)
                    if isBetter(priced, than: best.priced) { best = (other, best.placement, priced) }
                }
            }
            guard isBetter(best.priced, than: before) else { break }
        }
        return best
    }

    /// Optimal if nothing that holds for all plans is better.
    private func proof(of priced: PricedPlacement, _ bound: Answer) -> Plan.Proof? {
        guard let proof = bound.placement.proof else { return nil }
        let own = value(priced.totalCost, priced.totalTime).0
        let least =
            proof.isOptimal
            ? value(bound.priced.totalCost, bound.priced.totalTime).0
            : value(proof.costLowerBound, proof.timeLowerBound).0
        return Plan.Proof(
            isOptimal: own <= least, costLowerBound: proof.costLowerBound, timeLowerBound: proof.timeLowerBound,
            gap: own > 0 ? Double(max(own - least, 0)) / Double(own) : 0)
    }
}
