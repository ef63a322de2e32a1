import FoundationEssentials
import SkyCore
import SkyHTTP
import SkyTestSupport
import Synchronization
import Testing

@Suite("A download into a file", .timeLimit(.minutes(5)))
struct HTTPDownloadTests {
    let client = HTTPClient()

    private static let content = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }

    /// Serves `content` with ranges, and the first `cut` bytes of an answer before it hangs up.
    private func server(cut: Int? = nil, etag: String = "\"v1\"") throws -> LoopbackHTTPServer {
        try LoopbackHTTPServer { request in
            let all = Self.content
            let isCurrent = request.headers["if-range"].map { $0 == etag } ?? true
            guard isCurrent, let range = request.headers["range"], let start = Int(range.dropFirst(6).dropLast()) else {
                let head = LoopbackHTTPServer.Step.head(
                    200, headers: [("Content-Length", "\(all.count)"), ("ETag", etag)])
                return [.send(head + all.prefix(cut ?? all.count))] + (cut == nil ? [] : [.hangUp])
            }
            guard start < all.count else {
                return [.reply(416, headers: [("Content-Range", "bytes */\(all.count)")])]
            }
            let part = [("Content-Range", "bytes \(start)-\(all.count - 1)/\(all.count)")]
            return [.reply(206, headers: part, bytes: Array(all[start...]))]
        }
    }

    private func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path))) }

    @Test("the whole file arrives, and progress only grows up to the total")
    func whole() async throws {
        try await withTemporaryFolder { folder in
            let server = try server()
            defer { server.stop() }
            let seen = Seen()
            let download = try await client.download(HTTPRequest(.get, server.url), to: folder + "/f") { seen.add($0) }
            #expect(download.size.bytes == 300_000 && download.resumedAt == .zero && download.isComplete)
            #expect(try bytes(folder + "/f") == Self.content)
            let steps = seen.all
            #expect(steps.map(\.received) == steps.map(\.received).sorted())
            #expect(steps.last?.received.bytes == 300_000)
            #expect(steps.allSatisfy { $0.total?.bytes == 300_000 })
        }
    }

    @Test("a download that was cut off goes on at its byte")
    func resume() async throws {
        try await withTemporaryFolder { folder in
            let server = try server(cut: 123_456)
            defer { server.stop() }
            let request = HTTPRequest(.get, server.url)
            let error = await #expect(throws: HTTPError.self) { try await client.download(request, to: folder + "/f") }
            #expect(error?.kind == .interrupted)
            let had = try bytes(folder + "/f").count
            #expect(had > 0 && had <= 123_456)
            let seen = Seen()
            let rest = try await client.download(
                request, to: folder + "/f", from: DataSize(bytes: Int64(had)), validator: "\"v1\""
            ) { seen.add($0) }
            #expect(rest.response.status == 206 && rest.resumedAt.bytes == Int64(had))
            #expect(try bytes(folder + "/f") == Self.content)
            #expect(server.requests.last?.headers["range"] == "bytes=\(had)-")
            #expect(seen.all.allSatisfy { $0.total?.bytes == 300_000 && $0.received.bytes > Int64(had) })
        }
    }

    @Test("a resource that has changed is taken anew")
    func changed() async throws {
        try await withTemporaryFolder { folder in
            let server = try server(etag: "\"v2\"")
            defer { server.stop() }
            try Data(repeating: 7, count: 1000).write(to: URL(filePath: folder + "/f"))
            let download = try await client.download(
                HTTPRequest(.get, server.url), to: folder + "/f", from: DataSize(bytes: 1000), validator: "\"v1\"")
            #expect(download.response.status == 200 && download.resumedAt == .zero)
            #expect(try bytes(folder + "/f") == Self.content)
        }
    }

    @Test("when nothing is left to send, the file is whole")
    func nothingLeft() async throws {
        try await withTemporaryFolder { folder in
            let server = try server()
            defer { server.stop() }
            try Data(Self.content).write(to: URL(filePath: folder + "/f"))
            let download = try await client.download(
                HTTPRequest(.get, server.url), to: folder + "/f", from: DataSize(bytes: 300_000))
            #expect(download.response.status == 416 && download.isComplete && download.size.bytes == 300_000)
            #expect(try bytes(folder + "/f") == Self.content)
        }
    }

    @Test("an answer that is no success touches no file, and its words come along")
    func notFound() async throws {
        try await withTemporaryFolder { folder in
            let server = try LoopbackHTTPServer { _ in [.reply(404, body: "no such key")] }
            defer { server.stop() }
            let download = try await client.download(HTTPRequest(.get, server.url), to: folder + "/f")
            #expect(download.response.status == 404 && download.response.text == "no such key")
            #expect(!download.isComplete)
            #expect(!FileManager.default.fileExists(atPath: folder + "/f"))
        }
    }

    @Test("an empty resource is an empty file")
    func empty() async throws {
        try await withTemporaryFolder { folder in
            let server = try LoopbackHTTPServer { _ in [.reply(200)] }
            defer { server.stop() }
            let download = try await client.download(HTTPRequest(.get, server.url), to: folder + "/f")
            #expect(download.isComplete && download.size == .zero)
            #expect(try bytes(folder + "/f").isEmpty)
        }
    }

    @Test("another part than the one asked for is refused, and a missing beginning noticed")
    func wrongPart() async throws {
        try await withTemporaryFolder { folder in
            let server = try LoopbackHTTPServer { _ in
                [.reply(206, headers: [("Content-Range", "bytes 5-9/10")], body: "56789")]
            }
            defer { server.stop() }
            for (offset, kind) in [(Int64(4), HTTPError.Kind.badResponse), (5, .file)] {
                let error = await #expect(throws: HTTPError.self) {
                    try await client.download(
                        HTTPRequest(.get, server.url), to: folder + "/f", from: DataSize(bytes: offset))
                }
                #expect(error?.kind == kind)
            }
        }
    }

    @Test("a place that cannot be written is a file error")
    func unwritable() async throws {
        let server = try server()
        defer { server.stop() }
        let error = await #expect(throws: HTTPError.self) {
            try await client.download(HTTPRequest(.get, server.url), to: "/proc/no/such/file")
        }
        #expect(error?.kind == .file)
    }
}

private final class Seen: Sendable {
    private let steps = Mutex<[HTTPProgress]>([])
    var all: [HTTPProgress] { steps.withLock { $0 } }
    func add(_ step: HTTPProgress) { steps.withLock { $0.append(step) } }
}
