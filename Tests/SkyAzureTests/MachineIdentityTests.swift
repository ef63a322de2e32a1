import SkyCore
import SkyHTTP
import SkyTestSupport
import Testing

@testable import SkyAzure

@Suite("Identities that Azure gives machines and services", .timeLimit(.minutes(2)))
struct MachineIdentityTests {
    @Test(
        "a machine's token comes from its metadata service, to whoever sends its header",
        arguments: [nil, "user-assigned"])
    func instanceMetadata(client: String?) async throws {
        let server = try tokenServer { request in
            guard request.headers["metadata"] == "true" else {
                return .reply(
                    400,
                    body: #"{"error":"invalid_request","error_description":"Required metadata header not specified"}"#)
            }
            return .machineToken("M-\(request.fields["client_id"] ?? "own")")
        }
        defer { server.stop() }
        var environment = ["AZURE_POD_IDENTITY_AUTHORITY_HOST": server.url + "/"]
        environment["AZURE_CLIENT_ID"] = client
        try await AzureFixture.use(environment) { fixture in
            let account = fixture.account(isCached: true)
            let token = try await account.token(for: .management)
            #expect(token.secret.reveal() == "M-\(client ?? "own")")
            #expect(token.expires == Instant(millisecondsSince1970: 1_767_311_999_000))
            let request = try #require(server.requests.last)
            #expect(
                request.target.hasPrefix("/metadata/identity/oauth2/token?resource=https%3A%2F%2Fmanagement.azure.com"))
            #expect(request.fields["api-version"] == "2018-02-01")
            // The machine's own service keeps them.
            #expect(fileNames(in: "\(fixture.home)/cache/azure-tokens").isEmpty)
        }
    }

    @Test("a machine without an identity is told so in the service's words")
    func noIdentity() async throws {
        let server = try tokenServer { _ in
            .reply(400, body: #"{"error":"invalid_request","error_description":"Identity not found"}"#)
        }
        defer { server.stop() }
        try await AzureFixture.use(["AZURE_POD_IDENTITY_AUTHORITY_HOST": server.url]) { fixture in
            #expect(
                await fixture.failure()
                    == "the machine's identity (\(server.url)): HTTP 400, invalid_request, Identity not found")
        }
    }

    @Test("elsewhere than in Azure nobody waits for its metadata service")
    func elsewhere() async throws {
        try await AzureFixture.use { fixture in
            let start = ContinuousClock.now
            #expect(await fixture.failure().hasPrefix("no Azure credentials: looked in the environment "))
            #expect(start.duration(to: .now) < .seconds(10))
        }
    }

    @Test("a service's token is had with the header that it was given")
    func appService() async throws {
        let server = try tokenServer { request in
            request.headers["x-identity-header"] == "pass" ? .machineToken("A") : .reply(403)
        }
        defer { server.stop() }
        let environment = [
            "IDENTITY_ENDPOINT": server.url + "/msi/token", "IDENTITY_HEADER": "pass", "AZURE_CLIENT_ID": "c",
        ]
        try await AzureFixture.use(environment) { fixture in
            #expect(try await fixture.account().token(for: .storage).secret.reveal() == "A")
            let fields = try #require(server.requests.first).fields
            #expect(fields == ["resource": "https://storage.azure.com", "client_id": "c", "api-version": "2019-08-01"])
        }
    }

    @Test("Azure Arc's agent wants the key that only its group can read, and gets no other file")
    func arc() async throws {
        try await AzureFixture.use { fixture in
            let home = fixture.home
            let server = try tokenServer { request in
                if request.headers["authorization"] == "Basic arc-key" { return .machineToken("ARC") }
                let name = request.target.contains("storage") ? "\(home)/keys/../secret.key" : "\(home)/keys/one.key"
                return .reply(401, headers: [("WWW-Authenticate", "Basic realm=\(name)")])
            }
            defer { server.stop() }
            var inArc = fixture
            inArc.environment["IDENTITY_ENDPOINT"] = server.url + "/metadata/identity/oauth2/token"
            inArc.environment["IMDS_ENDPOINT"] = server.url
            #expect(await inArc.failure().hasSuffix("the key ~/keys/one.key is not there, or too long"))
            try makeFolder("\(home)/keys")
            try fixture.write("keys/one.key", "arc-key\n")
            try fixture.write("secret.key", "arc-key")
            #expect(try await inArc.account().token(for: .management).secret.reveal() == "ARC")
            await #expect(throws: CredentialFailure.self) { try await inArc.account().token(for: .storage) }
        }
    }

    @Test("Cloud Shell gives the token of whoever sits at it")
    func cloudShell() async throws {
        let server = try tokenServer { $0.headers["metadata"] == "true" ? .machineToken("CS") : .reply(400) }
        defer { server.stop() }
        try await AzureFixture.use(["MSI_ENDPOINT": server.url + "/oauth2/token"]) { fixture in
            let token = try await fixture.account().token(for: .management)
            #expect(token.secret.reveal() == "CS")
            #expect(server.requests.first?.method == "POST")
        }
    }
}
