import FoundationEssentials
import SkyCore
import SkyGoogle
import SkyHTTP
import SkyTestSupport
import Testing

@Suite("Google credentials that others vouch for", .timeLimit(.minutes(5)))
struct GoogleFederationTests {
    static func account(
        _ server: TokenServer, source: String, more: String = "", type: String = "urn:ietf:params:oauth:token-type:jwt"
    ) -> String {
        """
        {"type": "external_account", "audience": "//iam.googleapis.com/pools/p/providers/q",
         "subject_token_type": "\(type)", "token_url": "\(server.url)/v1/token",
         "credential_source": \(source)\(more)}
        """
    }

    @Test(
        "a token in a file is exchanged, alone or in a field of JSON",
        arguments: [
            ("subject-SECRET\n", ""),
            (
                #"{"n": 1, "deep": {"a": []}, "token": "subject-SECRET"}"#,
                #", "format": {"type": "json", "subject_token_field_name": "token"}"#
            ),
        ])
    func file(content: String, format: String) async throws {
        try await TokenServer.use({ _ in TokenServer.token("federated") }) { server in
            try await GoogleFixture.use(
                login: Self.account(server, source: #"{"file": "~/subject"\#(format)}"#)
            ) { fixture in
                #expect(await fixture.failure() == "~/subject, which 'credential_source' names, is not there")
                try fixture.write("subject", content)
                #expect(try await fixture.token() == "federated")
                #expect(
                    server.requests.first?.form == [
                        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
                        "audience": "//iam.googleapis.com/pools/p/providers/q", "scope": GoogleTokenSource.platform,
                        "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
                        "subject_token": "subject-SECRET", "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
                    ])
                #expect(try await fixture.source().identity().account == "//iam.googleapis.com/pools/p/providers/q")
            }
        }
    }

