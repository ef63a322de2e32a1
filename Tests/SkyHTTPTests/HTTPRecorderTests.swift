import FoundationEssentials
import SkyCore
import SkyProcess
import SkyTestSupport
import Testing

@testable import SkyHTTP

@Suite("Recordings of what is said over HTTP", .timeLimit(.minutes(1)))
struct HTTPRecorderTests {
    private static let secret = "s3cr3t"

    /// Everything that a secret may be in.
    private static let requests: [HTTPRequest] = [
        HTTPRequest(.get, "/a?page=2&X-Amz-Signature=s3cr3t&sig=s3cr3t", headers: ["Authorization": "Bearer s3cr3t"]),
        HTTPRequest(.get, "/b", headers: ["api_key": "s3cr3t", "X-Api-Key": "s3cr3t", "Accept": "application/json"]),
        HTTPRequest(
            .post, "/c", headers: ["Content-Type": "application/json"],
            body: .bytes(
                Array(
                    #"{"client_secret": "s3cr3t", "name": "n", "env": {"HF_TOKEN": "s3cr3t", "SKY_TOKEN": "t-1"}}"#.utf8
                ))),
        HTTPRequest(
            .post, "/d", headers: ["Content-Type": "application/x-www-form-urlencoded"],
            body: .bytes(Array("Action=AssumeRole&password=s3cr3t".utf8))),
    ]

    private static let answer = #"""
        {"access_token": "s3cr3t", "items": [{"id": 7, "jupyter_token": "s3cr3t"}], "next": null}
        """#
    private static let xml = """
        <Result><Credentials><SecretAccessKey>s3cr3t</SecretAccessKey><SessionToken a="b">s3cr3t</SessionToken>
        <Expiration>2026</Expiration></Credentials></Result>
        """

    @Test("no secret is written down, and what is written down answers again")
    func recorded() async throws {
        try await withTemporaryFolder { folder in
            let server = try LoopbackHTTPServer { request in
                request.target == "/d"
                    ? [
                        .reply(
                            200, headers: [("Content-Type", "text/xml"), ("Set-Cookie", "id=s3cr3t")], body: Self.xml)
                    ]
                    : [.reply(200, headers: [("Content-Type", "application/json")], body: Self.answer)]
            }
            defer { server.stop() }
            let recorder = try HTTPRecorder(folder: "\(folder)/recording")
            let client = HTTPClient(recorder: recorder)
            for var request in Self.requests {
                request.url = server.url + request.url
                _ = try await client.send(request)
            }
            let bytes = try #require(try Files.read(recorder.path))
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(!text.contains(Self.secret), "\(text)")
            #expect(text.contains("t-1") && text.contains("2026") && text.contains("page=2"))

            let replay = try HTTPReplay(bytes)
            let again = HTTPClient(replaying: replay)
            // In another order, from another host, with another secret.
            for var request in Self.requests.reversed() {
                request.url = "https://elsewhere.example.com" + request.url.replacing("s3cr3t", with: "other")
                let answer = try await again.send(request)
                #expect(answer.status == 200 && answer.text.contains(request.url.hasSuffix("/d") ? "2026" : "items"))
            }
            #expect(replay.unused == [])
            let failure = await #expect(throws: HTTPError.self) {
                _ = try await again.send(HTTPRequest(.get, "https://elsewhere.example.com/a"))
            }
            #expect(failure?.message.contains("nothing like that is left") == true)
        }
    }

    @Test("a failure is recorded too, and fails again")
    func failed() async throws {
        try await withTemporaryFolder { folder in
            let port = try DeafPort()
            let recorder = try HTTPRecorder(folder: folder)
            let request = HTTPRequest(.get, "http://127.0.0.1:\(port.number)/x", connectTimeout: .seconds(1))
            let client = HTTPClient(recorder: recorder)
            await #expect(throws: HTTPError.self) { _ = try await client.send(request) }
            let again = HTTPClient(replaying: try HTTPReplay(try Files.read(recorder.path) ?? []))
            let failure = await #expect(throws: HTTPError.self) { _ = try await again.send(request) }
            #expect(failure?.message.contains("couldNotConnect") == true)
        }
    }

    @Test("what is no text is measured, not kept")
    func binary() throws {
        let request = HTTPRequest(.put, "http://h/x", body: .bytes([0xFF, 0xFE, 0x00]))
        let exchange = HTTPExchange(request, .success(HTTPResponse(status: 204)))
        #expect(exchange.request.body == HTTPExchange.Body(size: 3))
    }

    @Test(
        "user and password go from a URL, and its place stays",
        arguments: [
            ("https://me:s3cr3t@h/p?q=1", "https://(secret)@h/p?q=1"), ("https://h/p", "https://h/p"),
            ("https://h?token=x&a", "https://h?token=(secret)&a"), ("/p?key=x", "/p?key=(secret)"),
        ])
    func urls(_ url: String, _ expected: String) { #expect(SecretScrubber.url(url) == expected) }
}
