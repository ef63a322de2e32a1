import SkyCore
import SkyHTTP
import SkyTestSupport
import Testing

@testable import SkyAzure

@Suite("The login of Azure's command line", .timeLimit(.minutes(2)))
struct CommandLineLoginTests {
    /// With the byte order mark that the real one has.
    private static func profile(type: String = "user", environment: String = "AzureCloud") -> String {
        "\u{feff}" + """
            {"installationId": "i", "subscriptions": [
              {"id": "SUB-0", "name": "Other", "state": "Enabled", "user": {"name": "no@b.example", "type": "user"},
               "isDefault": false, "tenantId": "ten-0", "environmentName": "\(environment)"},
              {"id": "SUB-1", "name": "Work", "state": "Enabled", "user": {"name": "Me@corp.example", "type": "\(type)"},
               "isDefault": true, "tenantId": "ten-1", "environmentName": "\(environment)"}]}
            """
    }

    private static let logins = """
        {"AccessToken": {}, "IdToken": {}, "AppMetadata": {},
         "Account": {"a": {"home_account_id": "u.t", "environment": "login.microsoftonline.com", "realm": "ten-1",
                           "local_account_id": "u", "username": "me@corp.example", "authority_type": "MSSTS"}},
         "RefreshToken": {
           "r0": {"home_account_id": "u.t", "client_id": "another", "secret": "RT-other", "credential_type": "RefreshToken"},
           "r1": {"home_account_id": "u.t", "client_id": "04b07795-8ddb-461a-bbee-02f9e1bf7b46", "secret": "RT-1",
                  "target": "https://management.core.windows.net//.default", "credential_type": "RefreshToken"}}}
        """

    @Test("the token that 'az login' left gives others, and its file stays as it is")
    func user() async throws {
        let server = try tokenServer()
        defer { server.stop() }
        try await AzureFixture.use(["AZURE_AUTHORITY_HOST": server.url]) { fixture in
            try fixture.write(".azure/azureProfile.json", Self.profile())
            #expect(
                await fixture.failure()
                    == "'Me@corp.example' has logged in by Azure's command line, and the login is not in "
                    + "~/.azure/msal_token_cache.json, where it can be read. Type: az login")
            try fixture.write(".azure/msal_token_cache.json", Self.logins)
            let account = fixture.account()
            #expect(try await account.token(for: .management).secret.reveal() == "T-1")
            #expect(try await account.source() == "the login of 'Me@corp.example' in \(fixture.home)/.azure")
            let request = try #require(server.requests.first)
            #expect(request.target == "/ten-1/oauth2/v2.0/token")
            #expect(request.fields["refresh_token"] == "RT-1")
            #expect(request.fields["grant_type"] == "refresh_token")
            #expect(request.fields["client_id"] == CommandLineLogin.client)
            #expect(try fixture.read(".azure/msal_token_cache.json") == Self.logins)
        }
    }

    @Test("another folder of the command line, and another Azure, are where it says")
    func elsewhere() async throws {
        try await AzureFixture.use(["AZURE_CONFIG_DIR": "~/work"]) { fixture in
            try makeFolder("\(fixture.home)/work")
            try fixture.write("work/azureProfile.json", Self.profile(environment: "AzureUSGovernment"))
            try fixture.write("work/msal_token_cache.json", Self.logins)
            #expect(try await fixture.account().endpoints() == .usGovernment)
        }
    }

    @Test("a service principal that logged in there is used with the secret that it left")
    func servicePrincipal() async throws {
        let server = try tokenServer()
        defer { server.stop() }
        try await AzureFixture.use(["AZURE_AUTHORITY_HOST": server.url]) { fixture in
            try fixture.write(".azure/azureProfile.json", Self.profile(type: "servicePrincipal"))
            #expect(await fixture.failure().contains("its secret is not in ~/.azure/service_principal_entries.json"))
            try fixture.write(
                ".azure/service_principal_entries.json",
                #"[{"client_id": "Me@corp.example", "tenant": "ten-1", "client_secret": "SP-1"}]"#)
            #expect(try await fixture.account().token(for: .management).secret.reveal() == "T-1")
            #expect(server.requests.first?.fields["client_secret"] == "SP-1")
        }
    }

    @Test("what is broken there is said with its file and nothing of its content")
    func broken() async throws {
        try await AzureFixture.use { fixture in
            try fixture.write(".azure/azureProfile.json", Self.profile())
            try fixture.write(".azure/msal_token_cache.json", #"{"RefreshToken": {"r": "RT-1"}}"#)
            #expect(
                await fixture.failure()
                    == "~/.azure/msal_token_cache.json: what it gives is not the JSON that was expected")
        }
    }
}
