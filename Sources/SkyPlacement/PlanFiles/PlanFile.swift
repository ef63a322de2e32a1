public import SkyCatalog
public import SkyCore
public import SkySpec

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A plan that was written down to be carried out later, exactly as it is or not at all.
public struct PlanFile: Hashable, Sendable {
    /// Whole: the pipeline's own file need not be there any more.
    public var pipeline: Pipeline
    public var plan: Plan
    /// What was known of earlier runs: the same is taken when the plan is priced again.
    public var history: PlacementHistory
    public var provenance: Provenance

    /// What a plan rests on.
    public struct Provenance: Hashable, Sendable, Codable {
        public var createdAt: Instant
        /// Prices are not trusted after this.
        public var expiresAt: Instant
        /// Of all offers and tariffs that were known.
        public var catalogDigest: String
        /// What was known of the account's quotas at the providers of the plan.
        public var quotas: [Quota]
        /// The pipeline's file, absolute, and the digest of its text; a plan of a file that has changed is stale.
        public var pipelineFile: String
        public var pipelineDigest: String

        public init(
            createdAt: Instant, expiresAt: Instant, catalogDigest: String, quotas: [Quota] = [],
            pipelineFile: String, pipelineDigest: String
        ) {
            self.createdAt = createdAt
            self.expiresAt = expiresAt
            self.catalogDigest = catalogDigest
            self.quotas = quotas
            self.pipelineFile = pipelineFile
            self.pipelineDigest = pipelineDigest
        }
    }

    public init(pipeline: Pipeline, plan: Plan, history: PlacementHistory, provenance: Provenance) {
        self.pipeline = pipeline
        self.plan = plan
        self.history = history
        self.provenance = provenance
    }
}

extension PlanFile.Provenance {
    private enum CodingKeys: String, CodingKey {
        case createdAt = "created_at"
        case expiresAt = "expires_at"
        case catalogDigest = "catalog_digest"
        case quotas
        case pipelineFile = "pipeline_file"
        case pipelineDigest = "pipeline_digest"
    }

    private static var dates: Date.ISO8601FormatStyle { Date.ISO8601FormatStyle(includingFractionalSeconds: true) }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        for (moment, key) in [(createdAt, CodingKeys.createdAt), (expiresAt, .expiresAt)] {
            let date = Date(timeIntervalSince1970: Double(moment.millisecondsSince1970) / 1000)
            try container.encode(date.formatted(Self.dates), forKey: key)
        }
        try container.encode(catalogDigest, forKey: .catalogDigest)
        try container.encode(quotas, forKey: .quotas)
        try container.encode(pipelineFile, forKey: .pipelineFile)
        try container.encode(pipelineDigest, forKey: .pipelineDigest)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func moment(_ key: CodingKeys) throws -> Instant {
            let date = try Self.dates.parse(container.decode(String.self, forKey: key))
            return Instant(millisecondsSince1970: Int64((date.timeIntervalSince1970 * 1000).rounded()))
        }
        self.init(
            createdAt: try moment(.createdAt), expiresAt: try moment(.expiresAt),
            catalogDigest: try container.decode(String.self, forKey: .catalogDigest),
            quotas: try container.decodeIfPresent([Quota].self, forKey: .quotas) ?? [],
            pipelineFile: try container.decode(String.self, forKey: .pipelineFile),
            pipelineDigest: try container.decode(String.self, forKey: .pipelineDigest))
    }
}

extension PlanFile {
    static let kind = "sky-plan"
    static let version = 1

    /// What every version says of itself.
    private struct Header: Codable {
        var kind: String
        var version: Int
    }

    private struct Body: Decodable {
        var provenance: Provenance
        var exact: Exact
    }

    /// For `sky launch`: nothing is lost. `plan` beside it has the shape of `sky plan --output json`, for everybody else.
    private struct Exact: Codable {
        var pipeline: Pipeline
        var plan: Plan
        var history: PlacementHistory
    }

    /// - Throws: `EncodingError` only if a figure is not finite.
    public func text() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        func json(_ value: some Encodable) throws -> String {
            let text = String(decoding: try encoder.encode(value), as: UTF8.self)
            return text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\n  ")
        }
        let plan = try PlanJSON(plan).text().split(separator: "\n").joined(separator: "\n  ")
        return """
            {
              "kind" : "\(Self.kind)",
              "version" : \(Self.version),
              "provenance" : \(try json(provenance)),
              "plan" : \(plan),
              "exact" : \(try json(Exact(pipeline: pipeline, plan: self.plan, history: history)))
            }

            """
    }

    /// Whether a text says of itself that it is a plan file, of whatever version.
    public static func isPlanFile(_ text: String) -> Bool {
        guard text.first(where: { !$0.isWhitespace }) == "{" else { return false }
        return (try? JSONDecoder().decode(Header.self, from: Data(text.utf8)))?.kind == kind
    }

    /// - Throws: `PlanFileError`.
    public init(_ text: String) throws(PlanFileError) {
        let data = Data(text.utf8)
        guard let header = try? JSONDecoder().decode(Header.self, from: data), header.kind == Self.kind else {
            throw .notAPlanFile
        }
        guard header.version == Self.version else { throw .otherVersion(header.version) }
        do {
            let body = try JSONDecoder().decode(Body.self, from: data)
            self.init(
                pipeline: body.exact.pipeline, plan: body.exact.plan, history: body.exact.history,
                provenance: body.provenance)
        } catch {
            throw .damaged(String(describing: error))
        }
    }
}

public enum PlanFileError: Error, Hashable, Sendable {
    case notAPlanFile
    case otherVersion(Int)
    case damaged(String)
}

extension PlanFileError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notAPlanFile: "this is no plan file"
        case .otherVersion(let version): "this plan file has version \(version), and this sky reads version 1"
        case .damaged(let how): "this plan file is damaged: \(how)"
        }
    }
}
