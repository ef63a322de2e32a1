import FoundationEssentials
import SkyCore
import SkyGoogle
import SkyHTTP
import SkyProcess
import SkyTestSupport
import Testing

@Suite("Google credentials that are files of one's own", .timeLimit(.minutes(5)))
struct GoogleLoginTests {
    static let login = """
        {"type": "authorized_user", "client_id": "id.apps", "client_secret": "client-SECRET", "quota_project_id": "quota",
         "refresh_token": "refresh-SECRET/1", "account": "", "universe_domain": "googleapis.com"}
        """

    static func serviceAccount(_ key: String, tokenURL: String) -> String {
        """
        {"type": "service_account", "project_id": "key-project", "private_key_id": "k1",
         "private_key": "\(key.replacing("\n", with: "\\n"))", "client_email": "robot@key-project.iam.example",
         "token_uri": "\(tokenURL)"}
        """
    }

    @Test("a login's refresh token is exchanged, and whose it is is asked of the same server")
    func login() async throws {
        try await TokenServer.use { request in
            request.target == "/tokeninfo"
                ? .reply(200, body: #"{"email": "me@example.com"}"#) : TokenServer.token("access-1")
        } _: { server in
            let environment = ["CLOUDSDK_AUTH_TOKEN_HOST": "\(server.url)/token"]
            try await GoogleFixture.use(login: Self.login, environment: environment) { fixture in
                #expect(try await fixture.token() == "access-1")
                #expect(
                    server.requests.first?.form == [
                        "grant_type": "refresh_token", "client_id": "id.apps", "client_secret": "client-SECRET",
                        "refresh_token": "refresh-SECRET/1",
                    ])
                let identity = try await fixture.source().identity()
                #expect(identity.account == "me@example.com")
                #expect(identity.source == "\(fixture.home)/.config/gcloud/application_default_credentials.json")
                #expect(identity.project == "quota")
                #expect(identity.quotaProject == "quota")
                #expect(server.requests.last?.form == ["access_token": "access-1"])
            }
        }
    }

    @Test("a service account's key signs for a token, in both forms that keys have", arguments: [false, true])
    func serviceAccount(isTraditional: Bool) async throws {
        let key = try #require(RSAKey.shared)
        try await TokenServer.use({ _ in TokenServer.token("robot-token") }) { server in
            try await GoogleFixture.use { fixture in
                var fixture = fixture
                fixture.environment["GOOGLE_APPLICATION_CREDENTIALS"] = "\(fixture.home)/key.json"
                try fixture.write(
                    "key.json",
                    Self.serviceAccount(
                        isTraditional ? key.traditional : key.wrapped, tokenURL: "\(server.url)/token"))
                #expect(try await fixture.token() == "robot-token")
                let form = try #require(server.requests.first?.form)
                #expect(form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer")
                let assertion = try #require(form["assertion"])
                let claims = try #require(key.claims(of: assertion), "the signature is not the key's")
                #expect(
                    claims == #"{"aud":"\#(server.url)/token","exp":1767229200,"iat":1767225600,"#
                        + #""iss":"robot@key-project.iam.example","scope":"\#(GoogleTokenSource.platform)"}"#)
                let header = RSAKey.bytes(String(assertion.prefix { $0 != "." })) ?? []
                #expect(String(decoding: header, as: UTF8.self) == #"{"alg":"RS256","kid":"k1","typ":"JWT"}"#)
                let identity = try await fixture.source().identity()
                #expect(identity.account == "robot@key-project.iam.example")
                #expect(identity.project == "key-project")
            }
        }
    }

    @Test("a login of somebody whom another company vouches for is exchanged where its file says")
    func workforceLogin() async throws {
        try await TokenServer.use({ _ in TokenServer.token("workforce") }) { server in
            let login = """
                {"type": "external_account_authorized_user", "token_url": "\(server.url)/v1/oauthtoken",
                 "audience": "//iam/pool", "client_id": "c", "client_secret": "s", "refresh_token": "r"}
                """
            try await GoogleFixture.use(login: login) { fixture in
                #expect(try await fixture.token() == "workforce")
                let request = try #require(server.requests.first)
                #expect(request.form == ["grant_type": "refresh_token", "refresh_token": "r"])
                #expect(request.headers["authorization"] == "Basic Yzpz")
            }
        }
    }

