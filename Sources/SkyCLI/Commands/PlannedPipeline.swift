import SkyBroker
import SkyCatalog
import SkyCore
import SkyPlacement
import SkyProcess
import SkyProviders
import SkySpec
import SkyStorage

/// A pipeline, planned against this installation's catalog.
struct PlannedPipeline {
    /// As it is to run: with the name and the objective that the command line gave it.
    let pipeline: Pipeline
    /// Nil when the plan came from a file.
    let problem: PlacementProblem?
    /// What was found out of inputs in buckets; nil when nobody was asked.
    private let inputs: BucketInputs?
    /// Given in the file or on the command line; the others come from the environment.
    let secrets: SecretValues
    private(set) var plan: Plan
    let history: PlacementHistory
    let market: Market
    /// Who chose; nil when the plan came from a file.
    let policy: (any PlacementPolicy)?
    /// The pipeline's file, absolute, and the digest of its text.
    let file: (path: String, digest: String)

    /// - Parameters:
    ///   - name: what the pipeline is called instead of what its file says.
    ///   - transfers: what planned transfers may use; nil: they go as runs carry them.
    ///   - withHistory: what earlier runs took counts.
    init(
        _ arguments: PipelineArguments, _ options: PlanningOptions, name: String? = nil, withHistory: Bool = true,
        transfers: TransferLimits? = nil, in context: CommandContext
    ) throws {
        let read = try PipelineFile.read(arguments, in: context)
        var pipeline = read.pipeline
        if let name { pipeline.name = name }
        let (policy, wanted) = try PolicyAccess(context, timeLimit: options.policyTimeout)
            .policy(for: pipeline, option: options.policy)
        market = try Market(in: context, tariffs: options.tariffs, transfers: transfers)
        inputs = options.offline ? nil : try BucketInputs(of: wanted, market.stores, in: context)
        pipeline = inputs?.pipeline ?? wanted
        try UnknownNames(in: read.source, catalog: market.offers.catalog).refuse(pipeline)
        self.pipeline = pipeline
        self.policy = policy
        secrets = read.secrets
        file = PipelineFile.identity(of: read.source)
        history = withHistory ? try Self.history(of: pipeline.name, in: context) : PlacementHistory()
        let refusals = withHistory ? try Refusals(in: context) : Refusals()
        var problem = try Self.problem(pipeline, for: policy, market.offers, history, refusals)
        if let limit = options.solveFor { problem.effort = .until(Self.timeIsUp(after: limit)) }
        self.problem = problem
        plan = try PlanningProgress.during(context.console.err) { try Planner().plan(problem, policy: policy) }
        plan.caveats += (inputs?.caveats ?? []) + MountCaveats.of(wanted)
        let local = Set(standIns + ["local"])
        plan.caveats += BoundData(pipeline: pipeline, settings: market.stores) { !local.contains($0) }.caveats(of: plan)
        inputs?.count(in: &plan, market.offers)
        if transfers != nil {
            plan.caveats.append("runs carry data between two machines directly: other ways of a plan are what could be")
        }
        plan.caveats += market.doubtfulTariffs(of: plan) + refusals.caveats(for: pipeline)
    }

    /// Exactly the plan of a plan file.
    ///
    /// - Throws: `CommandFailure` that says what is stale about it.
    init(_ planFile: PlanFile, at path: String, name: String? = nil, in context: CommandContext) throws {
        market = try Market(in: context)
        try Staleness(planFile, path: path, market: market, now: context.now()).refuse()
        var (pipeline, plan) = (planFile.pipeline, planFile.plan)
        if let name {
            pipeline.name = name
            plan.pipeline = name
        }
        self.pipeline = pipeline
        self.plan = plan
        problem = nil
        inputs = nil
        policy = nil
        history = planFile.history
        secrets = SecretValues()
        file = (planFile.provenance.pipelineFile, planFile.provenance.pipelineDigest)
    }

    private static func problem(
        _ pipeline: Pipeline, for policy: any PlacementPolicy, _ offers: CatalogOffers, _ history: PlacementHistory,
        _ refusals: Refusals
    ) throws -> PlacementProblem {
        // What refused lately is stayed away from, as long as there is anything else.
        if !refusals.places.isEmpty,
            let problem = try? Planner.problem(
                pipeline, for: policy, offers: offers, history: history, blocked: refusals.places.map(\.place))
        {
            return problem
        }
        do throws(PlacementError) {
            return try Planner.problem(pipeline, for: policy, offers: offers, history: history)
        } catch {
            guard case .noOffers(let stages) = error else { throw error }
            throw NothingFitsReport(Planner().explainNothing(stages, of: pipeline, offers: offers)).failure
        }
    }

    /// Why the plan is as it is.
    func explanation(in context: CommandContext) throws -> PlanExplanation {
        try PlanningProgress.during(context.console.err) {
            try Planner().explain(
                plan, of: pipeline, offers: market.offers, policy: policy ?? pipeline.objective.policy,
                history: history)
        }
    }

    /// Without ever having run anything there is no journal, and none is made for looking.
    private static func history(of pipeline: String, in context: CommandContext) throws -> PlacementHistory {
        let journal = StateFolder(path: try context.paths().state).journal
        return Files.exists(journal) ? try Journal.history(of: pipeline, at: journal) : PlacementHistory()
    }

    /// A question that is answered with yes once `limit` has passed from now on.
    private static func timeIsUp(after limit: TimeSpan) -> @Sendable () -> Bool {
        let end = ContinuousClock.now + .milliseconds(limit.milliseconds)
        return { ContinuousClock.now >= end }
    }

    /// The plan that stands at a place of the front, counted from 1.
    func picking(_ number: Int, of front: ParetoFront) throws -> PlannedPipeline {
        guard front.points.indices.contains(number - 1), let problem else {
            throw CommandFailure(
                .wrongRequest, "--pick \(number): the frontier has plans 1 to \(front.points.count)",
                hints: ["sky plan \(file.path) --frontier"])
        }
        let point = front.points[number - 1]
        let given = GivenPlacement(point.placement, name: "frontier, plan \(number) of \(front.points.count)")
        var picked = self
        picked.plan = try Planner().plan(problem, policy: given, rival: policy)
        inputs?.count(in: &picked.plan, market.offers)
        return picked
    }

    /// Providers of the plan that local processes stand in for, in the plan's order.
    var standIns: [String] {
        let standIns = Set(market.adapters.availability.filter { $0.status == .standIn }.map(\.provider))
        var seen: Set<String> = []
        return plan.stages.map(\.offer.provider).filter { standIns.contains($0) && seen.insert($0).inserted }
    }

    func screen(withOutlook: Bool = false) -> PlanScreen {
        PlanScreen(
            plan: plan, services: Set(pipeline.stages.filter { $0.service != nil }.map(\.name)), standIns: standIns,
            showsOutlook: withOutlook)
    }

    func show(as format: OutputFormat, on output: any TextOutput) throws {
        switch format {
        case .json: try output.write(try PlanJSON(plan).text())
        case .text: try output.lines(screen().lines(width: output.terminal.width))
        }
    }

    /// For carrying out later; prices count for `validity`.
    func planFile(validFor validity: TimeSpan, at now: Instant) -> PlanFile {
        PlanFile(
            pipeline: pipeline, plan: plan, history: history,
            provenance: PlanFile.Provenance(
                createdAt: now, expiresAt: now + validity, catalogDigest: market.offers.catalog.digest,
                quotas: market.offers.catalog.quotas(of: plan), pipelineFile: file.path, pipelineDigest: file.digest))
    }
}
