public import SkyCore

/// Why there is no plan. `description` is the whole story in words.
public enum PlacementError: Error, Hashable, Sendable {
    /// A stage that nothing can be rented for.
    public struct StageWithoutOffer: Hashable, Sendable {
        public var stage: String
        public var reason: String

        public init(stage: String, reason: String) {
            self.stage = stage
            self.reason = reason
        }
    }

    /// Something a policy returned that is not a placement of its problem.
    public enum PolicyFault: Hashable, Sendable {
        case stageNotPlaced(stage: String)
        case unknownStage(stage: String)
        /// The candidate is none of the problem's, or differs from it in cost, duration or offer.
        case notACandidate(stage: String, offer: String)
        /// The placement is done after the deadline.
        case tooLate(deadline: TimeSpan, time: TimeSpan)
        /// The placement costs more than the budget.
        case tooDear(budget: Money, cost: Money)
    }

    /// Every stage that has no candidate, in the pipeline's order.
    case noOffers([StageWithoutOffer])
    /// No plan ends in time. `isProven` is false when only the search was given up.
    case deadlineTooShort(deadline: TimeSpan, fastest: TimeSpan, isProven: Bool)
    /// No plan is that cheap. `isProven` is false when only the search was given up.
    case budgetTooSmall(budget: Money, cheapest: Money, isProven: Bool)
    /// Every plan costs more than two billion dollars or takes longer than thirty million years.
    case beyondCounting
    case unknownPinnedStage(String, known: [String])
    /// The pipeline's stages do not make a graph without cycles, or name stages that are not there.
    case malformedPipeline(String)
    case policyMisbehaved(policy: String, faults: [PolicyFault])
    /// For policies of your own: there is no placement that the policy would allow.
    case refused(policy: String, reason: String)
    /// A policy that is a program of its own did not answer as it should: it could not be started, ended, took too long
    /// or said something that is not understood. `output` are the last lines of what it wrote to standard error.
    case policyFailed(policy: String, reason: String, output: [String])
}

extension PlacementError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noOffers(let stages):
            return stages.map { "stage '\($0.stage)' can run nowhere: \($0.reason)" }.joined(separator: "\n")
        case .deadlineTooShort(let deadline, let fastest, let isProven):
            let best = isProven ? "the fastest plan takes" : "the fastest plan found takes"
            return "no plan is done within \(deadline): \(best) \(fastest)"
        case .budgetTooSmall(let budget, let cheapest, let isProven):
            let best = isProven ? "the cheapest plan costs" : "the cheapest plan found costs"
            return "no plan costs \(readable(budget)) or less: \(best) \(readable(cheapest))"
        case .beyondCounting:
            return "every plan costs over two billion dollars or takes over thirty million years"
        case .unknownPinnedStage(let stage, let known):
            return "pinned stage '\(stage)' is not in the pipeline: it has \(known.joined(separator: ", "))"
        case .malformedPipeline(let problem):
            return problem
        case .policyMisbehaved(let policy, let faults):
            return "policy '\(policy)' made no valid placement: "
                + faults.map(\.description).joined(separator: "; ")
        case .refused(let policy, let reason):
            return "policy '\(policy)' allows no placement: \(reason)"
        case .policyFailed(let policy, let reason, let output):
            return (["policy '\(policy)' failed: \(reason)"] + output.map { "| \($0)" }).joined(separator: "\n")
        }
    }
}

extension PlacementError.PolicyFault: CustomStringConvertible {
    public var description: String {
        switch self {
        case .stageNotPlaced(let stage): "stage '\(stage)' has no place"
        case .unknownStage(let stage): "there is no stage '\(stage)'"
        case .notACandidate(let stage, let offer): "\(offer) is no candidate for stage '\(stage)'"
        case .tooLate(let deadline, let time): "it is done after \(time), and the deadline is \(deadline)"
        case .tooDear(let budget, let cost): "it costs \(readable(cost)), and the budget is \(readable(budget))"
        }
    }
}

/// Cents, or as many decimals as it takes to see a small amount: `$12.30`, `$0.0042`.
func readable(_ money: Money) -> String {
    let amount = money.nanodollars.magnitude
    if amount == 0 || amount >= 100_000_000 { return money.formatted(decimals: 2) }
    return money.formatted(decimals: amount >= 1_000_000 ? 4 : 9)
}
