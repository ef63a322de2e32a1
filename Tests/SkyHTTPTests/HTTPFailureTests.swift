import SkyCore
import SkyHTTP
import SkyTestSupport
import Testing

@Suite("What goes wrong with a request is told apart", .timeLimit(.minutes(5)))
struct HTTPFailureTests {
    let client = HTTPClient()

    private func failure(of request: HTTPRequest) async -> HTTPError? {
        await #expect(throws: HTTPError.self) { try await client.send(request) }
    }

    @Test("a server that takes too long is a timeout")
    func timeout() async throws {
        // The server outwaits this suite's time limit: had the client no limit of its own, the test would fail by that.
        let server = try LoopbackHTTPServer { _ in [.wait(milliseconds: 600_000), .reply(200)] }
        defer { server.stop() }
        let request = HTTPRequest(.get, server.url + "/slow", timeout: TimeSpan(milliseconds: 150))
        let error = await failure(of: request)
        #expect(error?.kind == .timeout)
        #expect(error?.message.hasPrefix("GET http://127.0.0.1:\(server.port)/slow: ") == true)
    }

    @Test(
        "what a kept connection drops is sent again, unless it must not be heard twice",
        arguments: [(false, 2), (true, 1)])
    func once(_ isOnce: Bool, _ heard: Int) async throws {
        let server = try LoopbackHTTPServer { $0.target == "/keep" ? [.reply(200)] : [.hangUp] }
        defer { server.stop() }
        // The connection of this one is kept.
        _ = try await client.send(HTTPRequest(.get, server.url + "/keep"))
        var request = HTTPRequest(.post, server.url + "/launch", body: .bytes(Array("{}".utf8)))
        request.isOnce = isOnce
        #expect(await failure(of: request)?.kind == .interrupted)
        #expect(server.requests.count { $0.target == "/launch" } == heard)
    }

    @Test("a server that falls silent in its answer is a timeout, however much time is left")
    func stall() async throws {
        let server = try LoopbackHTTPServer { _ in
            [.text("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n123"), .wait(milliseconds: 600_000)]
        }
        defer { server.stop() }
        let request = HTTPRequest(.get, server.url, timeout: nil, stallTimeout: .seconds(1))
        #expect(await failure(of: request)?.kind == .timeout)
    }

    @Test("nobody listening is no connection")
    func refused() async throws {
        let port = try DeafPort()
        #expect(await failure(of: HTTPRequest(.get, "http://127.0.0.1:\(port.number)/"))?.kind == .couldNotConnect)
    }

    @Test("a name that does not exist is no connection")
    func unknownHost() async {
        let request = HTTPRequest(.get, "http://no-such-host.invalid/", timeout: .seconds(5))
        let kind = await failure(of: request)?.kind
        #expect(kind == .couldNotConnect || kind == .timeout)
    }

    @Test("a server that does not speak TLS is no secure connection")
    func tls() async throws {
        let server = try LoopbackHTTPServer { _ in [.reply(200)] }
        defer { server.stop() }
        let request = HTTPRequest(.get, "https://127.0.0.1:\(server.port)/")
        #expect(await failure(of: request)?.kind == .tls)
    }

    @Test(
        "a connection that ends in the middle is interrupted",
        arguments: [
            "", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\n", "HTTP/1.1 100 Continue\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n123",
        ])
    func dropped(text: String) async throws {
        let server = try LoopbackHTTPServer { _ in [.text(text), .hangUp] }
        defer { server.stop() }
        #expect(await failure(of: HTTPRequest(.get, server.url))?.kind == .interrupted)
    }

    @Test("chunks that stop before the last are interrupted")
    func droppedChunks() async throws {
        let server = try LoopbackHTTPServer { _ in
            [.text("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"), .hangUp]
        }
        defer { server.stop() }
        #expect(await failure(of: HTTPRequest(.get, server.url))?.kind == .interrupted)
    }

    @Test("a body over the limit is refused, announced or not", arguments: [true, false])
    func tooLarge(isAnnounced: Bool) async throws {
        let body = String(repeating: "x", count: 2000)
        let server = try LoopbackHTTPServer { _ in
            isAnnounced
                ? [.reply(200, body: body)]
                : [.text("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n\(body)\r\n0\r\n\r\n")]
        }
        defer { server.stop() }
        let error = await failure(of: HTTPRequest(.get, server.url, bodyLimit: DataSize(bytes: 1999)))
        #expect(error?.kind == .tooLarge)
        #expect(error?.message.hasSuffix("the answer is longer than 2.00 KB") == true)
        let response = try await client.send(HTTPRequest(.get, server.url, bodyLimit: DataSize(bytes: 2000)))
        #expect(response.body.count == 2000)
    }

    @Test("cancelling does not wait for the server, and the client goes on")
    func cancel() async throws {
        let server = try LoopbackHTTPServer { request in
            request.target == "/slow" ? [.wait(milliseconds: 600_000)] : [.reply(200, body: "ok")]
        }
        defer { server.stop() }
        for attempt in 1...20 {
            let task = Task { [client] in try await client.send(HTTPRequest(.get, server.url + "/slow")) }
            while server.requests.count < attempt { try await Task.sleep(for: .milliseconds(1)) }
            task.cancel()
            let error = await #expect(throws: HTTPError.self) { try await task.value }
            #expect(error?.kind == .cancelled)
        }
        #expect(try await client.send(HTTPRequest(.get, server.url)).text == "ok")
    }

    @Test("a task that is cancelled already sends nothing for long")
    func cancelledBefore() async throws {
        let server = try LoopbackHTTPServer { _ in [.wait(milliseconds: 600_000)] }
        defer { server.stop() }
        for _ in 0..<200 {
            let task = Task { [client] in try await client.send(HTTPRequest(.get, server.url)) }
            task.cancel()
            let error = await #expect(throws: HTTPError.self) { try await task.value }
            #expect(error?.kind == .cancelled)
        }
    }

    @Test(
        "what is no http or https URL is refused before anything is sent",
        arguments: [
            "", "example.com", "ftp://example.com/", "file:///etc/passwd", "http://", "http://a b/", "http://a\n/",
        ])
    func badURL(url: String) async {
        #expect(await failure(of: HTTPRequest(.get, url))?.kind == .invalidURL)
    }

    @Test(
        "a header that would break out of its line is refused",
        arguments: [("X-A", "a\r\nX-B: b"), ("X A", "a"), ("", "a"), ("X:A", "a"), ("X-A", "a\u{0}b")])
    func badHeader(name: String, value: String) async {
        let request = HTTPRequest(.get, "http://127.0.0.1:1/", headers: HTTPHeaders([.init(name: name, value: value)]))
        #expect(await failure(of: request)?.kind == .invalidRequest)
    }

    @Test(
        "no message repeats a user, a password or a query",
        arguments: [
            "http://user:hunter2@127.0.0.1:1/path?sig=hunter2#hunter2", "ftp://user:hunter2@127.0.0.1/",
            "http://user:hunter2@127.0.0.1:99999/?k=hunter2", "http://u:hunter2@[::1/",
        ])
    func secrets(url: String) async {
        let error = await failure(of: HTTPRequest(.get, url))
        #expect(error?.message.contains("hunter2") == false)
        #expect(error?.message.contains("user") == false)
    }
}
