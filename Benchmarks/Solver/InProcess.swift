import SkyCatalog
import SkyCore
import SkyPlacement
import SkySpec

/// Plans a pipeline again and again with the catalog at hand, as a program that uses the library would, and prints how long
/// it takes on one core as JSON. For `Benchmarks/skypilot.py`.
func planInProcess(_ arguments: [String]) throws {
    guard arguments.count == 3, let runs = Int(arguments[2]), runs > 0 else { return print("FILE PROVIDERS RUNS") }
    let pipeline = try SpecReader.read(path: arguments[0]).pipeline
    let (catalog, loading) = try timed {
        try Catalog.load(root: arguments[1], host: HostShape(cpus: 8, memoryGiB: 32))
    }
    let offers = CatalogOffers(catalog: catalog)
    let times = try (0..<runs).map { _ in try timed { try Planner().plan(pipeline, offers: offers) }.milliseconds }
    print("{\"loading_ms\":\(text(loading)),\"plan_ms\":\(text(times.median)),\"first_ms\":\(text(times[0]))}")
}
