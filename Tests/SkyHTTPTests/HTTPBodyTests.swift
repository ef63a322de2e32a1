import FoundationEssentials
import SkyHTTP
import SkyTestSupport
import Testing

@Suite("Bodies that are parts of files", .timeLimit(.minutes(5)))
struct HTTPBodyTests {
    let client = HTTPClient()
    private static let content = (0..<700_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }

    private func withFile(_ body: (String) async throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            try Data(Self.content).write(to: URL(filePath: "\(folder)/f"))
            try await body("\(folder)/f")
        }
    }

    @Test("a part of a file is sent as it is", arguments: [(0, 700_000), (1, 699_998), (650_000, 50_000), (5, 0)])
    func upload(offset: Int, count: Int) async throws {
        let server = try LoopbackHTTPServer { _ in [.reply(200)] }
        defer { server.stop() }
        try await withFile { path in
            let body = HTTPRequest.Body.file(path: path, offset: Int64(offset), count: Int64(count))
            let response = try await client.send(HTTPRequest(.put, server.url, body: body))
            #expect(response.status == 200)
            let got = try #require(server.requests.first)
            #expect(got.method == "PUT")
            #expect(got.headers["content-length"] == "\(count)")
            #expect(got.headers["content-type"] == "application/octet-stream")
            #expect(got.body == Array(Self.content[offset..<offset + count]))
        }
    }

    @Test("a connection that has died is replaced, and the body begins again")
    func deadConnection() async throws {
        // The second request finds the first one's connection closed by the server.
        let server = try LoopbackHTTPServer { request in
            request.target == "/first" ? [.reply(200), .hangUp] : [.reply(200)]
        }
        defer { server.stop() }
        try await withFile { path in
            let body = HTTPRequest.Body.file(path: path, offset: 100, count: 600_000)
            _ = try await client.send(HTTPRequest(.put, server.url + "/first", body: body))
            _ = try await client.send(HTTPRequest(.put, server.url + "/second", body: body))
            #expect(server.requests.last?.body == Array(Self.content[100..<600_100]))
        }
    }

    @Test("a file that is shorter than what is to be sent, or not there, is said")
    func shortFile() async throws {
        let server = try LoopbackHTTPServer { _ in [.reply(200)] }
        defer { server.stop() }
        try await withFile { path in
            for (path, count) in [(path, Int64(700_001)), ("\(path).none", 1)] {
                let body = HTTPRequest.Body.file(path: path, offset: 0, count: count)
                let error = await #expect(throws: HTTPError.self) {
                    try await client.send(HTTPRequest(.put, server.url, body: body))
                }
                #expect(error?.kind == .file)
                #expect(error?.message.contains(path) == true)
            }
        }
    }

    @Test("parts of a resource come into their places side by side")
    func parts() async throws {
        let server = try LoopbackHTTPServer { request in
            let bounds = (request.headers["range"] ?? "").dropFirst(6).split(separator: "-").compactMap { Int($0) }
            let range = "bytes \(bounds[0])-\(bounds[1])/\(Self.content.count)"
            return [.reply(206, headers: [("Content-Range", range)], bytes: Array(Self.content[bounds[0]...bounds[1]]))]
        }
        defer { server.stop() }
        try await withTemporaryFolder { folder in
            let path = "\(folder)/f"
            try Data().write(to: URL(filePath: path))
            let request = HTTPRequest(.get, server.url)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for start in stride(from: Int64(0), to: 700_000, by: 100_000) {
                    group.addTask { [client] in
                        let part = start..<start + 100_000
                        let response = try await client.fetch(request, part: part, into: path)
                        #expect(response.status == 206)
                    }
                }
                try await group.waitForAll()
            }
            #expect(try Data(contentsOf: URL(filePath: path)) == Data(Self.content))
        }
    }

    @Test(
        "another part than the one asked for is refused",
        arguments: [
            LoopbackHTTPServer.Step.reply(200, body: "0123456789"),
            .reply(206, headers: [("Content-Range", "bytes 0-3/10")], body: "0123"),
            .reply(206, headers: [("Content-Range", "bytes 4-6/10")], body: "456"),
            .reply(206, headers: [("Content-Range", "bytes 4-8/10")], body: "45678"),
        ])
    func wrongPart(step: LoopbackHTTPServer.Step) async throws {
        let server = try LoopbackHTTPServer { _ in [step] }
        defer { server.stop() }
        try await withFile { path in
            let error = await #expect(throws: HTTPError.self) {
                try await client.fetch(HTTPRequest(.get, server.url), part: 4..<8, into: path)
            }
            #expect(error?.kind == .badResponse)
        }
    }

    @Test("a refusal is an answer, and leaves the file alone")
    func refusal() async throws {
        let server = try LoopbackHTTPServer { _ in [.reply(403, headers: [("x-amz-request-id", "R1")], body: "no")] }
        defer { server.stop() }
        try await withFile { path in
            let response = try await client.fetch(HTTPRequest(.get, server.url), part: 4..<8, into: path)
            #expect(response.status == 403)
            #expect(response.body == Array("no".utf8))
            #expect(response.requestID == "R1")
            #expect(try Data(contentsOf: URL(filePath: path)) == Data(Self.content))
        }
    }
}
