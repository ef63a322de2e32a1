import SkyBroker
import SkyCatalog
import SkyCore
import SkyPlacement
import SkyProviders
import SkySpec
import SkyStorage

/// The least rights that a plan needs at each of its providers.
struct PlanPermissions {
    let documents: [PermissionDocument]

    init(_ planned: PlannedPipeline, in context: CommandContext) throws {
        guard let clouds = try CatalogAccess(context).clouds() else {
            throw CommandFailure(.wrongRequest, "there is no place for settings", hints: ["set HOME"])
        }
        let profiles = planned.market.offers.catalog.providers
        let adapters = Dictionary(profiles.map { ($0.name, $0.adapter) }, uniquingKeysWith: { first, _ in first })
        let requests = PlannedRequests(planned.plan, planned.pipeline)
        let buckets = PlannedBuckets(planned)
        documents = try Set(requests.providers + buckets.providers).sorted().compactMap { provider in
            let document = try clouds.permissions(
                of: provider, adapter: adapters[provider] ?? "", for: requests.of(provider),
                buckets: buckets.of(provider), makesBuckets: false)
            return document.title == "nothing" ? nil : document
        }
    }

    var lines: [StyledText] {
        guard !documents.isEmpty else { return ["nothing is needed: no cloud of the plan asks for rights"] }
        return documents.flatMap { document -> [StyledText] in
            ["\(document.provider, .cyan): \(document.title)"]
                + document.text.split(separator: "\n", omittingEmptySubsequences: false).map { "\(String($0))" }
        }
    }
}

/// The buckets that a plan reads and writes, by the provider that grants rights to them.
struct PlannedBuckets {
    private var buckets: [String: Set<String>] = [:]

    init(_ planned: PlannedPipeline) {
        let settings = planned.market.stores
        for stage in planned.plan.stages {
            if let bucket = settings.bucket(of: stage.offer.location), bucket.endpoint == nil { add(bucket.url) }
        }
        for url in planned.pipeline.externalBuckets { add(url) }
    }

    private mutating func add(_ url: ObjectURL) {
        switch url.scheme {
        case .s3: buckets["aws", default: []].insert(url.bucket)
        case .gs: buckets["gcp", default: []].insert(url.bucket)
        case .az: buckets["azure", default: []].insert(url.bucket)
        case .https, .http: break
        }
    }

    var providers: [String] { buckets.keys.sorted() }
    func of(_ provider: String) -> [String] { (buckets[provider] ?? []).sorted() }
}

extension Pipeline {
    /// That inputs come from.
    fileprivate var externalBuckets: [ObjectURL] {
        stages.flatMap(\.inputs).compactMap { input in
            guard case .uri(let url) = input.source else { return nil }
            return ObjectURL(url)
        }
    }
}

/// `sky plan --permissions --output json`
struct PermissionsJSON: Encodable {
    let version = 1
    let permissions: [Document]

    struct Document: Encodable {
        let provider: String
        let title: String
        let text: String
    }

    init(_ permissions: PlanPermissions) {
        self.permissions = permissions.documents.map {
            Document(provider: $0.provider, title: $0.title, text: $0.text)
        }
    }
}
