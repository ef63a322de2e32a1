import FoundationEssentials
import SkyCatalog
import SkyCore
import SkyHTTP

/// RunPod's GraphQL API, `gpuTypes`: a price per GPU of the secure cloud, the same everywhere.
struct RunPodFeed: PriceFeed {
    struct Answer: Decodable {
        struct Content: Decodable {
            let gpuTypes: [GPU]?
        }
        struct Complaint: Decodable {
            let message: String
        }
        let data: Content?
        let errors: [Complaint]?
    }

    struct GPU: Decodable {
        struct Least: Decodable {
            let minVcpu: Double?
            let minMemory: Double?
        }
        let id: String
        let displayName: String
        let secureCloud: Bool?
        let securePrice: Double?
        let secureSpotPrice: Double?
        let maxGpuCount: Int?
        let lowestPrice: Least?
    }

    private static let query = """
        query { gpuTypes { id displayName secureCloud securePrice secureSpotPrice maxGpuCount \
        lowestPrice(input: {gpuCount: 1}) { minVcpu minMemory } } }
        """

    func read(
        _ known: KnownOffers, regions: Set<String>?, at desk: PriceDesk
    ) async throws(FeedFailure) -> FreshPrices {
        guard let key = desk.variable("RUNPOD_API_KEY") else {
            throw FeedFailure(.credentials, "RunPod's prices are only for those with an API key: set RUNPOD_API_KEY")
        }
        let url = "\(desk.origin("RUNPOD", "https://api.runpod.io"))/graphql"
        let body = try? JSONEncoder().encode(["query": Self.query])
        let request = HTTPRequest(
            .post, url, headers: ["Authorization": "Bearer \(key)", "Content-Type": "application/json"],
            body: .bytes(Array(body ?? Data())))
        let answer = try await desk.decoded(Answer.self, request, "GPU types")
        // GraphQL refuses with status 200.
        if let complaint = answer.errors?.first { throw FeedFailure(.noAnswer, "\(url): \(complaint.message)") }
        guard let gpus = answer.data?.gpuTypes, !gpus.isEmpty else {
            throw FeedFailure(.badAnswer, "\(url): the answer has no GPU")
        }
        let source = "runpod-api-\(desk.today)"
        var fresh = FreshPrices()
        fresh.regions = known.regions.filter { regions?.contains($0) ?? true }
        for gpu in gpus where gpu.secureCloud ?? true {
            let records = Self.records(gpu, known, source)
            if records.isEmpty {
                fresh.findings.append(
                    PriceReview.Finding(
                        .unknownMachine, gpu.displayName,
                        "the catalog has no accelerator of that name, or its size is not told"))
            }
            fresh.records += records
        }
        fresh.sources = [
            PriceSource(key: source, kind: .observed, date: desk.today, what: "RunPod GraphQL API, gpuTypes")
        ]
        return fresh
    }

    /// RunPod's own names where the catalog, as SkyPilot's, has another.
    private static let otherNames = ["A100-PCIe": "A100-80GB", "A100-SXM": "A100-80GB-SXM", "H100-PCIe": "H100"]

    /// One for each number of GPUs and region. In which of them there is one, the API does not say at once: whoever asks for
    /// one where there is none is told so.
    private static func records(_ gpu: GPU, _ known: KnownOffers, _ source: String) -> [OfferRecord] {
        let joined = gpu.displayName.replacing("RTX PRO ", with: "RTXPRO").replacing("RTX ", with: "RTX")
            .replacing(" ", with: "-")
        let name = otherNames[joined] ?? joined
        guard let price = gpu.securePrice.flatMap({ Money(dollars: $0) }) else { return [] }
        let spot = gpu.secureSpotPrice.flatMap { Money(dollars: $0) }
        var records: [OfferRecord] = []
        for count in [1, 2, 4, 8] where count <= gpu.maxGpuCount ?? 8 {
            let type = "\(count)x_\(name)_SECURE"
            guard var record = known.shapes[type] ?? newShape(type, name, count, gpu, known) else { continue }
            (record.price, record.spotPrice) = (price * count, spot.map { $0 * count })
            (record.source, record.spotSource) = (source, source)
            (record.priceWas, record.spotPriceWas) = (nil, nil)
            for region in known.profile.regions.map(\.name) {
                record.region = region
                record.zones = known.records.first { $0.region == region }?.zones ?? []
                records.append(record)
            }
        }
        return records
    }

    private static func newShape(
        _ type: String, _ name: String, _ count: Int, _ gpu: GPU, _ known: KnownOffers
    ) -> OfferRecord? {
        guard let accelerator = known.accelerator(name), let cpus = gpu.lowestPrice?.minVcpu, cpus > 0,
            let memory = gpu.lowestPrice?.minMemory, memory > 0
        else { return nil }
        return OfferRecord(
            type: type, region: "", accelerators: "\(accelerator):\(count)", cpus: plainNumber(cpus * Double(count)),
            memoryGiB: plainNumber(memory * Double(count)), capabilities: ["gpu-nvidia"])
    }
}
