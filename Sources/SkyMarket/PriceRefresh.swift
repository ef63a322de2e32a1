public import SkyCatalog
import SkyCore

/// Reads the prices of providers from where these publish them, looks at them, and puts them into the place of those that the
/// catalog has.
public struct PriceRefresh: Sendable {
    /// What became of one provider.
    public struct Report: Hashable, Sendable {
        public enum Outcome: String, Hashable, Sendable {
            case refreshed
            /// The source said that nothing is new; the prices are of today all the same.
            case unchanged
            case failed
        }

        public var provider: String
        public var outcome: Outcome
        /// Why it failed; what was known stays.
        public var failure: FeedFailure?
        public var rows = 0
        public var types = 0
        public var regions = 0
        /// Prices that differ from those before, machines that are new somewhere, and those that are gone.
        public var changed = 0
        public var added = 0
        public var removed = 0
        public var sources: [PriceSource] = []
        public var findings: [PriceReview.Finding] = []
    }

    /// Less than this of what was known, and an answer is not believed.
    private static let leastCoverage = 0.5

    private let root: String
    private let desk: PriceDesk
    private let acceptsJumps: Bool

    /// - Parameters:
    ///   - root: the catalog's folder.
    ///   - acceptsJumps: tenfold changes and lists of which half is missing were looked at.
    public init(root: String, desk: PriceDesk, acceptsJumps: Bool = false) {
        self.root = root
        self.desk = desk
        self.acceptsJumps = acceptsJumps
    }

    /// Those whose prices can be read from somewhere, among `names`.
    public static func refreshable(_ names: [String]) -> [String] { names.filter { feeds.contains($0) } }

    private static let hosted: Set<String> = [
        "cudo", "hyperbolic", "mithril", "nebius", "oci", "seeweb", "verda",
    ]
    private static let feeds = hosted.union(["aws", "azure", "gcp", "lambda", "runpod"])

    private func feed(_ provider: String) -> (any PriceFeed)? {
        switch provider {
        case "aws": AmazonFeed()
        case "azure": AzureFeed()
        case "gcp": GoogleFeed()
        case "lambda": LambdaFeed()
        case "runpod": RunPodFeed()
        default: Self.hosted.contains(provider) ? HostedTableFeed(cloud: provider) : nil
        }
    }

    /// - Parameter regions: nil for all.
    public func refresh(_ provider: String, regions: Set<String>? = nil) async -> Report {
        do throws(FeedFailure) {
            return try await refreshed(provider, regions)
        } catch {
            return Report(provider: provider, outcome: .failed, failure: error)
        }
    }

    private func refreshed(_ provider: String, _ regions: Set<String>?) async throws(FeedFailure) -> Report {
        guard let feed = feed(provider) else {
            throw FeedFailure(.noAnswer, "nobody publishes prices of \(provider) that can be read")
        }
        let known: KnownOffers
        do throws(DiagnosticsError) { known = try KnownOffers.load(provider, root: root, refreshed: desk.folder) } catch
        {
            throw FeedFailure(.disk, error.diagnostics.first?.message ?? "the catalog cannot be read")
        }
        var desk = desk
        desk.provider = provider
        let fresh = try await feed.read(known, regions: regions, at: desk)
        let review = PriceReview(
            of: fresh.records, known: known.records, covered: fresh.regions, regions: known.regions,
            acceptsJumps: acceptsJumps)
        guard review.coverage >= Self.leastCoverage || acceptsJumps else {
            throw FeedFailure(
                .suspicious,
                "of the machines that were known, \(Int(((1 - review.coverage) * 100).rounded())) % are not in what "
                    + "\(provider) answered: nothing is changed; sky catalog refresh \(provider) --accept-jumps takes it"
            )
        }
        let used = Set(review.records.flatMap { [$0.source, $0.spotSource] }).subtracting(known.shippedSources)
        let sources = (fresh.sources + known.profile.sources).reduce(into: [PriceSource]()) { list, source in
            if used.contains(source.key), !list.contains(where: { $0.key == source.key }) { list.append(source) }
        }
        let files = RefreshedOffers.files(provider: provider, records: review.records, sources: sources)
        try PriceStore(folder: desk.folder).install(provider, files, at: desk.now())
        return Report(
            provider: provider, outcome: fresh.isUnchanged ? .unchanged : .refreshed, rows: review.records.count,
            types: Set(review.records.map(\.type)).count, regions: fresh.regions.count, changed: review.changed,
            added: review.added, removed: review.removed, sources: sources, findings: fresh.findings + review.findings)
    }
}
