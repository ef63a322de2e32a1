import Glibc
import SkyCore
import SkyHTTP
import SkyTestSupport
import Testing

@testable import SkyAzure

@Suite("The life of Azure's tokens", .timeLimit(.minutes(2)))
struct TokenLifeTests {
    private static let principal = [
        "AZURE_TENANT_ID": "t", "AZURE_CLIENT_ID": "c", "AZURE_CLIENT_SECRET": "hidden-secret",
    ]

    @Test("a token is asked for once for all who want it together, and again five minutes before it ends")
    func renewal() async throws {
        let count = Counter()
        let server = try tokenServer { _ in .token("T-\(count.next())") }
        defer { server.stop() }
        let environment = Self.principal.merging(["AZURE_AUTHORITY_HOST": server.url]) { $1 }
        try await AzureFixture.use(environment) { fixture in
            let account = fixture.account()
            let tokens = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<20 { group.addTask { try await account.token(for: .management).secret.reveal() } }
                var all: Set<String> = []
                for try await token in group { all.insert(token) }
                return all
            }
            #expect(tokens == ["T-1"])
            #expect(server.requests.count == 1)
            let token = try await account.token(for: .management)
            #expect(token.isFresh(at: AzureFixture.now + .seconds(3298)))
            #expect(!token.isFresh(at: AzureFixture.now + .seconds(3299)))
        }
    }

    @Test("tokens are kept for the next command, by identity, and only their user can read them")
    func cache() async throws {
        let count = Counter()
        let server = try tokenServer { _ in .token("T-\(count.next())") }
        defer { server.stop() }
        let environment = Self.principal.merging(["AZURE_AUTHORITY_HOST": server.url]) { $1 }
        try await AzureFixture.use(environment) { fixture in
            func token(_ fixture: AzureFixture, later seconds: Int64 = 0) async throws -> String {
                let account = fixture.account(at: AzureFixture.now + .seconds(seconds), isCached: true)
                return try await account.token(for: .management).secret.reveal()
            }
            #expect(try await token(fixture) == "T-1")
            #expect(try await token(fixture) == "T-1")
            #expect(try await token(fixture, later: 3400) == "T-2")
            var other = fixture
            other.environment["AZURE_CLIENT_SECRET"] = "another"
            #expect(try await token(other) == "T-3")
            let folder = "\(fixture.home)/cache/azure-tokens"
            #expect(mode(folder) == 0o700)
            let names = fileNames(in: folder)
            #expect(names.count == 2)
            for name in names {
                #expect(mode("\(folder)/\(name)") == 0o600)
                let kept = try fixture.read("cache/azure-tokens/\(name)")
                #expect(!kept.contains("hidden-secret"))
            }
            // One that others may read is not believed, and replaced.
            for name in names { chmod("\(folder)/\(name)", 0o644) }
            #expect(try await token(fixture, later: 3400) == "T-4")
        }
    }

    @Test("a token that a service refuses is not given out again")
    func forgotten() async throws {
        let count = Counter()
        let server = try tokenServer { _ in .token("T-\(count.next())") }
        defer { server.stop() }
        let environment = Self.principal.merging(["AZURE_AUTHORITY_HOST": server.url]) { $1 }
        try await AzureFixture.use(environment) { fixture in
            let account = fixture.account(isCached: true)
            let first = try await account.token(for: .management).secret
            await account.forget(first, for: .management)
            #expect(try await account.token(for: .management).secret.reveal() == "T-2")
            await account.forget(first, for: .management)
            #expect(try await account.token(for: .management).secret.reveal() == "T-2")
        }
    }

    @Test("passing trouble of who gives tokens is waited out")
    func trouble() async throws {
        let count = Counter()
        let server = try tokenServer { _ in count.next() < 3 ? .reply(503) : .token("T") }
        defer { server.stop() }
        let environment = Self.principal.merging(["AZURE_AUTHORITY_HOST": server.url]) { $1 }
        try await AzureFixture.use(environment) { fixture in
            let token = try await fixture.account().token(for: .management)
            #expect(token.secret.reveal() == "T")
        }
    }

    @Test("nothing that prints shows a secret")
    func silence() async throws {
        let server = try tokenServer { _ in .token("hidden-token") }
        defer { server.stop() }
        let environment = Self.principal.merging(["AZURE_AUTHORITY_HOST": server.url]) { $1 }
        try await AzureFixture.use(environment) { fixture in
            let account = fixture.account()
            let identity = try await account.identity()
            let token = try await account.token(for: .management)
            for text in [dumped(identity), dumped(token), "\(identity)", "\(token)", String(reflecting: identity)] {
                #expect(!text.contains("hidden"), "\(text)")
            }
            let dead = try tokenServer { _ in .reply(400, body: #"{"error":"x"}"#) }
            defer { dead.stop() }
            var refused = fixture
            refused.environment["AZURE_AUTHORITY_HOST"] = dead.url
            #expect(await !refused.failure().contains("hidden"))
        }
    }

    private func dumped(_ value: some Any) -> String {
        var text = ""
        dump(value, to: &text)
        return text
    }

    private func mode(_ path: String) -> UInt32 {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & 0o777 : 0
    }
}
