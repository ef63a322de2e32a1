import CCrypto
import FoundationEssentials
import SkyCore
import SkyHTTP
import SkyTestSupport
import Testing

@testable import SkyAzure

@Suite("Service principals of Azure", .timeLimit(.minutes(2)))
struct ServicePrincipalTests {
    private static let application = ["AZURE_TENANT_ID": "tenant-1", "AZURE_CLIENT_ID": "client-1"]

    @Test("a secret of the environment is exchanged for a token of each service")
    func secret() async throws {
        let server = try tokenServer { .token("T for \($0.fields["scope"] ?? "")") }
        defer { server.stop() }
        let environment = Self.application.merging(
            ["AZURE_CLIENT_SECRET": "s3cr&t", "AZURE_AUTHORITY_HOST": server.url + "/"]) { $1 }
        try await AzureFixture.use(environment) { fixture in
            let account = fixture.account()
            #expect(try await account.source() == "AZURE_CLIENT_SECRET")
            let management = try await account.tokens(for: .management).token()
            #expect(management.reveal() == "T for https://management.azure.com/.default")
            let storage = try await account.tokens(for: .storage).token()
            #expect(storage.reveal() == "T for https://storage.azure.com/.default")
            let request = try #require(server.requests.first)
            #expect(request.target == "/tenant-1/oauth2/v2.0/token")
            #expect(request.fields["grant_type"] == "client_credentials")
            #expect(request.fields["client_id"] == "client-1")
            #expect(request.fields["client_secret"] == "s3cr&t")
            #expect(try await account.token(for: .storage).expires == AzureFixture.now + .seconds(3599))
            #expect(server.requests.count == 2)
        }
    }

    @Test("a certificate's key signs an assertion that names the certificate")
    func certificate() async throws {
        let server = try tokenServer()
        defer { server.stop() }
        let environment = Self.application.merging(
            [
                "AZURE_CLIENT_CERTIFICATE_PATH": "~/id.pem", "AZURE_AUTHORITY_HOST": server.url,
                "AZURE_CLIENT_SEND_CERTIFICATE_CHAIN": "true",
            ]) { $1 }
        try await AzureFixture.use(environment) { fixture in
            #expect(
                await fixture.failure()
                    == "~/id.pem, which AZURE_CLIENT_CERTIFICATE_PATH (~/id.pem) names, is not there")
            let pair = try TestCertificate()
            try fixture.write("id.pem", pair.pem)
            #expect(try await fixture.account().token(for: .management).secret.reveal() == "T-1")
            let fields = try #require(server.requests.first).fields
            #expect(fields["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
            let assertion = try #require(fields["client_assertion"])
            let parts = assertion.split(separator: ".")
            let header = try #require(parts.first.flatMap { Encoding.bytes(base64URL: $0) })
            let thumbprint = Encoding.base64URL(Encoding.sha256(pair.der))
            #expect(
                String(decoding: header, as: UTF8.self)
                    == #"{"alg":"PS256","typ":"JWT","x5c":["\#(Data(pair.der).base64EncodedString())"],"#
                    + #""x5t#S256":"\#(thumbprint)"}"#)
            let claims = try String(decoding: #require(Encoding.bytes(base64URL: parts[1])), as: UTF8.self)
            #expect(claims.contains(#""aud":"\#(server.url)/tenant-1/oauth2/v2.0/token""#))
            #expect(claims.contains(#""iss":"client-1""#) && claims.contains(#""sub":"client-1""#))
            #expect(claims.contains(#""nbf":1767225600"#) && claims.contains(#""exp":1767226200"#))
            let signature = try #require(Encoding.bytes(base64URL: parts[2]))
            #expect(pair.verifies(signature, of: Array(parts[..<2].joined(separator: ".").utf8)))
        }
    }

