import SkyAWS
import SkyCore

/// EC2 in one region.
struct EC2Region: Sendable {
    let name: String
    let errors: ErrorTable
    private let ec2: AWSService
    private let ssm: AWSService
    private let quotas: AWSService
    private let sts: AWSService

    private static let version = "2016-11-15"

    init(_ name: String, endpoint: String?, as identity: AWSIdentity, _ errors: ErrorTable) {
        self.name = name
        self.errors = errors
        func service(_ service: AWSService.Name) -> AWSService {
            AWSService(service, region: name, endpoint: endpoint, as: identity) { code in errors.passing(code) }
        }
        ec2 = service(.init("ec2"))
        ssm = service(.init("ssm"))
        quotas = service(.init("servicequotas", setting: "service_quotas"))
        sts = service(.init("sts"))
    }

    /// Makes a call that may be repeated.
    func call(
        _ action: String, limit: TimeSpan = .seconds(60), _ fill: (inout EC2Query) -> Void
    ) async throws(ProviderError) -> XMLElement {
        do throws(AWSError) { return try await refusable(action, limit: limit, fill) } catch {
            throw errors.providerError(error)
        }
    }

    /// The same, for those who expect some refusals.
    func refusable(
        _ action: String, limit: TimeSpan = .seconds(60), _ fill: (inout EC2Query) -> Void
    ) async throws(AWSError) -> XMLElement {
        var query = EC2Query()
        fill(&query)
        return try await ec2.query(action, version: Self.version, query.parameters, limit: limit)
    }

    /// All pages of a list.
    ///
    /// - Parameter set: the list's name in the answer: `reservationSet`.
    func pages(
        _ action: String, set: String, pageSize: Int? = nil, _ fill: (inout EC2Query) -> Void
    ) async throws(AWSError) -> [XMLElement] {
        var items: [XMLElement] = []
        var token: String?
        repeat {
            let answer = try await refusable(action) { query in
                fill(&query)
                query.set("MaxResults", pageSize)
                query.set("NextToken", token)
            }
            items += answer.first(set)?.all("item") ?? []
            token = answer.text("nextToken").flatMap { $0.isEmpty ? nil : $0 }
        } while token != nil
        return items
    }

    /// Who asks: every account may know that of itself.
    func callerIdentity() async throws(AWSError) -> XMLElement {
        try await sts.query("GetCallerIdentity", version: "2011-06-15", [], limit: .seconds(20))
    }

    func systemsManager(_ action: String, _ body: [UInt8]) async throws(AWSError) -> [UInt8] {
        try await ssm.json("AmazonSSM.\(action)", body)
    }

    func serviceQuotas(_ action: String, _ body: [UInt8], limit: TimeSpan) async throws(AWSError) -> [UInt8] {
        try await quotas.json("ServiceQuotasV20190624.\(action)", body, limit: limit)
    }
}

extension ErrorTable {
    /// Some answers say whose fault it is before the code: `Client.InvalidParameterValue`.
    static func bare(_ code: String) -> String {
        for side in ["Client.", "Server."] where code.hasPrefix(side) { return String(code.dropFirst(side.count)) }
        return code
    }

    func passing(_ code: String) -> AWSService.Passing? {
        guard let row = row(for: Self.bare(code)) else { return nil }
        return row.isThrottling ? .throttled : row.kind == .transient ? .soon : .never
    }

    func providerError(_ error: AWSError) -> ProviderError {
        switch error.kind {
        case .credentials, .settings: ProviderError(.credentials, provider: provider, error.message)
        case .refused: self.error([Self.bare(error.code)], status: error.status, error.message)
        case .noAnswer, .badAnswer: ProviderError(.transient, provider: provider, error.message)
        case .cancelled: ProviderError(.transient, provider: provider, "given up")
        }
    }
}
