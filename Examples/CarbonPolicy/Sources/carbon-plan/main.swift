import CarbonPolicy
import Foundation
import Sky

// carbon-plan PIPELINE PROVIDERS KILOGRAMS: plans a pipeline with a policy of our own, and with sky's, to compare.
let arguments = CommandLine.arguments.dropFirst()
guard arguments.count == 3, let file = arguments.first, let kilograms = arguments.last.flatMap(Double.init) else {
    print("usage: carbon-plan <pipeline.yaml> <providers folder> <kilograms>")
    exit(2)
}
let providers = arguments[arguments.startIndex + 1]

do {
    let pipeline = try SpecReader.read(path: file).pipeline
    let catalog = try Catalog.load(root: providers, host: HostShape(cpus: 8, memoryGiB: 32))
    let offers = CatalogOffers(catalog: catalog)
    var figures = try CarbonFigures(
        grid: try source("\(providers)/carbon/grid.csv"), power: try source("\(providers)/carbon/power.csv"))
    figures.addWatts(of: try AcceleratorSpeeds.load(root: providers))

    try show(Planner().plan(pipeline, offers: offers, policy: CheapestPolicy()))
    // Policies of anybody's can be combined with sky's own.
    let policy = CarbonBudget(kilograms: kilograms, figures: figures).filter { _, candidate in
        candidate.offer.provider != "mock"
    }
    try show(Planner().plan(pipeline, offers: offers, policy: policy))
} catch {
    print("carbon-plan: \(error)")
    exit(1)
}

func show(_ plan: Plan) {
    print("\(plan.policy): \(plan.totalCost), \(plan.totalTime)")
    for stage in plan.stages { print("  \(stage.stage) on \(stage.offer.location) \(stage.offer.instanceType)") }
    for caveat in plan.caveats { print("  \(caveat)") }
}

func source(_ path: String) throws -> SourceFile {
    SourceFile(path: path, text: try String(contentsOfFile: path, encoding: .utf8))
}
