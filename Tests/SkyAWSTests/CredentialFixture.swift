import FoundationEssentials
import SkyAWS
import SkyCore
import SkyHTTP
import SkyTestSupport

/// A home of its own with AWS's files in it, and an environment that holds nothing else.
struct CredentialFixture {
    let home: String
    var environment: [String: String]
    /// 2026-01-01T00:00:00Z.
    static let now = Instant(millisecondsSince1970: 1_767_225_600_000)

    static func use(
        config: String = "", credentials: String = "", environment: [String: String] = [:],
        _ body: (CredentialFixture) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { home in
            let fixture = CredentialFixture(
                home: home,
                environment: ["HOME": home, "PATH": "/usr/bin:/bin", "AWS_EC2_METADATA_DISABLED": "true"]
                    .merging(environment) { $1 })
            try FileManager.default.createDirectory(atPath: "\(home)/.aws", withIntermediateDirectories: true)
            if !config.isEmpty { try fixture.write(".aws/config", config) }
            if !credentials.isEmpty { try fixture.write(".aws/credentials", credentials) }
            try await body(fixture)
        }
    }

    func write(_ path: String, _ text: String) throws {
        let folder = "\(home)/\(path)".split(separator: "/").dropLast().joined(separator: "/")
        try FileManager.default.createDirectory(atPath: "/\(folder)", withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(filePath: "\(home)/\(path)"))
    }

    func settings(profile: String? = nil) throws -> AWSSettings {
        try AWSSettings(
            profile: profile,
            in: AWSSurroundings(environment: environment, caller: HTTPCaller(), now: { Self.now }))
    }

    func find(profile: String? = nil) async throws -> FoundCredentials {
        try await CredentialSource(settings(profile: profile)).credentials()
    }

    /// What goes wrong, with this home's path out of it.
    func failure(profile: String? = nil) async -> String {
        do {
            return "found: \(try await find(profile: profile).source)"
        } catch {
            return "\(error)".replacing(home, with: "~")
        }
    }
}

extension FoundCredentials {
    /// Everything in one line, secrets too.
    var spelledOut: String {
        let token = credentials.sessionToken.map { "/\($0.reveal())" } ?? ""
        return "\(credentials.accessKeyID)/\(credentials.secretAccessKey.reveal())\(token)"
    }
}
