import FoundationEssentials
import Glibc
import SkyCore
import SkyHTTP
import SkyTestSupport
import Synchronization
import Testing

@testable import SkyGoogle

@Suite("Google tokens that are kept", .timeLimit(.minutes(5)))
struct GoogleTokenTests {
    private final class Count: Sendable {
        private let value = Mutex(0)
        func next() -> Int {
            value.withLock { value in
                value += 1
                return value
            }
        }
    }

    /// A home with a login, and a server whose tokens are numbered and last an hour.
    private func use(_ body: (GoogleFixture, TokenServer) async throws -> Void) async throws {
        let count = Count()
        try await TokenServer.use({ _ in TokenServer.token("token-\(count.next())") }) { server in
            let environment = ["CLOUDSDK_AUTH_TOKEN_HOST": "\(server.url)/token"]
            try await GoogleFixture.use(login: GoogleLoginTests.login, environment: environment) {
                try await body($0, server)
            }
        }
    }

    @Test("one is asked for by all who wait together, and again five minutes before its end")
    func renewal() async throws {
        try await use { fixture, server in
            let clock = Clock(fixture.now)
            let source = GoogleTokenSource(
                GoogleSurroundings(
                    environment: fixture.environment, caller: HTTPCaller(), now: { clock.value }))
            let all = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<20 { group.addTask { try await source.token().reveal() } }
                var all: Set<String> = []
                for try await token in group { all.insert(token) }
                return all
            }
            #expect(all == ["token-1"])
            clock.value = fixture.now + .seconds(3299)
            #expect(try await source.token().reveal() == "token-1")
            clock.value = fixture.now + .seconds(3301)
            #expect(try await source.token().reveal() == "token-2")
            #expect(server.requests.count == 2)
        }
    }

    private final class Clock: Sendable {
        private let held: Mutex<Instant>
        init(_ value: Instant) { held = Mutex(value) }
        var value: Instant {
            get { held.withLock { $0 } }
            set { held.withLock { $0 = newValue } }
        }
    }

    @Test("the next command takes it from the disk, where only its owner may read it")
    func disk() async throws {
        try await use { fixture, server in
            #expect(try await fixture.token() == "token-1")
            #expect(try await fixture.token() == "token-1")
            let names = try FileManager.default.contentsOfDirectory(atPath: fixture.tokenFolder)
            let name = try #require(names.first)
            #expect(names.count == 1)
            #expect(try #/google-[0-9a-f]{64}\.json/#.wholeMatch(in: name) != nil)
            #expect(mode(of: "\(fixture.tokenFolder)/\(name)") == 0o600)
            #expect(mode(of: fixture.tokenFolder) == 0o700)
            let content = try String(contentsOfFile: "\(fixture.tokenFolder)/\(name)", encoding: .utf8)
            #expect(!content.contains("SECRET"))
            // Not when it is about to end, nor for somebody else.
            var later = fixture
            later.now = fixture.now + .seconds(3400)
            #expect(try await later.token() == "token-2")
            try fixture.write(
                ".config/gcloud/application_default_credentials.json",
                GoogleLoginTests.login.replacing("SECRET/1", with: "SECRET/2"))
            #expect(try await fixture.token() == "token-3")
            #expect(server.requests.count == 3)
        }
    }

    private func mode(of path: String) -> UInt32 {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & 0o777 : 0
    }

    @Test("one that an API refuses is not used again, also from the disk")
    func forget() async throws {
        try await use { fixture, server in
            let source = fixture.source()
            let token = try await source.token()
            await source.forget(token)
            #expect(try await source.token().reveal() == "token-2")
            #expect(try await fixture.token() == "token-2")
            // Somebody who comes late with the old one changes nothing.
            await source.forget(token)
            #expect(try await source.token().reveal() == "token-2")
            #expect(server.requests.count == 2)
        }
    }

    @Test("a file of tokens that is broken or cannot be written is done without", arguments: [false, true])
    func brokenDisk(isFolderAFile: Bool) async throws {
        try await use { fixture, _ in
            if isFolderAFile {
                try fixture.write("cache", "in the way")
                #expect(try await fixture.token() == "token-1")
            } else {
                _ = try await fixture.token()
                let name = try FileManager.default.contentsOfDirectory(atPath: fixture.tokenFolder)[0]
                try fixture.write("cache/tokens/\(name)", "{")
            }
            #expect(try await fixture.token() == "token-2")
        }
    }

    @Test("trouble that passes is tried again, and what stays is told as no answer")
    func trouble() async throws {
        let count = Count()
        try await TokenServer.use({ _ in count.next() == 1 ? .reply(503) : TokenServer.token("t") }) { server in
            let environment = ["CLOUDSDK_AUTH_TOKEN_HOST": "\(server.url)/token"]
            try await GoogleFixture.use(login: GoogleLoginTests.login, environment: environment) { fixture in
                let token = try await fixture.token()
                #expect(token == "t")
                #expect(server.requests.count == 2)
            }
        }
        try await GoogleFixture.use(
            login: GoogleLoginTests.login, environment: ["CLOUDSDK_AUTH_TOKEN_HOST": "http://127.0.0.1:1/token"]
        ) { fixture in
            do {
                _ = try await fixture.token()
                Issue.record("there is nobody who could have given one")
            } catch let error as CredentialFailure {
                #expect(error.kind == .noAnswer)
            }
        }
    }

    @Test("nothing that prints a credential or what holds it shows a secret", arguments: secretive)
    func silence(content: String) async throws {
        let credential = try CredentialReader.read(Array(content.utf8), from: "f")
        let found = GoogleTokenSource.Found(
            token: GoogleToken(secret: Secret("token-SECRET"), expires: GoogleFixture.start), credential: credential,
            source: "f")
        var dumped = ""
        dump(found, to: &dumped)
        for text in [dumped, "\(found)", String(reflecting: found), "\(credential)"] {
            #expect(!text.contains("SECRET"), "\(text)")
        }
    }

    private static let secretive = [
        GoogleLoginTests.login,
        GoogleLoginTests.serviceAccount("SECRET", tokenURL: "u"),
        #"{"type": "external_account_authorized_user", "token_url": "u", "client_id": "c", "client_secret": "SECRET", "#
            + #""refresh_token": "SECRET"}"#,
        #"{"type": "external_account", "audience": "a", "subject_token_type": "t", "token_url": "u", "#
            + #""client_secret": "SECRET", "credential_source": {"url": "u", "headers": {"Authorization": "SECRET"}}}"#,
        #"{"type": "external_account", "audience": "a", "subject_token_type": "t", "token_url": "u", "#
            + #""credential_source": {"executable": {"command": "/bin/x SECRET"}}}"#,
        #"{"type": "impersonated_service_account", "service_account_impersonation_url": "u", "#
            + #""source_credentials": \#(GoogleLoginTests.login)}"#,
    ]
}
