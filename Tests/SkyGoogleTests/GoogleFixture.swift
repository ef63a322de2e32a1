import FoundationEssentials
import SkyCore
import SkyGoogle
import SkyHTTP
import SkyTestSupport

/// A home of its own with Google's files in it, and an environment that holds nothing else.
struct GoogleFixture {
    let home: String
    var environment: [String: String]
    var now = Self.start
    /// 2026-01-01T00:00:00Z.
    static let start = Instant(millisecondsSince1970: 1_767_225_600_000)

    /// - Parameter login: the content of gcloud's file of application-default credentials.
    static func use(
        login: String = "", environment: [String: String] = [:],
        _ body: (GoogleFixture) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { home in
            let fixture = GoogleFixture(
                home: home,
                environment: ["HOME": home, "PATH": "/usr/bin:/bin", "NO_GCE_CHECK": "true"]
                    .merging(environment) { $1 })
            if !login.isEmpty {
                try fixture.write(".config/gcloud/application_default_credentials.json", login)
            }
            try await body(fixture)
        }
    }

    func write(_ path: String, _ text: String) throws {
        let folder = "\(home)/\(path)".split(separator: "/").dropLast().joined(separator: "/")
        try FileManager.default.createDirectory(atPath: "/\(folder)", withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(filePath: "\(home)/\(path)"))
    }

    var tokenFolder: String { "\(home)/cache/tokens" }

    func source() -> GoogleTokenSource {
        GoogleTokenSource(
            GoogleSurroundings(
                environment: environment, caller: HTTPCaller(), tokenFolder: tokenFolder, now: { [now] in now }))
    }

    func token() async throws -> String { try await source().token().reveal() }

    /// What goes wrong, with this home's path out of it.
    func failure() async -> String {
        do { return "found: \(try await token())" } catch { return "\(error)".replacing(home, with: "~") }
    }
}

/// A server that gives tokens, and what it was asked.
struct TokenServer {
    let server: LoopbackHTTPServer
    var url: String { server.url }
    var requests: [LoopbackHTTPServer.Request] { server.requests }

    static func use(
        _ answer: @escaping @Sendable (LoopbackHTTPServer.Request) -> LoopbackHTTPServer.Step,
        _ body: (TokenServer) async throws -> Void
    ) async throws {
        let server = try LoopbackHTTPServer { [answer($0)] }
        defer { server.stop() }
        try await body(TokenServer(server: server))
    }

    /// An answer with a token that lasts an hour.
    static func token(_ text: String, seconds: Int = 3600) -> LoopbackHTTPServer.Step {
        .reply(200, body: #"{"access_token": "\#(text)", "expires_in": \#(seconds), "token_type": "Bearer"}"#)
    }

    /// That of a service account, which comes in another form.
    static func accountToken(_ text: String) -> LoopbackHTTPServer.Step {
        .reply(200, body: #"{"accessToken": "\#(text)", "expireTime": "2026-01-01T01:00:00Z"}"#)
    }
}

extension LoopbackHTTPServer.Request {
    var text: String { String(decoding: body, as: UTF8.self) }

    /// The fields of a form, decoded.
    var form: [String: String] {
        Dictionary(
            text.split(separator: "&").map { part in
                let pair = part.split(separator: "=", maxSplits: 1).map { String($0).percentDecoded }
                return (pair[0], pair.count > 1 ? pair[1] : "")
            }, uniquingKeysWith: { $1 })
    }
}

extension String {
    var percentDecoded: String {
        var bytes: [UInt8] = []
        var rest = Array(utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
