import SkyCatalog
import SkyCore
import SkyPlacement
import SkySpec

/// Strip personal data on a confidential machine, train on a TPU or GPUs, serve on Inferentia: a small market
/// of what three clouds sell for that, with prices of their order.
enum SupportTickets {
    static let gigabyte: Int64 = 1_000_000_000

    static func pipeline(_ objective: Objective = .cost) -> Pipeline {
        var preprocess = SkySpec.Stage(name: "preprocess")
        preprocess.resources.cpus = .atLeast(8)
        preprocess.resources.memory = .atLeast(32)
        preprocess.resources.capabilities = ["confidential"]
        preprocess.inputs = [
            StageInput(name: "raw", source: .path("/data/tickets.csv"), size: DataSize(bytes: 50 * gigabyte))
        ]
        preprocess.outputs = [StageOutput(name: "clean", size: DataSize(bytes: 40 * gigabyte))]
        preprocess.estimate = DurationEstimate(general: Estimate(.seconds(7200)))

        let (tpu, gpu) = (AcceleratorCount(name: "tpu-v5e", count: 8), AcceleratorCount(name: "A100", count: 8))
        var train = SkySpec.Stage(name: "train")
        train.resources.accelerators = [tpu, gpu]
        train.inputs = [StageInput(name: "clean", source: .output(stage: "preprocess", artifact: "clean"))]
        train.outputs = [StageOutput(name: "model", size: DataSize(bytes: 2 * gigabyte))]
        train.estimate = DurationEstimate(perAccelerator: [
            .init(accelerator: tpu, duration: .seconds(6 * 3600)),
            .init(accelerator: gpu, duration: .seconds(4 * 3600)),
        ])

        var serve = SkySpec.Stage(name: "serve")
        serve.resources.accelerators = [AcceleratorCount(name: "Inferentia2", count: 1)]
        serve.inputs = [StageInput(name: "model", source: .output(stage: "train", artifact: "model"))]
        serve.service = ServiceSpec(port: 8080, readinessPath: "/healthz")
        return Pipeline(
            name: "support-tickets", objective: objective, stages: [preprocess, train, serve], directory: "/pipelines")
    }

    static let market: CatalogOffers = {
        func offer(
            _ provider: String, _ region: String, _ type: String, _ price: String, _ accelerator: AcceleratorCount?,
            cpus: Double = 8, memory: Double = 32, _ capabilities: [String] = []
        ) -> Offer {
            Offer(
                provider: provider, region: region, instanceType: type, accelerator: accelerator, cpus: cpus,
                memoryGiB: memory, pricePerHour: usd(price), capabilities: capabilities)
        }
        let tpu = AcceleratorCount(name: "tpu-v5e", count: 8)
        let gpu = AcceleratorCount(name: "A100", count: 8)
        let inferentia = AcceleratorCount(name: "Inferentia2", count: 1)
        let t4 = AcceleratorCount(name: "T4", count: 1)
        let catalog = Catalog(
            offers: [
                offer("azure", "eastus", "Standard_DC8as_v5", "0.376", nil, ["confidential"]),
                offer("azure", "westeurope", "Standard_DC8as_v5", "0.441", nil, ["confidential"]),
                offer("azure", "eastus", "Standard_DC16as_v5", "0.752", nil, cpus: 16, memory: 64, ["confidential"]),
                offer("gcp", "us-central1", "n2d-standard-8", "0.388", nil, ["confidential"]),
                offer("gcp", "us-central1", "ct5lp-hightpu-8t", "9.60", tpu, cpus: 224, memory: 400),
                offer("gcp", "europe-west4", "ct5lp-hightpu-8t", "12.48", tpu, cpus: 224, memory: 400),
                offer("aws", "us-east-1", "p4d.24xlarge", "32.7726", gpu, cpus: 96, memory: 1152),
                offer("azure", "eastus", "Standard_ND96asr_v4", "27.197", gpu, cpus: 96, memory: 900),
                offer("aws", "us-east-1", "inf2.xlarge", "0.7582", inferentia, cpus: 4, memory: 16),
                offer("aws", "eu-west-1", "inf2.xlarge", "0.8351", inferentia, cpus: 4, memory: 16),
                offer("gcp", "us-central1", "n1-standard-4-t4", "0.54", t4, cpus: 4, memory: 15),
            ])
        return CatalogOffers(catalog: catalog)
    }()
}

/// The catalog's offers with a tariff of this test's own: 2 cents within a provider, 9 out of it.
struct Tariffed: OfferSource {
    var catalog = SupportTickets.market

    func offers(for request: ResourceRequest) -> [Offer] { catalog.offers(for: request) }
    func explainNoOffer(for request: ResourceRequest) -> String { catalog.explainNoOffer(for: request) }

    func pricePerGigabyte(from: Location, to: Location) -> Money {
        if from == to || from == .here { return .zero }
        return usd(from.provider == to.provider ? "0.02" : "0.0875")
    }

    func gigabitsPerSecond(from: Location, to: Location) -> Double {
        from == to ? 10 : from == .here ? 0.5 : from.provider == to.provider ? 5 : 1.5
    }
}
