import FoundationEssentials
import SkyCore
import SkyGoogle
import SkyHTTP
import SkyTestSupport
import Testing

@Suite("Google signs for service accounts, and narrows tokens", .timeLimit(.minutes(5)))
struct GoogleSignerTests {
    private let message = Array("what is signed".utf8)
    /// Base64 of that, and of `signature`.
    private static let (payload, signed) = ("d2hhdCBpcyBzaWduZWQ=", "c2lnbmF0dXJl")

    @Test("with its key nobody is asked")
    func key() async throws {
        let key = try #require(RSAKey.shared)
        try await GoogleFixture.use(
            login: GoogleLoginTests.serviceAccount(key.wrapped, tokenURL: "http://127.0.0.1:1/token")
        ) { fixture in
            let signer = try #require(try await fixture.source().signer())
            #expect(signer.account == "robot@key-project.iam.example")
            let signature = try await signer.sign(message)
            #expect(key.verifies(message, signature))
            #expect(!key.verifies(message + [0], signature))
        }
    }

    @Test("as a machine's account the service is asked that keeps the keys")
    func machine() async throws {
        try await TokenServer.use { request in
            switch request.target {
            case "/computeMetadata/v1/instance/service-accounts/default/email": .reply(200, body: "robot@p.example")
            case let target where target.hasPrefix("/computeMetadata/"): TokenServer.token("own")
            case "/v1/projects/-/serviceAccounts/robot@p.example:signBlob"
            where request.headers["authorization"] == "Bearer own":
                .reply(200, body: #"{"keyId": "1", "signedBlob": "\#(Self.signed)"}"#)
            default: .reply(404)
            }
        } _: { server in
            let host = server.url.replacing("http://", with: "")
            let environment = [
                "NO_GCE_CHECK": "", "GCE_METADATA_HOST": host,
                "CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS": "\(server.url)/",
            ]
            try await GoogleFixture.use(environment: environment) { fixture in
                let signer = try #require(try await fixture.source().signer())
                #expect(signer.account == "robot@p.example" && signer.longest == .seconds(12 * 3600))
                for _ in 0..<2 { #expect(try await signer.sign(message) == Array("signature".utf8)) }
                #expect(server.requests.last?.text.contains(Self.payload) == true)
                // The token is asked for once.
                #expect(server.requests.count == 4)
            }
        }
    }

    @Test("as another account it is asked with what may act as that account")
    func impersonated() async throws {
        try await TokenServer.use { request in
            switch request.target {
            case "/token": TokenServer.token("person")
            case "/v1/robot@p.example:signBlob" where request.headers["authorization"] == "Bearer person":
                request.text.contains(#""delegates":["d"]"#)
                    ? .reply(200, body: #"{"signedBlob": "\#(Self.signed)"}"#) : .reply(400)
            default: .reply(404)
            }
        } _: { server in
            let login = """
                {"type": "impersonated_service_account", "delegates": ["d"], "source_credentials": \(GoogleLoginTests.login),
                 "service_account_impersonation_url": "\(server.url)/v1/robot@p.example:generateAccessToken"}
                """
            try await GoogleFixture.use(
                login: login, environment: ["CLOUDSDK_AUTH_TOKEN_HOST": "\(server.url)/token"]
            ) { fixture in
                let signer = try #require(try await fixture.source().signer())
                #expect(signer.account == "robot@p.example")
                #expect(try await signer.sign(message) == Array("signature".utf8))
            }
        }
    }

    @Test("whoever may not have it sign is told the right that it takes")
    func refused() async throws {
        try await TokenServer.use { request in
            request.target == "/v1/token"
                ? TokenServer.token("base")
                : .reply(403, body: #"{"error": {"status": "PERMISSION_DENIED", "message": "denied"}}"#)
        } _: { server in
            let more = #", "service_account_impersonation_url": "\#(server.url)/robot@p.example:generateAccessToken""#
            let login = GoogleFederationTests.account(server, source: #"{"file": "~/subject"}"#, more: more)
            try await GoogleFixture.use(login: login) { fixture in
                try fixture.write("subject", "subject-SECRET")
                let signer = try #require(try await fixture.source().signer())
                let failure = await #expect(throws: CredentialFailure.self) { try await signer.sign(message) }
                #expect(failure?.kind == .refused)
                #expect(
                    failure?.message.hasSuffix(
                        "/robot@p.example:signBlob: PERMISSION_DENIED (HTTP 403), denied. "
                            + "It takes the right iam.serviceAccounts.signBlob on robot@p.example") == true)
            }
        }
    }

    @Test("a person cannot sign")
    func person() async throws {
        try await GoogleFixture.use(login: GoogleLoginTests.login) { fixture in
            let signer = try await fixture.source().signer()
            #expect(signer == nil)
        }
    }

    /// A person, and a server that narrows tokens.
    private func useNarrowing(
        seconds: Int = 3600, _ body: (NarrowedTokens, TokenServer) async throws -> Void
    ) async throws {
        try await TokenServer.use { request in
            request.target == "/v1/token"
                ? .reply(200, body: #"{"access_token": "narrow"}"#) : TokenServer.token("wide", seconds: seconds)
        } _: { server in
            let environment = [
                "CLOUDSDK_AUTH_TOKEN_HOST": "\(server.url)/token",
                "CLOUDSDK_API_ENDPOINT_OVERRIDES_STS": "\(server.url)/",
            ]
            try await GoogleFixture.use(login: GoogleLoginTests.login, environment: environment) { fixture in
                let surroundings = GoogleSurroundings(
                    environment: fixture.environment, caller: HTTPCaller(), now: { fixture.now })
                try await body(NarrowedTokens(GoogleTokenSource(surroundings), in: surroundings), server)
            }
        }
    }

    @Test("a token is narrowed to one object, whatever its name")
    func narrowed() async throws {
        try await useNarrowing { tokens, server in
            let token = try await tokens.token(reading: #"it's/a\b"#, of: "data")
            #expect(token.reveal() == "narrow")
            let kind = "urn:ietf:params:oauth:token-type:access_token"
            let condition = #"resource.name == 'projects/_/buckets/data/objects/it\\'s/a\\\\b'"#
            #expect(
                server.requests.last?.form == [
                    "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "subject_token": "wide",
                    "subject_token_type": kind, "requested_token_type": kind,
                    "options": #"{"accessBoundary":{"accessBoundaryRules":[{"availabilityCondition":{"expression":""#
                        + condition + #""},"availablePermissions":["inRole:roles/storage.objectViewer"],"#
                        + #""availableResource":"//storage.googleapis.com/projects/_/buckets/data"}]}}"#,
                ])
            let tooLong = String(repeating: "'", count: 1000)
            await #expect(throws: CredentialFailure.self) { try await tokens.token(reading: tooLong, of: "data") }
        }
    }

    @Test("one that soon ends is renewed before it is narrowed", arguments: [(3600, 1), (1200, 2)])
    func renewed(seconds: Int, asked: Int) async throws {
        try await useNarrowing(seconds: seconds) { tokens, server in
            _ = try await tokens.token(reading: "a", of: "data")
            #expect(server.requests.filter { $0.target == "/token" }.count == asked)
        }
    }
}
