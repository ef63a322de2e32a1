import SkyCore
public import SkySpec

/// A rule that chooses where each stage runs. The built-in policies are written against nothing else.
///
/// A policy sees the whole problem: every stage with its candidates and all their attributes, what flows between them,
/// and where the stages ran last. It may leave candidates away (`keeping`), give them other prices (`repricing`,
/// `penalising`) or ranks (`ranking`) and let the solver find the best of what is left, or return any full placement.
///
/// A policy is asked for the plan, and once more for each stage's runner-up with the choice for that stage taken away;
/// it should therefore depend on nothing but the problem. Whatever it returns is checked against the problem, and all
/// costs and times in a plan are worked out from true prices.
public protocol PlacementPolicy: Sendable {
    /// Shown in plans.
    var name: String { get }

    /// Which offers it wants to choose from. `.asAsked` unless implemented.
    var markets: WantedMarkets { get }

    /// What the plan is to make small, and the limits it has to keep, given what the pipeline says. The pipeline's own
    /// objective unless implemented.
    func objective(insteadOf own: Objective) -> Objective

    /// - Throws: any `PlacementError`; `.refused` when there is no placement that the policy would allow.
    func place(_ problem: PlacementProblem) throws(PlacementError) -> Placement

    /// What this policy leaves to another one that decides after it, in `first.then(second)`. Unless implemented that
    /// is nothing: exactly the placement that it made itself.
    func narrow(_ problem: PlacementProblem) throws(PlacementError) -> PlacementProblem
}

extension PlacementPolicy {
    public var markets: WantedMarkets { .asAsked }

    public func objective(insteadOf own: Objective) -> Objective { own }

    public func narrow(_ problem: PlacementProblem) throws(PlacementError) -> PlacementProblem {
        let placement = try place(problem)
        return try problem.keeping { stage, candidate in placement[stage.name] == candidate }
    }
}

/// A policy that only says what it will not have or would rather not: the solver does the rest.
public protocol ShapingPolicy: PlacementPolicy {
    /// The problem with fewer candidates, other prices or ranks.
    func narrow(_ problem: PlacementProblem) throws(PlacementError) -> PlacementProblem
}

extension ShapingPolicy {
    public func place(_ problem: PlacementProblem) throws(PlacementError) -> Placement {
        try narrow(problem).best()
    }
}

/// Which offers a policy wants to see for a stage.
public enum WantedMarkets: Hashable, Sendable {
    /// Spot offers where the pipeline says `use_spot`, on-demand offers elsewhere.
    case asAsked
    /// Both, whatever the pipeline says.
    case spotAndOnDemand
}

extension Pipeline {
    /// The same pipeline with its requests widened to the markets that a policy wants to choose from.
    func widened(to markets: WantedMarkets) -> Pipeline {
        guard markets == .spotAndOnDemand else { return self }
        var widened = self
        for index in widened.stages.indices {
            widened.stages[index].alternatives = stages[index].acceptableResources.flatMap { request in
                var (spot, onDemand) = (request, request)
                spot.useSpot = true
                onDemand.useSpot = false
                // Whoever asks for the capability `spot` wants nothing else.
                return request.capabilities.contains("spot") ? [spot] : [spot, onDemand]
            }
        }
        return widened
    }
}
