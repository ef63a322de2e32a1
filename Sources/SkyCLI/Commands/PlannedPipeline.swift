import SkyCatalog
import SkyCore
import SkyPlacement
import SkyProviders
import SkySpec

/// A pipeline file, read and planned against this installation's catalog.
struct PlannedPipeline {
    let read: ReadPipeline
    let catalog: Catalog
    let plan: Plan
    let adapters: AdapterRegistry

    /// - Parameter name: what the pipeline is called instead of what its file says.
    init(
        _ arguments: PipelineArguments, _ options: PlanningOptions, name: String? = nil, in context: CommandContext
    ) throws {
        read = try PipelineFile.read(arguments, in: context)
        var pipeline = read.pipeline
        if let name { pipeline.name = name }
        let policies = try PolicyAccess(context, timeout: options.policyTimeout)
        let (policy, wanted) = try policies.policy(for: pipeline, option: options.policy)
        self.pipeline = wanted
        let access = CatalogAccess(context)
        catalog = try access.load()
        adapters = try access.adapters(for: catalog.providers)
        plan = try Planner().plan(self.pipeline, offers: CatalogOffers(catalog: catalog), policy: policy)
    }

    /// As it is to run: with the name, the policy and the objective that the command line gave it.
    let pipeline: Pipeline

    /// Providers of the plan that local processes stand in for, in the plan's order.
    var standIns: [String] {
        let standIns = Set(adapters.availability.filter { $0.status == .standIn }.map(\.provider))
        var seen: Set<String> = []
        return plan.stages.map(\.offer.provider).filter { standIns.contains($0) && seen.insert($0).inserted }
    }

    var screen: PlanScreen {
        PlanScreen(
            plan: plan, services: Set(pipeline.stages.filter { $0.service != nil }.map(\.name)), standIns: standIns)
    }

    func show(as format: OutputFormat, on output: any TextOutput) throws {
        switch format {
        case .json: try output.write(try PlanJSON(plan).text())
        case .text: try output.lines(screen.lines(width: output.terminal.width))
        }
    }
}