    @Test("a service account is impersonated by a login, through its delegates")
    func impersonation() async throws {
        try await TokenServer.use { request in
            request.target == "/token" ? TokenServer.token("base") : TokenServer.accountToken("as-robot")
        } _: { server in
            let login = """
                {"type": "impersonated_service_account", "delegates": ["d1"], "source_credentials": \(Self.login),
                 "service_account_impersonation_url":
                   "\(server.url)/v1/projects/-/serviceAccounts/robot@p.iam.example:generateAccessToken"}
                """
            let environment = ["CLOUDSDK_AUTH_TOKEN_HOST": "\(server.url)/token"]
            try await GoogleFixture.use(login: login, environment: environment) { fixture in
                #expect(try await fixture.token() == "as-robot")
                let request = try #require(server.requests.last)
                #expect(request.headers["authorization"] == "Bearer base")
                let body = try JSONDecoder().decode(Impersonated.self, from: Data(request.body))
                #expect(
                    body == Impersonated(delegates: ["d1"], scope: [GoogleTokenSource.platform], lifetime: "3600s"))
                #expect(try await fixture.source().identity().account == "robot@p.iam.example")
            }
        }
    }

    private struct Impersonated: Decodable, Equatable {
        let delegates: [String]
        let scope: [String]
        let lifetime: String
    }

    @Test("a file that is broken is refused by name, and nothing of its content is shown", arguments: broken)
    func brokenFile(content: String, complaint: String) async throws {
        try await GoogleFixture.use(login: content) { fixture in
            let failure = await fixture.failure()
            #expect(failure.contains(complaint))
            #expect(failure.contains("application_default_credentials.json") || failure.contains("private_key"))
            #expect(!failure.contains("SECRET"))
        }
    }

    private static let broken = [
        ("{", "is not the JSON that was expected"),
        (#"{"client_secret": "SECRET"}"#, "'type' is missing"),
        (#"{"type": "authorized_user", "client_id": "x", "client_secret": "SECRET"}"#, "'refresh_token' is missing"),
        (
            #"{"type": "authorized_user", "client_id": 7, "client_secret": "SECRET", "refresh_token": "SECRET"}"#,
            "'client_id' is not of the kind that was expected"
        ),
        (#"{"type": "gdch_service_account"}"#, "'type' is 'gdch_service_account', and known are authorized_user"),
        (
            #"{"type": "authorized_user", "universe_domain": "other.example"}"#, "is for the cloud 'other.example'"
        ),
        (
            #"{"type": "service_account", "client_email": "r@p", "private_key": "SECRET", "token_uri": "http://127.0.0.1:1"}"#,
            "'private_key' of r@p is not an RSA key"
        ),
        (
            #"{"type": "impersonated_service_account", "service_account_impersonation_url": "u", "#
                + #""source_credentials": {"type": "authorized_user", "client_id": "SECRET"}}"#,
            "'source_credentials.client_secret' is missing"
        ),
    ]

    @Test("what a server refuses is told in its words with what to type, and without what was sent to it")
    func refusal() async throws {
        try await TokenServer.use { request in
            .reply(
                400,
                body: #"{"error": "invalid_grant", "error_description": "no \#(request.form["refresh_token"] ?? "")", "#
                    + #""error_subtype": "invalid_rapt"}"#)
        } _: { server in
            let environment = ["CLOUDSDK_AUTH_TOKEN_HOST": "\(server.url)/token"]
            try await GoogleFixture.use(login: Self.login, environment: environment) { fixture in
                #expect(
                    await fixture.failure()
                        == "POST \(server.url)/token: invalid_grant (invalid_rapt) (HTTP 400), no (secret). "
                        + "Log in anew: gcloud auth application-default login")
            }
        }
    }

    @Test("credentials are looked for where Google's libraries look, and none are reported with what to type")
    func nothing() async throws {
        try await GoogleFixture.use { fixture in
            #expect(
                await fixture.failure()
                    == "no Google credentials: looked in GOOGLE_APPLICATION_CREDENTIALS, "
                    + "~/.config/gcloud/application_default_credentials.json and the machine's own (metadata server). "
                    + "Type: gcloud auth application-default login, or name a key: "
                    + "export GOOGLE_APPLICATION_CREDENTIALS=key.json")
            var named = fixture
            named.environment["GOOGLE_APPLICATION_CREDENTIALS"] = "~/key.json"
            #expect(
                await named.failure() == "~/key.json, which GOOGLE_APPLICATION_CREDENTIALS names, is not there")
            var moved = fixture
            moved.environment["CLOUDSDK_CONFIG"] = "\(fixture.home)/elsewhere"
            #expect(await moved.failure().contains("~/elsewhere/application_default_credentials.json"))
        }
    }

    @Test("the project is what the environment, the key, gcloud's configuration or the login says, in this order")
    func project() async throws {
        try await GoogleFixture.use(login: Self.login) { fixture in
            #expect(try await fixture.source().project() == "quota")
            try fixture.write(
                ".config/gcloud/configurations/config_default", "[core]\nproject = usual\n[compute]\nproject = x\n")
            #expect(try await fixture.source().project() == "usual")
            try fixture.write(".config/gcloud/active_config", "work\n")
            try fixture.write(
                ".config/gcloud/configurations/config_work", "[core]\naccount = a\nproject = working\n")
            #expect(try await fixture.source().project() == "working")
            var chosen = fixture
            chosen.environment["CLOUDSDK_ACTIVE_CONFIG_NAME"] = "default"
            #expect(try await chosen.source().project() == "usual")
            chosen.environment["GOOGLE_CLOUD_PROJECT"] = "said"
            #expect(try await chosen.source().project() == "said")
            let key = try #require(RSAKey.shared)
            try fixture.write("key.json", Self.serviceAccount(key.wrapped, tokenURL: "http://127.0.0.1:1"))
            var keyed = fixture
            keyed.environment["GOOGLE_APPLICATION_CREDENTIALS"] = "\(fixture.home)/key.json"
            #expect(try await keyed.source().project() == "key-project")
        }
    }
}
