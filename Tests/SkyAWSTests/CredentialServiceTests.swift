import SkyAWS
import SkyCore
import SkyTestSupport
import Synchronization
import Testing

@Suite("Credentials that a server gives", .timeLimit(.minutes(5)))
struct CredentialServiceTests {
    private static let keys = "[base]\naws_access_key_id = AKBASE\naws_secret_access_key = base-secret\n"
    private static let roleAnswer = """
        <?xml version="1.0"?><R xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
        <AccessKeyId>ASROLE</AccessKeyId><SecretAccessKey>role-secret</SecretAccessKey>
        <SessionToken>role&amp;token</SessionToken><Expiration>2026-01-01T01:00:00Z</Expiration>
        </Credentials></AssumeRoleResult></R>
        """

    private func server(
        _ answer: @escaping @Sendable (LoopbackHTTPServer.Request) -> LoopbackHTTPServer.Step
    ) throws -> LoopbackHTTPServer {
        try LoopbackHTTPServer { [answer($0)] }
    }

    @Test("a role is assumed by its source profile, with a signed request")
    func role() async throws {
        let sts = try server { _ in .reply(200, body: Self.roleAnswer) }
        defer { sts.stop() }
        let config = """
            [profile work]
            role_arn = arn:aws:iam::1:role/w
            source_profile = base
            external_id = ext/1
            role_session_name = me
            duration_seconds = 900
            region = eu-west-1
            """
        let environment = ["AWS_ENDPOINT_URL_STS": sts.url]
        try await CredentialFixture.use(config: config, credentials: Self.keys, environment: environment) { fixture in
            let found = try await fixture.find(profile: "work")
            #expect(found.spelledOut == "ASROLE/role-secret/role&token")
            #expect(found.source.hasPrefix("arn:aws:iam::1:role/w of profile 'work', by profile 'base' in "))
            #expect(found.credentials.expires == Instant(iso8601: "2026-01-01T01:00:00Z"))
            let request = try #require(sts.requests.first)
            #expect(
                String(decoding: request.body, as: UTF8.self)
                    == "Action=AssumeRole&DurationSeconds=900&ExternalId=ext%2F1"
                    + "&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fw&RoleSessionName=me&Version=2011-06-15")
            #expect(
                request.headers["authorization"]?.contains("Credential=AKBASE/20260101/eu-west-1/sts/aws4_request")
                    == true)
        }
    }

    @Test("roles chain, and a profile may be its own source")
    func chain() async throws {
        let sts = try server { _ in .reply(200, body: Self.roleAnswer) }
        defer { sts.stop() }
        let config = """
            [profile far]
            role_arn = arn:far
            source_profile = near
            [profile near]
            role_arn = arn:near
            source_profile = near
            aws_access_key_id = AKNEAR
            aws_secret_access_key = n
            """
        try await CredentialFixture.use(config: config, environment: ["AWS_ENDPOINT_URL_STS": sts.url]) { fixture in
            let found = try await fixture.find(profile: "far")
            #expect(found.credentials.accessKeyID == "ASROLE")
            let signers = sts.requests.map { $0.headers["authorization"]?.prefix(34).suffix(6) ?? "" }
            #expect(signers == ["AKNEAR", "ASROLE"])
            #expect(sts.requests.last?.headers["x-amz-security-token"] == "role&token")
        }
    }

    @Test("a role that may not be had is refused in the service's words, with the request's id")
    func refusedRole() async throws {
        let sts = try server { _ in
            .reply(
                403, headers: [("x-amzn-RequestId", "R-7")],
                body:
                    "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not yours</Message></Error></ErrorResponse>"
            )
        }
        defer { sts.stop() }
        let config = "[profile w]\nrole_arn = arn:r\nsource_profile = base\n"
        let environment = ["AWS_ENDPOINT_URL_STS": sts.url]
        try await CredentialFixture.use(config: config, credentials: Self.keys, environment: environment) { fixture in
            let failure = await fixture.failure(profile: "w")
            #expect(failure == "assuming arn:r: AccessDenied (HTTP 403), not yours, request R-7")
        }
    }

    @Test("a web identity's token is exchanged without a signature")
    func webIdentity() async throws {
        let sts = try server { _ in
            .reply(200, body: Self.roleAnswer.replacing("AssumeRoleResult", with: "AssumeRoleWithWebIdentityResult"))
        }
        defer { sts.stop() }
        let environment = [
            "AWS_ENDPOINT_URL_STS": sts.url, "AWS_ROLE_ARN": "arn:pod", "AWS_WEB_IDENTITY_TOKEN_FILE": "~/token",
        ]
        try await CredentialFixture.use(environment: environment) { fixture in
            #expect(await fixture.failure().contains("~/token"))
            try fixture.write("token", "ey.J.x\n")
            #expect(try await fixture.find().credentials.accessKeyID == "ASROLE")
            let request = try #require(sts.requests.first)
            #expect(request.headers["authorization"] == nil)
            #expect(String(decoding: request.body, as: UTF8.self).hasSuffix("&WebIdentityToken=ey.J.x"))
        }
    }

    @Test("single sign-on gives a role by the login that 'aws sso login' left")
    func singleSignOn() async throws {
        let portal = try server { _ in
            .reply(
                200,
                body: #"{"roleCredentials": {"accessKeyId": "ASSSO", "secretAccessKey": "s", "sessionToken": "t", "#
                    + #""expiration": 1767229200000}}"#)
        }
        defer { portal.stop() }
        let config = """
            [profile sso]
            sso_session = corp
            sso_account_id = 12
            sso_role_name = Dev Ops
            [sso-session corp]
            sso_region = eu-west-1
            sso_start_url = https://corp.example/start
            """
        let login = ".aws/sso/cache/\(Self.sha1OfCorp).json"
        try await CredentialFixture.use(config: config, environment: ["AWS_ENDPOINT_URL_SSO": portal.url]) { fixture in
            #expect(
                await fixture.failure(profile: "sso")
                    == "profile 'sso' signs on by SSO and nobody has logged in: type: aws sso login --profile sso")
            try fixture.write(login, #"{"accessToken": "bearer", "expiresAt": "2025-12-31T23:00:00Z"}"#)
            #expect(await fixture.failure(profile: "sso").contains("ended at 2025-12-31T23:00:00Z"))
            try fixture.write(login, #"{"accessToken": "bearer", "expiresAt": "2026-01-01T08:00:00Z"}"#)
            let found = try await fixture.find(profile: "sso")
            #expect(found.spelledOut == "ASSSO/s/t")
            #expect(found.credentials.expires == CredentialFixture.now + .seconds(3600))
            let request = try #require(portal.requests.first)
            #expect(request.target == "/federation/credentials?account_id=12&role_name=Dev%20Ops")
            #expect(request.headers["x-amz-sso_bearer_token"] == "bearer")
        }
    }

    /// Of `corp`.
    private static let sha1OfCorp = "ee0bfd2552fbd840c02cc48b6e823320543c450f"

    @Test("a container's credentials come with its token, and never in the clear from elsewhere")
    func container() async throws {
        let server = try server { request in
            request.headers["authorization"] == "pass"
                ? .reply(200, body: #"{"AccessKeyId": "ASC", "SecretAccessKey": "c", "Token": "t"}"#) : .reply(401)
        }
        defer { server.stop() }
        try await CredentialFixture.use(
            environment: ["AWS_CONTAINER_CREDENTIALS_FULL_URI": server.url + "/creds"]
        ) { fixture in
            #expect(await fixture.failure().contains("HTTP 401"))
            var allowed = fixture
            allowed.environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "pass"
            #expect(try await allowed.find().spelledOut == "ASC/c/t")
            try fixture.write("pass", "pass\n")
            allowed.environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = nil
            allowed.environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = "\(fixture.home)/pass"
            #expect(try await allowed.find().spelledOut == "ASC/c/t")
            allowed.environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://127.0.0.1.evil.example/creds"
            #expect(await allowed.failure().contains("must be https"))
        }
    }

    @Test("a machine's role is had with a token of its metadata service")
    func instance() async throws {
        let server = try server { request in
            switch request.target {
            case "/latest/api/token" where request.method == "PUT": .reply(200, body: "TOKEN")
            case _ where request.headers["x-aws-ec2-metadata-token"] != "TOKEN": .reply(401)
            case "/latest/meta-data/iam/security-credentials/": .reply(200, body: "role\n")
            case "/latest/meta-data/iam/security-credentials/role":
                .reply(
                    200,
                    body: #"{"Code": "Success", "AccessKeyId": "ASM", "SecretAccessKey": "m", "Token": "t", "#
                        + #""Expiration": "2026-01-01T06:00:00Z"}"#)
            default: .reply(404)
            }
        }
        defer { server.stop() }
        let environment = ["AWS_EC2_METADATA_SERVICE_ENDPOINT": server.url + "/", "AWS_EC2_METADATA_DISABLED": "false"]
        try await CredentialFixture.use(environment: environment) { fixture in
            let found = try await fixture.find()
            #expect(found.spelledOut == "ASM/m/t")
        }
    }

    @Test("credentials are found once for all who ask together, and again before they end")
    func renewal() async throws {
        let count = Count()
        let server = try server { _ in
            let number = count.next()
            let end = number == 1 ? "2026-01-01T00:04:59Z" : "2026-01-01T00:05:01Z"
            return .reply(
                200, body: #"{"AccessKeyId": "AS\#(number)", "SecretAccessKey": "c", "Expiration": "\#(end)"}"#)
        }
        defer { server.stop() }
        let environment = ["AWS_CONTAINER_CREDENTIALS_FULL_URI": server.url + "/creds"]
        try await CredentialFixture.use(environment: environment) { fixture in
            let source = CredentialSource(try fixture.settings())
            let first = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<20 { group.addTask { try await source.credentials().credentials.accessKeyID } }
                var ids: [String] = []
                for try await id in group { ids.append(id) }
                return ids
            }
            #expect(first.contains("AS1"))
            for _ in 0..<5 { #expect(try await source.credentials().credentials.accessKeyID == "AS2") }
            #expect(server.requests.count == 2)
        }
    }

    private final class Count: Sendable {
        private let value = Mutex(0)
        func next() -> Int {
            value.withLock { value in
                value += 1
                return value
            }
        }
    }
}
