import SkyCore
import SkyHTTP
import SkyTestSupport
import Testing

@Suite("An HTTP client against a real server", .timeLimit(.minutes(5)))
struct HTTPClientTests {
    let client = HTTPClient()

    @Test("every method arrives as itself, with its body", arguments: HTTPRequest.Method.allCases)
    func methods(method: HTTPRequest.Method) async throws {
        let server = try LoopbackHTTPServer { request in
            [.reply(200, body: request.method == "HEAD" ? "" : "\(request.method) \(request.body.count)")]
        }
        defer { server.stop() }
        let carriesBody = [.post, .put, .patch].contains(method)
        let response = try await client.send(
            HTTPRequest(method, server.url + "/a", body: carriesBody ? .bytes([0, 1, 2]) : nil))
        #expect(response.status == 200)
        #expect(response.text == (method == .head ? "" : "\(method.rawValue) \(carriesBody ? 3 : 0)"))
        #expect(server.requests.map(\.body) == [carriesBody ? [0, 1, 2] : []])
    }

    @Test("a HEAD returns at once with the headers of a body that never comes")
    func head() async throws {
        let server = try LoopbackHTTPServer { _ in
            [.text("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nETag: \"x\"\r\n\r\n")]
        }
        defer { server.stop() }
        let response = try await client.send(HTTPRequest(.head, server.url))
        #expect(response.headers["content-length"] == "1000")
        #expect(response.headers["etag"] == "\"x\"")
        #expect(response.body.isEmpty)
    }

    @Test("headers go out as given and come back under any case, repeated ones all")
    func headers() async throws {
        let server = try LoopbackHTTPServer { _ in
            [.reply(200, headers: [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-Empty", "")])]
        }
        defer { server.stop() }
        let headers: HTTPHeaders = ["Authorization": "Bearer t", "X-None": "", "Content-Type": "application/json"]
        let response = try await client.send(
            HTTPRequest(.post, server.url, headers: headers, body: .bytes(Array("{}".utf8))))
        #expect(response.headers.fields.filter { $0.name == "Set-Cookie" }.map(\.value) == ["a=1", "b=2"])
        #expect(response.headers["x-EMPTY"] == "")
        #expect(response.headers["absent"] == nil)
        let sent = try #require(server.requests.first).headers
        #expect(sent["authorization"] == "Bearer t")
        #expect(sent["x-none"] == "")
        #expect(sent["content-type"] == "application/json")
        #expect(sent["expect"] == nil)
    }

    @Test("a body says what it is, and an empty POST says that it is empty")
    func bodyDefaults() async throws {
        let server = try LoopbackHTTPServer { _ in [.reply(204)] }
        defer { server.stop() }
        _ = try await client.send(HTTPRequest(.post, server.url, body: .bytes([1])))
        _ = try await client.send(HTTPRequest(.post, server.url))
        _ = try await client.send(HTTPRequest(.put, server.url, body: .bytes([])))
        #expect(server.requests[0].headers["content-type"] == "application/octet-stream")
        #expect(server.requests.dropFirst().map { $0.headers["content-length"] } == ["0", "0"])
    }

    @Test("a bad status is an answer with its body", arguments: [400, 404, 429, 500, 503])
    func badStatus(status: Int) async throws {
        let server = try LoopbackHTTPServer { _ in [.reply(status, headers: [("Retry-After", "7")], body: "no")] }
        defer { server.stop() }
        let response = try await client.send(HTTPRequest(.get, server.url))
        #expect(response.status == status && response.text == "no" && !response.isSuccess)
        #expect(response.headers["Retry-After"] == "7")
    }

    @Test("path and query arrive byte for byte")
    func target() async throws {
        let server = try LoopbackHTTPServer { _ in [.reply(200)] }
        defer { server.stop() }
        _ = try await client.send(HTTPRequest(.get, server.url + "/a/../b/%2e/c//d?x=%20&y=/../z"))
        #expect(server.requests.map(\.target) == ["/a/../b/%2e/c//d?x=%20&y=/../z"])
    }

    @Test("a redirect is an answer, unless it is to be followed")
    func redirect() async throws {
        let server = try LoopbackHTTPServer { request in
            request.target == "/old"
                ? [.reply(302, headers: [("Location", "/new"), ("X-Step", "1")], body: "moved")]
                : [.reply(200, body: "here")]
        }
        defer { server.stop() }
        let plain = try await client.send(HTTPRequest(.get, server.url + "/old"))
        #expect(plain.status == 302 && plain.headers["location"] == "/new" && plain.text == "moved")
        #expect(server.requests.count == 1)
        let followed = try await client.send(HTTPRequest(.get, server.url + "/old", followsRedirects: true))
        #expect(followed.status == 200 && followed.text == "here" && followed.headers["X-Step"] == nil)
    }

    @Test("a redirect never leads to a file, nor round in circles")
    func badRedirects() async throws {
        let server = try LoopbackHTTPServer { request in
            [.reply(302, headers: [("Location", request.target == "/file" ? "file:///etc/passwd" : "/loop")])]
        }
        defer { server.stop() }
        for path in ["/file", "/loop"] {
            let request = HTTPRequest(.get, server.url + path, followsRedirects: true)
            let error = await #expect(throws: HTTPError.self) { try await client.send(request) }
            #expect(error?.kind == (path == "/file" ? .invalidURL : .badResponse))
        }
    }

    @Test("an answer in chunks is put together")
    func chunked() async throws {
        let server = try LoopbackHTTPServer { _ in
            [
                .text("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"), .wait(milliseconds: 20),
                .text("7;x=y\r\n, world\r\n0\r\n\r\n"),
            ]
        }
        defer { server.stop() }
        let response = try await client.send(HTTPRequest(.get, server.url))
        #expect(response.text == "hello, world")
    }

    @Test("fifty requests at once each get their own answer, over connections that are used again")
    func concurrent() async throws {
        let server = try LoopbackHTTPServer { request in
            [.wait(milliseconds: 20), .reply(200, body: request.target)]
        }
        defer { server.stop() }
        for _ in 0..<2 {
            let answers = await withTaskGroup(of: (Int, String?).self) { group in
                for index in 0..<50 {
                    group.addTask { [client] in
                        (index, try? await client.send(HTTPRequest(.get, "\(server.url)/\(index)")).text)
                    }
                }
                var answers: [Int: String?] = [:]
                for await (index, text) in group { answers[index] = text }
                return answers
            }
            #expect(answers.count == 50)
            for (index, text) in answers { #expect(text == "/\(index)") }
        }
    }
}
