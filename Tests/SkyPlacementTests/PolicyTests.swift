import SkyCatalog
import SkyCore
import SkyPlacement
import SkySpec
import Testing

/// The examples of docs/placement.md.
private struct KeepIn: PlacementPolicy {
    let name: String
    let regions: Set<String>

    func place(_ problem: PlacementProblem) throws(PlacementError) -> Placement {
        try problem.keeping { _, candidate in regions.contains(candidate.offer.region) }.cheapest()
    }
}

private struct Prefer: PlacementPolicy {
    let provider: String
    var name: String { "prefer \(provider)" }

    func place(_ problem: PlacementProblem) throws(PlacementError) -> Placement {
        let best = try problem.cheapest()
        guard let home = try? problem.keeping({ $1.offer.provider == provider }).cheapest() else { return best }
        let (bestCost, homeCost) = (try problem.totals(of: best).cost, try problem.totals(of: home).cost)
        return homeCost <= bestCost.scaled(by: 120, over: 100) ? home : best
    }
}

private struct Scripted: PlacementPolicy {
    let name = "scripted"
    let body: @Sendable (PlacementProblem) -> [String: Candidate]

    func place(_ problem: PlacementProblem) throws(PlacementError) -> Placement { Placement(body(problem)) }
}

@Suite("Policies")
struct PolicyTests {
    private let pipeline = Pipeline(
        name: "p",
        stages: [
            .named("a", writes: DataSize(bytes: 10_000_000_000)), .named("b", reads: ["a"]),
        ], directory: "/")
    private let market = Market(
        shelves: [
            "a": [.at("aws", "us-east-1", "m5", usd("1.00")), .at("gcp", "europe-west4", "n2", usd("1.10"))],
            "b": [.at("aws", "us-east-1", "m5", usd("1.00")), .at("gcp", "europe-west4", "n2", usd("1.15"))],
        ], usualPrice: usd("0.09"))

    @Test("a policy of one's own narrows the problem, and its plan is not called optimal")
    func narrows() throws {
        let policy = KeepIn(name: "in the EU", regions: ["europe-west4"])
        let plan = try Planner().plan(pipeline, offers: market, policy: policy)
        #expect(plan.policy == "in the EU")
        #expect(plan.stages.allSatisfy { $0.offer.region == "europe-west4" && $0.runnerUp == nil })
        #expect(!plan.proof.isOptimal && plan.proof.costLowerBound == usd("2"))
        #expect(
            plan.stages[0].reason
                == "not the cheapest of 2 offers of type a by itself ($1.00 at aws/us-east-1 m5), but saves $0.90 of egress"
        )
    }

    @Test("a policy that keeps nothing says so for every stage")
    func keepsNothing() {
        let error = #expect(throws: PlacementError.self) {
            try Planner().plan(pipeline, offers: market, policy: KeepIn(name: "nowhere", regions: []))
        }
        #expect(
            error?.description == """
                stage 'a' can run nowhere: the policy keeps none of its 2 offers
                stage 'b' can run nowhere: the policy keeps none of its 2 offers
                """)
    }

    @Test("a preferred provider is taken up to a fifth dearer", arguments: [("gcp", "gcp"), ("azure", "aws")])
    func prefers(provider: String, expected: String) throws {
        let plan = try Planner().plan(pipeline, offers: market, policy: Prefer(provider: provider))
        #expect(plan.stages.allSatisfy { $0.offer.provider == expected })
        var dear = market
        dear.reprice("b", 1, usd("1.31"))
        let other = try Planner().plan(pipeline, offers: dear, policy: Prefer(provider: provider))
        #expect(other.stages.allSatisfy { $0.offer.provider == "aws" })
    }

    @Test("a plan that happens to reach the bound is optimal whoever made it")
    func recognisesOptimal() throws {
        let plan = try Planner().plan(
            pipeline, offers: market, policy: KeepIn(name: "US", regions: ["us-east-1"]))
        #expect(plan.proof.isOptimal && plan.proof.gap == 0 && plan.proof.costLowerBound == plan.totalCost)
    }

    @Test("whatever a policy returns that is no placement of its problem is caught, all of it")
    func catchesMisbehaviour() throws {
        var cheaper = market
        cheaper.reprice("a", 0, usd("0.01"))
        let forged = try PlacementProblem(pipeline: pipeline, offers: cheaper).stages[0].candidates[0]
        let policy = Scripted { _ in ["a": forged, "c": forged] }
        #expect(
            throws: PlacementError.policyMisbehaved(
                policy: "scripted",
                faults: [
                    .notACandidate(stage: "a", offer: "aws/us-east-1 m5"), .stageNotPlaced(stage: "b"),
                    .unknownStage(stage: "c"),
                ])
        ) { try Planner().plan(pipeline, offers: market, policy: policy) }
    }

    @Test("a candidate that a block or a narrowing took away is not let in again")
    func catchesBlocked() throws {
        let blocked = try PlacementProblem(pipeline: pipeline, offers: market)
        let policy = Scripted { problem in
            Dictionary(uniqueKeysWithValues: problem.stages.map { ($0.name, blocked.stages[0].candidates[0]) })
        }
        let error = #expect(throws: PlacementError.self) {
            try Planner().plan(
                pipeline, offers: market, policy: policy,
                blocked: [BlockedPlace(provider: "aws", region: "us-east-1")])
        }
        #expect(
            error?.description == """
                policy 'scripted' made no valid placement: aws/us-east-1 m5 is no candidate for stage 'a'; \
                aws/us-east-1 m5 is no candidate for stage 'b'
                """)
    }

    @Test("a policy may refuse")
    func refuses() {
        struct Never: PlacementPolicy {
            let name = "never"
            func place(_ problem: PlacementProblem) throws(PlacementError) -> Placement {
                throw .refused(policy: name, reason: "it is Sunday")
            }
        }
        let error = #expect(throws: PlacementError.self) {
            try Planner().plan(pipeline, offers: market, policy: Never())
        }
        #expect(error?.description == "policy 'never' allows no placement: it is Sunday")
    }

    @Test("an impossible deadline or budget says what would be possible")
    func namesThePossible() {
        var late = pipeline
        late.objective = .costWithin(deadline: .seconds(3600))
        var poor = pipeline
        poor.objective = .timeWithin(budget: usd("1.5"))
        let tooLate = #expect(throws: PlacementError.self) { try Planner().plan(late, offers: market) }
        let tooPoor = #expect(throws: PlacementError.self) { try Planner().plan(poor, offers: market) }
        #expect(tooLate?.description == "no plan is done within 1h: the fastest plan takes 2h")
        #expect(tooPoor?.description == "no plan costs $1.50 or less: the cheapest plan costs $2.00")
    }
}
