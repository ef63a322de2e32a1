import SkyCatalog
import SkyCore

/// Where a provider publishes its prices.
protocol PriceFeed: Sendable {
    /// Reads the prices of the regions asked for.
    ///
    /// - Parameters:
    ///   - known: what the catalog has. Sizes and accelerators of machines come from there where the source does not say.
    ///   - regions: nil for all that the source and the profile have.
    /// - Throws: when nothing could be read. What is missing of a part is a finding, and what was known of it stays.
    func read(
        _ known: KnownOffers, regions: Set<String>?, at desk: PriceDesk
    ) async throws(FeedFailure) -> FreshPrices
}

/// What a source says now.
struct FreshPrices: Sendable {
    var records: [OfferRecord] = []
    /// Those that the records name and that are new.
    var sources: [PriceSource] = []
    /// The regions that were read. What is known of others stays as it is.
    var regions: Set<String> = []
    var findings: [PriceReview.Finding] = []
    /// The source itself says that nothing is new.
    var isUnchanged = false
}

/// Why nothing could be read.
public struct FeedFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: String, Hashable, Sendable {
        /// The source is only for those with an account, and there are no credentials.
        case credentials
        /// There was no answer, or a refusal.
        case noAnswer = "no-answer"
        /// The answer is not what it should be.
        case badAnswer = "bad-answer"
        /// So much of what was known is missing that the answer is not believed.
        case suspicious
        /// The prices cannot be put where they belong.
        case disk
        case cancelled
    }

    public let kind: Kind
    /// What happened and what to type about it. No secrets.
    public let message: String

    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    public var description: String { message }
}