    @Test("a file that holds no key, or a locked one, is refused without its content", arguments: ["", "wrong"])
    func badCertificate(password: String) async throws {
        let environment = Self.application.merging(
            [
                "AZURE_CLIENT_CERTIFICATE_PATH": "~/id.pem", "AZURE_AUTHORITY_HOST": "https://login.example",
                "AZURE_CLIENT_CERTIFICATE_PASSWORD": password,
            ]) { $1 }
        try await AzureFixture.use(environment) { fixture in
            try fixture.write("id.pem", "TOP SECRET KEY")
            #expect(
                await fixture.failure().hasPrefix("~/id.pem has no certificate: AZURE_CLIENT_CERTIFICATE_PATH must"))
            let pair = try TestCertificate(password: "right")
            try fixture.write("id.pem", pair.pem)
            let failure = await fixture.failure()
            #expect(failure.hasPrefix("~/id.pem has no key that can be read: "))
            var right = fixture
            right.environment["AZURE_CLIENT_CERTIFICATE_PASSWORD"] = "right"
            // The key opens; nobody answers at the address.
            right.environment["AZURE_AUTHORITY_HOST"] = "http://127.0.0.1:9"
            #expect(await right.failure().contains("127.0.0.1:9"))
        }
    }

    @Test("a workload's token file is read anew for each token")
    func workload() async throws {
        let server = try tokenServer { .token("T for \($0.fields["client_assertion"] ?? "")") }
        defer { server.stop() }
        let environment = Self.application.merging(
            ["AZURE_FEDERATED_TOKEN_FILE": "~/token", "AZURE_AUTHORITY_HOST": server.url]) { $1 }
        try await AzureFixture.use(environment) { fixture in
            #expect(await fixture.failure().contains("AZURE_FEDERATED_TOKEN_FILE names, is not there, or empty"))
            let account = fixture.account()
            try fixture.write("token", "ey.J.1\n")
            #expect(try await account.token(for: .management).secret.reveal() == "T for ey.J.1")
            try fixture.write("token", "ey.J.2\n")
            #expect(try await account.token(for: .storage).secret.reveal() == "T for ey.J.2")
        }
    }

    @Test(
        "half of a service principal is said to be half of one",
        arguments: ["AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_FEDERATED_TOKEN_FILE"])
    func half(variable: String) async throws {
        try await AzureFixture.use([variable: "x", "AZURE_TENANT_ID": "t"]) { fixture in
            let failure = await fixture.failure()
            #expect(failure.hasPrefix("\(variable) is set and AZURE_CLIENT_ID is not: set AZURE_TENANT_ID, "))
        }
    }

    @Test(
        "secrets go nowhere in the clear",
        arguments: ["http://login.example", "http://127.0.0.1.login.example", "http://localhost.example"])
    func inTheClear(authority: String) async throws {
        let environment = Self.application.merging(
            ["AZURE_CLIENT_SECRET": "s", "AZURE_AUTHORITY_HOST": authority]) { $1 }
        try await AzureFixture.use(environment) { fixture in
            #expect(await fixture.failure().contains("it must begin with https://"))
        }
    }

    @Test("a refusal is said in the service's first line, with what to type")
    func refusal() async throws {
        let server = try tokenServer { _ in
            .reply(
                401,
                body:
                    #"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided.\r\n"#
                    + #"Trace ID: 1\r\nTimestamp: 2","error_codes":[7000215]}"#)
        }
        defer { server.stop() }
        let environment = Self.application.merging(
            ["AZURE_CLIENT_SECRET": "hidden", "AZURE_AUTHORITY_HOST": server.url]) { $1 }
        try await AzureFixture.use(environment) { fixture in
            #expect(
                await fixture.failure()
                    == "AZURE_CLIENT_SECRET: HTTP 401, invalid_client, AADSTS7000215: Invalid client secret provided.. "
                    + "The secret is wrong or has ended; make another: az ad app credential reset")
            #expect(server.requests.count == 1)
        }
    }
}
