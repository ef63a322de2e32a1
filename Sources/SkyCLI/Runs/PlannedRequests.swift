import SkyCatalog
import SkyCore
import SkyPlacement
import SkyProviders
import SkySpec

/// What a plan would ask its providers for, were it launched now.
struct PlannedRequests {
    private let plan: Plan
    private let pipeline: Pipeline

    init(_ plan: Plan, _ pipeline: Pipeline) {
        self.plan = plan
        self.pipeline = pipeline
    }

    var providers: [String] { Set(plan.stages.map(\.offer.provider)).sorted() }

    /// One for each replica of each stage, under tokens that nobody uses.
    func of(_ provider: String) -> [NodeGroupRequest] {
        guard let run = RunID("sky-check") else { return [] }
        return plan.stages.filter { $0.offer.provider == provider }.flatMap { planned in
            let resources = pipeline.stage(named: planned.stage)?.resources
            let service = pipeline.stage(named: planned.stage)?.service
            return (0..<planned.replicas).map { replica in
                NodeGroupRequest(
                    token: "\(run)--\(planned.stage)-\(replica)", run: run, region: planned.offer.region,
                    instanceType: planned.offer.instanceType, accelerator: planned.offer.accelerator,
                    isSpot: planned.offer.market == .spot, numNodes: planned.numNodes, diskGiB: resources?.diskSize,
                    diskTier: resources?.diskTier, image: resources?.machineImage,
                    capabilities: resources?.capabilities, servicePort: service?.port)
            }
        }
    }
}
