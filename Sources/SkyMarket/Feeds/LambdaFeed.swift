import FoundationEssentials
import SkyCatalog
import SkyCore
import SkyHTTP
import SkyProcess

/// Lambda's Cloud API, `GET /api/v1/instance-types`: one price for all regions, and in which of them there is one right now.
struct LambdaFeed: PriceFeed {
    struct Answer: Decodable {
        let data: [String: Entry]
    }

    struct Entry: Decodable {
        struct InstanceType: Decodable {
            struct Specs: Decodable {
                let vcpus: Double
                let memory_gib: Double
                let gpus: Int?
            }
            let name: String
            let gpu_description: String?
            let price_cents_per_hour: Double
            let specs: Specs
        }
        struct Region: Decodable {
            let name: String
        }
        let instance_type: InstanceType
        let regions_with_capacity_available: [Region]
    }

    func read(
        _ known: KnownOffers, regions: Set<String>?, at desk: PriceDesk
    ) async throws(FeedFailure) -> FreshPrices {
        guard let key = Self.key(desk) else {
            throw FeedFailure(.credentials, "Lambda's prices are only for those with an API key: set LAMBDA_API_KEY")
        }
        let url = "\(desk.origin("LAMBDA", "https://cloud.lambda.ai"))/api/v1/instance-types"
        let request = HTTPRequest(.get, url, headers: ["Authorization": "Bearer \(key.reveal())"])
        let answer = try await desk.decoded(Answer.self, request, "instance types")
        guard !answer.data.isEmpty else { throw FeedFailure(.badAnswer, "\(url): the answer has no instance type") }
        let source = "lambda-api-\(desk.today)"
        var fresh = FreshPrices()
        for entry in answer.data.values.sorted(by: { $0.instance_type.name < $1.instance_type.name }) {
            let (records, finding) = Self.records(entry, known, source)
            fresh.records += records
            if let finding { fresh.findings.append(finding) }
        }
        fresh.regions = known.regions.union(fresh.records.map(\.region)).filter { regions?.contains($0) ?? true }
        fresh.sources = [
            PriceSource(key: source, kind: .observed, date: desk.today, what: "Lambda Cloud API, instance-types")
        ]
        return fresh
    }

    /// Of the environment, or the file that Lambda's users have: `api_key = …`.
    private static func key(_ desk: PriceDesk) -> Secret? {
        if let key = desk.variable("LAMBDA_API_KEY") { return Secret(key) }
        let path = "\(desk.variable("HOME") ?? "")/.lambda_cloud/lambda_keys"
        guard let bytes = try? Files.read(path, limit: 1 << 16) else { return nil }
        for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: "=", maxSplits: 1).map { $0.filter { !$0.isWhitespace } }
            if parts.count == 2, parts[0] == "api_key", !parts[1].isEmpty { return Secret(parts[1]) }
        }
        return nil
    }

    /// Wherever it was known to be, and where there is one now.
    private static func records(
        _ entry: Entry, _ known: KnownOffers, _ source: String
    ) -> (records: [OfferRecord], finding: PriceReview.Finding?) {
        let machine = entry.instance_type
        guard var shape = known.shapes[machine.name] ?? newShape(machine, known) else {
            let what = machine.gpu_description ?? "a machine with accelerators"
            return ([], PriceReview.Finding(.unknownMachine, machine.name, "its accelerator is not known: \(what)"))
        }
        shape.price = Money(dollars: machine.price_cents_per_hour / 100)
        (shape.source, shape.zones, shape.priceWas) = (source, [], nil)
        let before = known.records.filter { $0.type == machine.name }.map(\.region)
        let places = Set(before).union(entry.regions_with_capacity_available.map(\.name))
        let records = places.sorted().map { region in
            var record = shape
            record.region = region
            return record
        }
        return (records, nil)
    }

    /// `H100 (80 GB SXM5)`
    private static func newShape(_ machine: Entry.InstanceType, _ known: KnownOffers) -> OfferRecord? {
        var record = OfferRecord(
            type: machine.name, region: "", cpus: plainNumber(machine.specs.vcpus),
            memoryGiB: plainNumber(machine.specs.memory_gib))
        guard let count = machine.specs.gpus, count > 0 else { return record }
        let text = machine.gpu_description ?? ""
        let name = text.prefix { $0 != "(" }.split { $0 == " " }.filter { $0 != "Tesla" }.joined()
        let full = name == "A100" && text.contains("80 GB") ? "A100-80GB" : name
        guard let accelerator = known.accelerator(full) else { return nil }
        record.accelerators = "\(accelerator):\(count)"
        record.capabilities = ["gpu-nvidia"]
        return record
    }
}