    @Test("a token of a server is exchanged, and a service account impersonated with what comes of it")
    func url() async throws {
        try await TokenServer.use { request in
            switch request.target {
            case "/subject?a=b" where request.headers["metadata"] == "True":
                .reply(200, body: #"{"access_token": "of-azure"}"#)
            case "/v1/token": TokenServer.token("base")
            case "/robot@p.example:generateAccessToken" where request.headers["authorization"] == "Bearer base":
                TokenServer.accountToken("as-robot")
            default: .reply(404)
            }
        } _: { server in
            let source =
                #"{"url": "\#(server.url)/subject?a=b", "headers": {"Metadata": "True"}, "#
                + #""format": {"type": "json", "subject_token_field_name": "access_token"}}"#
            let more =
                #", "service_account_impersonation_url": "\#(server.url)/robot@p.example:generateAccessToken", "#
                + #""service_account_impersonation": {"token_lifetime_seconds": 900}"#
            try await GoogleFixture.use(login: Self.account(server, source: source, more: more)) { fixture in
                let token = try await fixture.token()
                #expect(token == "as-robot")
                #expect(server.requests[1].form["subject_token"] == "of-azure")
                #expect(server.requests[2].text.contains(#""lifetime":"900s""#))
                #expect(try await fixture.source().identity().account == "robot@p.example")
            }
        }
    }

    @Test("people of a workforce pool say what their calls are counted for, clients say who they are")
    func workforce() async throws {
        try await TokenServer.use({ _ in TokenServer.token("t") }) { server in
            let pool = #", "workforce_pool_user_project": "counted""#
            try await GoogleFixture.use(
                login: Self.account(server, source: #"{"file": "~/s"}"#, more: pool)
            ) { fixture in
                try fixture.write("s", "x")
                _ = try await fixture.token()
                #expect(server.requests.last?.form["options"] == #"{"userProject":"counted"}"#)
            }
            let client = pool + #", "client_id": "c", "client_secret": "s""#
            try await GoogleFixture.use(
                login: Self.account(server, source: #"{"file": "~/s"}"#, more: client)
            ) { fixture in
                try fixture.write("s", "x")
                _ = try await fixture.token()
                #expect(server.requests.last?.headers["authorization"] == "Basic Yzpz")
                #expect(server.requests.last?.form["options"] == nil)
            }
        }
    }

    @Test("a program gives a token only where programs are allowed, and is told what for")
    func program() async throws {
        try await TokenServer.use({ _ in TokenServer.token("by-program") }) { server in
            let source = #"{"executable": {"command": "/bin/sh HOME/give SECRET"}}"#
            try await GoogleFixture.use { fixture in
                try fixture.write(
                    ".config/gcloud/application_default_credentials.json",
                    Self.account(server, source: source.replacing("HOME", with: fixture.home)))
                try fixture.write(
                    "give",
                    """
                    printf '{"version": 1, "success": true, "token_type": "%s", "id_token": "%s/%s"}' \
                      "$GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE" "$GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE" \
                      "$GOOGLE_EXTERNAL_ACCOUNT_INTERACTIVE"
                    """)
                #expect(
                    await fixture.failure()
                        == "the credentials come from a program, which runs only where that is allowed: "
                        + "export GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES=1")
                var allowed = fixture
                allowed.environment["GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES"] = "1"
                #expect(try await allowed.token() == "by-program")
                #expect(
                    server.requests.last?.form["subject_token"] == "//iam.googleapis.com/pools/p/providers/q/0")
                try fixture.write("give", "exit 3")
                #expect(
                    await allowed.failure() == "/bin/sh ended with status 3: run it by hand to see why")
                try fixture.write(
                    "give", #"echo '{"version":1,"success":false,"code":"401","message":"not you"}'; exit 1"#)
                #expect(await allowed.failure() == "/bin/sh: 401, not you")
                try fixture.write("give", #"echo '{"version":2,"success":true,"id_token":"x"}'"#)
                #expect(await allowed.failure() == "what /bin/sh printed has version 2, and 1 is what is known")
            }
        }
    }

    @Test("a program that takes too long is ended, and what it left in a file is used while it lasts")
    func programWithFile() async throws {
        try await TokenServer.use({ _ in TokenServer.token("by-file") }) { server in
            try await GoogleFixture.use(environment: ["GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES": "1"]) { fixture in
                let source =
                    #"{"executable": {"command": "/bin/sleep 60", "timeout_millis": 1, "output_file": "~/left"}}"#
                try fixture.write(
                    ".config/gcloud/application_default_credentials.json", Self.account(server, source: source))
                #expect(await fixture.failure() == "/bin/sleep did not end within 1 s")
                func left(_ end: Int64) -> String {
                    #"{"version":1,"success":true,"token_type":"x","id_token":"kept","expiration_time":\#(end)}"#
                }
                try fixture.write("left", left(1_767_225_659))
                #expect(await fixture.failure() == "/bin/sleep did not end within 1 s")
                try fixture.write("left", left(1_767_225_700))
                #expect(try await fixture.token() == "by-file")
                #expect(server.requests.last?.form["subject_token"] == "kept")
            }
        }
    }

    @Test("a workload on AWS is known by a signed question of who it is")
    func aws() async throws {
        try await TokenServer.use({ _ in TokenServer.token("of-aws") }) { server in
            let source =
                #"{"environment_id": "aws1", "regional_cred_verification_url": "#
                + #""https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"}"#
            let environment = [
                "AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "aws-SECRET", "AWS_SESSION_TOKEN": "session",
                "AWS_REGION": "eu-west-1",
            ]
            try await GoogleFixture.use(
                login: Self.account(
                    server, source: source, type: "urn:ietf:params:aws:token-type:aws4_request"),
                environment: environment
            ) { fixture in
                #expect(try await fixture.token() == "of-aws")
                let subject = try #require(server.requests.last?.form["subject_token"]).percentDecoded
                let question = try JSONDecoder().decode(Question.self, from: Data(subject.utf8))
                #expect(question.method == "POST")
                #expect(
                    question.url
                        == "https://sts.eu-west-1.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15")
                let headers = Dictionary(
                    question.headers.map { ($0.key.lowercased(), $0.value) }, uniquingKeysWith: { $1 })
                #expect(headers["x-goog-cloud-target-resource"] == "//iam.googleapis.com/pools/p/providers/q")
                #expect(headers["host"] == "sts.eu-west-1.amazonaws.com")
                #expect(headers["x-amz-security-token"] == "session")
                let signature = try #require(headers["authorization"])
                #expect(signature.hasPrefix("AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-1/sts/aws4_request"))
                #expect(signature.contains("x-goog-cloud-target-resource"))
                #expect(!subject.contains("SECRET"))
            }
        }
    }

    private struct Question: Decodable {
        struct Header: Decodable {
            let key: String
            let value: String
        }
        let url: String
        let method: String
        let headers: [Header]
    }

    @Test("a machine of Google's gives its account's tokens, address and project, and is asked as it wants to be")
    func machine() async throws {
        try await TokenServer.use { request in
            guard request.headers["metadata-flavor"] == "Google" else { return .reply(403) }
            let key = request.target.replacing("/computeMetadata/v1/", with: "")
            return switch key {
            case "instance/service-accounts/default/email": .reply(200, body: "machine@p.example\n")
            case "project/project-id": .reply(200, body: "machine-project")
            case _ where key.hasPrefix("instance/service-accounts/default/token?scopes=https%3A%2F%2F"):
                TokenServer.token("machine-token")
            default: .reply(404)
            }
        } _: { server in
            try await GoogleFixture.use(
                environment: ["GCE_METADATA_HOST": "127.0.0.1:\(server.server.port)", "NO_GCE_CHECK": ""]
            ) { fixture in
                #expect(try await fixture.token() == "machine-token")
                let identity = try await fixture.source().identity()
                #expect(identity.account == "machine@p.example")
                #expect(identity.project == "machine-project")
                #expect(identity.source == "the machine's service account (\(server.url))")
                #expect(!FileManager.default.fileExists(atPath: fixture.tokenFolder))
            }
        }
    }

    @Test("a metadata server of another cloud is not taken for Google's", arguments: [false, true])
    func otherCloud(isGoogle: Bool) async throws {
        try await TokenServer.use { request in
            request.target == "/"
                ? .reply(200, headers: isGoogle ? [("Metadata-Flavor", "Google")] : []) : TokenServer.token("x")
        } _: { server in
            try await GoogleFixture.use(
                environment: ["GCE_METADATA_IP": "127.0.0.1:\(server.server.port)", "NO_GCE_CHECK": ""]
            ) { fixture in
                #expect(await fixture.failure().hasPrefix(isGoogle ? "found: x" : "no Google credentials"))
            }
        }
    }
}
